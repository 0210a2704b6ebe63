"""Real executors of several versions, from Maven, and a demo compiled for them."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from pathlib import Path

import pytest

HERE = Path(__file__).parent
VERSIONS = ("2.4.0", "2.5.0", "3.1.1", "3.3.2")


class NotResolved(Exception):
    """Maven has not found what the poms name."""


def resolve() -> dict[str, list[Path]]:
    """The jars of each version: from the local repository, else fetched once."""
    said = b""
    with tempfile.TemporaryDirectory(prefix="anyjob-xxljob-") as scratch:
        shutil.copytree(HERE / "versions", scratch, dirs_exist_ok=True)
        for more in (["-o"], []):
            command = ["mvn", "-q", "-B", "-Dmdep.outputFile=classpath", "dependency:build-classpath", *more]
            env = {**os.environ, "LC_ALL": "C.UTF-8"}
            done = subprocess.run(command, cwd=scratch, capture_output=True, stdin=subprocess.DEVNULL, env=env)
            said = done.stdout + done.stderr
            if done.returncode == 0:
                return {version: _jars(Path(scratch, f"v{version.replace('.', '')}")) for version in VERSIONS}
    raise NotResolved(said.decode(errors="replace")[-2000:])


def _jars(module: Path) -> list[Path]:
    """Without groovy's seven megabytes, which handlers do not need."""
    return [Path(jar) for jar in (module / "classpath").read_text().split(os.pathsep) if "groovy" not in jar]


def build(folder: Path) -> dict[str, list[Path]]:
    """The class path of the demo by version, compiled into `folder`. Skips the test where Maven fetches nothing."""
    try:
        found = resolve()
    except NotResolved as error:
        pytest.skip(f"xxl-job-core does not resolve: {error}")
    classes = folder / "classes"
    classes.mkdir()
    # One source for all: what differs between versions it looks up when it runs.
    path = os.pathsep.join(map(str, found["2.4.0"]))
    source = HERE / "java" / "demo" / "Demo.java"
    subprocess.run(["javac", "-nowarn", "--release", "8", "-cp", path, "-d", classes, source], check=True)
    return {version: [classes, *jars] for version, jars in found.items()}


@pytest.fixture(scope="session")
def versions(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[Path]]:
    """The class path of the demo, by version."""
    return build(tmp_path_factory.mktemp("demo"))
