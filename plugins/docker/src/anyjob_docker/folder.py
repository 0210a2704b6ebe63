"""The part of a run's folder that its container sees.

The folder above is the worker's alone (mode 0700), so nobody else of this machine comes past it; below, everything is
open to whatever user the image has, also where that one has no rights to pass over file modes.
"""

from __future__ import annotations

import fcntl
import os
import shutil
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Final

from anyjob_docker.status import Status, read_status

__all__ = ["HostFolder"]

_OPEN: Final = 0o777


class HostFolder:
    """`work`: the run's folder as the command sees it. `control`: what the entry helper reads and writes."""

    __slots__ = ("control", "work")

    def __init__(self, run_folder: Path) -> None:
        self.work, self.control = run_folder / "work", run_folder / "control"

    @property
    def log(self) -> str:
        """The path of the file that the entry helper writes what the command prints to."""
        return f"{self.control}/log"

    @property
    def exists(self) -> bool:
        """Whether it was made, which comes before the container."""
        return self.control.is_dir()

    def prepare(self, files: Mapping[str, bytes], secrets: Mapping[str, str], order: bytes) -> None:
        """Lay everything out anew: a start that was cut off may have left half of it. Raises OSError."""
        for folder in (self.work, self.control):
            shutil.rmtree(folder, ignore_errors=True)
            os.mkdir(folder, 0o700)
        for name, content in files.items():
            _put(f"{self.work}/{name}", content, 0o666)
        if secrets:
            os.mkdir(f"{self.work}/secrets", 0o700)
            for name, value in secrets.items():
                _put(f"{self.work}/secrets/{name}", value.encode(), 0o444)
            os.chmod(f"{self.work}/secrets", 0o755)  # noqa: S103 - open below a folder that is closed
        _put(f"{self.control}/order", order, 0o444)
        for name in ("log", "status"):
            _put(f"{self.control}/{name}", b"", 0o666)
        os.chmod(self.control, 0o755)  # noqa: S103
        os.chmod(self.work, _OPEN)

    def status(self) -> Status:
        """What the entry helper has written so far."""
        return read_status(f"{self.control}/status")

    def revoke(self) -> bool:
        """Let no container begin the command any more. False: one has begun it. Raises OSError."""
        try:
            file = os.open(f"{self.control}/status", os.O_RDWR | os.O_APPEND | os.O_CLOEXEC | os.O_NOFOLLOW)
        except FileNotFoundError:
            return True  # no start came so far
        try:
            with suppress(OSError):  # a file system without locks
                fcntl.flock(file, fcntl.LOCK_EX)
            if not self.status().up:
                os.write(file, b"revoked\n")
                return True
            return False
        finally:
            os.close(file)

    def clean(self) -> None:
        """Remove what only the run itself needed: secrets, its order, its own copy of the log."""
        shutil.rmtree(self.control, ignore_errors=True)
        shutil.rmtree(f"{self.work}/secrets", ignore_errors=True)


def _put(path: str, content: bytes, mode: int) -> None:
    file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    try:
        view = memoryview(content)
        while view:
            view = view[os.write(file, view) :]
        os.fchmod(file, mode)
    finally:
        os.close(file)
