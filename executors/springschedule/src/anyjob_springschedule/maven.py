"""Jars of others, by Maven: for the application of the conformance suite."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import Final

from anyjob.errors import WorkerError

__all__ = ["NoMaven", "NotResolved", "classpaths", "first_error"]

_PATIENCE: Final = 600.0
_GOAL: Final = "dependency:build-classpath"
_OUT: Final = "anyjob.classpath"


class NoMaven(WorkerError):
    """Maven is not on the PATH."""

    def __init__(self) -> None:
        super().__init__(
            "This machine has no Maven, which fetches Spring Boot for the sample application. Install mvn."
        )


class NotResolved(WorkerError):
    """Maven did not find what a pom names."""

    def __init__(self, pom: Path, said: str) -> None:
        self.pom, self.said = pom, said
        super().__init__(f"Maven could not resolve {pom}: {said}. Give it a repository that has it (settings.xml).")


def classpaths(folder: Path) -> dict[str, list[Path]]:
    """The jars of each pom below `folder`, by its folder's name there ("." for the folder's own): from the local
    repository, else fetched once. Blocks, 3 seconds to minutes.

    Raises NoMaven, NotResolved.
    """
    mvn = shutil.which("mvn")
    if mvn is None:
        raise NoMaven
    with tempfile.TemporaryDirectory(prefix="anyjob-maven-") as scratch:
        poms = [pom.relative_to(folder) for pom in sorted(folder.rglob("pom.xml"))]
        for pom in poms:
            Path(scratch, pom).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(folder / pom, Path(scratch, pom))
        said = b""
        for more in (["-o"], []):
            done = subprocess.run(
                [mvn, "-q", "-B", f"-Dmdep.outputFile={_OUT}", _GOAL, *more],
                cwd=scratch,
                capture_output=True,
                stdin=subprocess.DEVNULL,
                timeout=_PATIENCE,
                check=False,
                env={**os.environ, "LC_ALL": "C.UTF-8"},
            )
            said = done.stdout + done.stderr
            if done.returncode == 0:
                found = {str(pom.parent): Path(scratch, pom).with_name(_OUT) for pom in poms}
                return {name: _jars(out) for name, out in found.items() if out.is_file()}
    raise NotResolved(folder / "pom.xml", first_error(said))


def _jars(out: Path) -> list[Path]:
    return [Path(jar) for jar in out.read_text().strip().split(os.pathsep) if jar]


def first_error(said: bytes) -> str:
    """The line that tells most of what Maven printed, at most 500 characters."""
    lines = [line.strip() for line in said.decode(errors="replace").splitlines() if line.strip()]
    errors = [line for line in lines if line.startswith("[ERROR]")]
    return (errors or lines or ["it said nothing"])[0][:500]
