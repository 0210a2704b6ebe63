"""Whether new work may begin: there is room, and nobody holds the server."""

from __future__ import annotations

import os
from pathlib import Path
from time import monotonic
from typing import Final

from anyjob_server.engine.errors import Reason
from anyjob_server.engine.hold import Hold
from anyjob_server.store.store import Store

__all__ = ["Room"]

_LOOK: Final = 0.5
"""Seconds for which an answer holds. What comes between finds the store full by itself."""


class Room:
    """The store's room and the worker's: below its floor of free disk no run would start."""

    def __init__(self, store: Store, folder: Path, floor: int | None, hold: Hold) -> None:
        """`folder`: the worker's state; `floor`: bytes that must be free there."""
        self.hold = hold
        self._store, self._folder, self._floor = store, folder, floor or 0
        self._looked = 0.0
        self._said = ""

    @property
    def halt(self) -> str:
        """Why nothing new begins; empty when it may."""
        return self.hold.why or self.lack

    @property
    def why(self) -> Reason:
        """The kind of `halt`."""
        return Reason.HELD if self.hold.by else Reason.FULL

    @property
    def lack(self) -> str:
        """What room is wanting; empty when there is enough."""
        now = monotonic()
        if now >= self._looked:
            self._looked = now + _LOOK
            self._said = self._look()
        return self._said

    def _look(self) -> str:
        full = self._store.room
        if full is not None:
            return full
        if not self._floor:
            return ""
        try:
            disk = os.statvfs(self._folder)
        except OSError as error:
            return f"the worker's state folder {self._folder} cannot be looked at: {error.strerror}"
        if disk.f_bavail * disk.f_frsize >= self._floor:
            return ""
        return (
            f"the disk of {self._folder} has less free than [worker] free_disk ({self._floor >> 20} MiB), below which"
            " no run starts; free some space"
        )
