"""The folder in which a worker keeps everything that must outlive it."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path

from anyjob.errors import StateInUse, StateUnusable

__all__ = ["StateFolder"]


class StateFolder:
    """One worker's folder:

    lock                the worker that holds it, by flock
    worker.jsonl        the worker's ledger
    runs/NAME/          a run's folder: log, files in and back
    app-keys.json       keys with which applications may dial in (`anyjob key`)
    apps.json           who is connected, while a worker listens
    observers.json      how the plugins do that observe, while a worker lives
    shim/               the shim's socket, lock and journals
    shared/NAME/        a process that runs share, with its log; shared/sock is where they dial
    executors/TYPE/     what an executor keeps for itself; launchers/NAME/ alike
    """

    def __init__(self, path: Path) -> None:
        """Make and lock the folder. Raises StateInUse, StateUnusable."""
        self.path = path.absolute()
        try:
            # Root runs jobs as other users too: they pass through to their run's own part, and list nothing.
            mode = 0o711 if os.getuid() == 0 else 0o700
            self.path.mkdir(mode=mode, parents=True, exist_ok=True)
            self.runs.mkdir(mode=mode, exist_ok=True)
            self._lock = os.open(self.path / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise StateUnusable(self.path, f"{error.strerror} ({error.filename})") from error
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = os.pread(self._lock, 32, 0).decode().strip()
            os.close(self._lock)
            raise StateInUse(self.path, int(holder) if holder.isdigit() else None) from None
        os.ftruncate(self._lock, 0)
        os.pwrite(self._lock, f"{os.getpid()}\n".encode(), 0)

    @property
    def runs(self) -> Path:
        """The folders of the runs, by their names."""
        return self.path / "runs"

    def own(self, name: str, *, launcher: bool = False) -> Path:
        """What an executor, or a launcher, keeps for itself. Nobody has made it yet."""
        return self.path / ("launchers" if launcher else "executors") / name

    @property
    def shared(self) -> Path:
        """The folders of processes that runs share."""
        return self.path / "shared"

    @property
    def shim(self) -> Path:
        """The shim's folder."""
        return self.path / "shim"

    @property
    def ledger(self) -> Path:
        """The journal of all that the worker itself must remember."""
        return self.path / "worker.jsonl"

    def close(self) -> None:
        """Let another worker have it."""
        os.close(self._lock)
