"""Building Go programs: for the samples, for tests, and for trying out the examples. Nothing is fetched.

`python -m anyjob_go.build FOLDER TARGET` builds the program of a folder that expects the SDK in its folder `anyjob`.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from anyjob.errors import AnyJobError
from anyjob_go.sources import write_sdk

__all__ = ["BuildFailed", "NoGo", "build", "find_go"]


class NoGo(AnyJobError):
    """There is no Go toolchain here."""

    def __init__(self) -> None:
        super().__init__("There is no go on the PATH and none in /usr/local/go/bin; install Go 1.20 or later.")


class BuildFailed(AnyJobError):
    """The toolchain refused a program."""

    def __init__(self, folder: Path, said: str) -> None:
        self.folder, self.said = folder, said
        super().__init__(f"go build in {folder} failed: {said}")


def find_go() -> str | None:
    """The command `go`: of the PATH, else where its own installation puts it."""
    return shutil.which("go") or shutil.which("/usr/local/go/bin/go")


def build(folder: Path, target: Path, *options: str) -> Path:
    """Build the program of a folder. `target` is what is given back. Raises NoGo and BuildFailed."""
    go = find_go()
    if go is None:
        raise NoGo
    settings = {"GOWORK": "off", "GOFLAGS": "-mod=mod -buildvcs=false", "GOPROXY": "off", "GOTOOLCHAIN": "local"}
    argv = [go, "build", *options, "-o", str(target), "."]
    done = subprocess.run(argv, check=False, cwd=folder, env=os.environ | settings, capture_output=True, text=True)
    if done.returncode:
        raise BuildFailed(folder, done.stderr.strip())
    return target


def _main(folder: str, target: str) -> None:
    """Of a copy, so that nothing is written beside the sources."""
    if find_go() is None:
        raise NoGo
    with tempfile.TemporaryDirectory(prefix="anyjob-go-build-") as name:
        copy = Path(name, "program")
        shutil.copytree(folder, copy)
        write_sdk(copy / "anyjob")
        build(copy, Path(target).absolute())


if __name__ == "__main__":
    try:
        _main(*sys.argv[1:])
    except AnyJobError as error:
        sys.exit(" ".join(str(error).split()))
