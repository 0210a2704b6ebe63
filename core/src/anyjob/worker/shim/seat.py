"""What the keeper hands to each shim that it starts."""

from __future__ import annotations

import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    import socket
    from typing import Any

BUSY = 3
"""Exit status of a start for a folder that has a keeper or shim already."""
IDLE = 60.0
"""Seconds without a worker and without a run after which a shim ends."""
FLOOR = 64 << 20
"""Bytes of free disk below which no run starts."""
RESIDENT_IDLE = 300.0
"""Seconds without a run after which a resident is sent away."""
SPAWNERS = 32
"""Runs that get a subreaper of their own where there are no cgroups."""


class Seat:
    """The state folder, the listening socket, the keeper's pid and the file in which it keeps exits.

    The socket stays with the keeper when a shim dies, so that connections wait for the next one.
    """

    __slots__ = (
        "cgroup",
        "exits",
        "floor",
        "folder",
        "idle",
        "keeper",
        "listener",
        "resident_idle",
        "spawners",
        "token",
    )

    def __init__(self, options: dict[str, Any], listener: socket.socket) -> None:
        self.folder: str = options["folder"]
        self.token = token_of(self.folder)
        self.cgroup: str = options.get("cgroup", "auto")
        self.spawners: int = options.get("spawners", SPAWNERS)
        self.idle: float = options.get("idle", IDLE)
        self.resident_idle: float = options.get("resident_idle", RESIDENT_IDLE)
        self.floor: int = options.get("floor", FLOOR)
        self.listener = listener
        self.keeper = 0
        self.exits = ""

    def mark(self, run: str) -> str:
        """By what a run's processes are known, also among those of other state folders, which may have runs of the
        same name: a server that was restored beside the first one, say.
        """
        return f"{self.token}/{run}"


def token_of(folder: str) -> str:
    """What tells this folder from every other of the machine."""
    found = os.stat(folder)
    return f"{found.st_dev:x}-{found.st_ino:x}"
