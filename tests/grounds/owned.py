"""Folders that belong to a living process, so that the next start can clear what a killed owner left.

The owner holds a lock on the file `owner` in its folder. The kernel drops the lock with the process, whatever ended it,
so a lock that can be had says that the owner is gone; a number of a process would say it of another process some day.
"""

from __future__ import annotations

import fcntl
import os
import tempfile
from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path

__all__ = ["OwnedFolder", "sweep"]


def _top() -> Path:
    """Where owned folders are. Its paths are short: those of Unix sockets below it may have 107 bytes."""
    top = Path(tempfile.gettempdir()).resolve() / f"anyjob-grounds-{os.getuid()}"
    top.mkdir(mode=0o700, exist_ok=True)
    if top.is_symlink() or top.stat().st_uid != os.getuid():
        raise PermissionError(f"{top} is not this user's folder: remove it, or set TMPDIR to a folder of your own")
    return top


@contextmanager
def _gate(top: Path) -> Generator[None]:
    """One at a time: a folder that another process has made and not locked yet is not to be swept."""
    handle = os.open(top / "gate", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


class OwnedFolder:
    """A fresh folder that this process owns until `give_up` or its end; `kind` is the first part of its name."""

    def __init__(self, kind: str) -> None:
        top = _top()
        with _gate(top):
            self.path = Path(tempfile.mkdtemp(prefix=f"{kind}-", dir=top))
            self._lock = os.open(self.path / "owner", os.O_RDWR | os.O_CREAT, 0o600)
            fcntl.flock(self._lock, fcntl.LOCK_EX)

    def give_up(self) -> None:
        """The folder is nobody's; what is left of it is the next sweep's."""
        os.close(self._lock)


def sweep(kind: str, clear: Callable[[Path], None]) -> list[Path]:
    """Call `clear`, which removes the folder with all that hangs on it, for each of that kind whose owner is gone."""
    top, cleared = _top(), list[Path]()
    with _gate(top):
        for folder in sorted(top.glob(f"{kind}-*")):
            handle = os.open(folder / "owner", os.O_RDWR | os.O_CREAT, 0o600)
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
                clear(folder)
                cleared.append(folder)
            except BlockingIOError:
                continue
            finally:
                os.close(handle)
    return cleared
