"""The connections of a listener: how many, and until when each may stay as it is."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from enum import Enum
from typing import Protocol

from anyjob_server.api.limits import ApiLimits

__all__ = ["Guard", "Guarded", "Phase"]


_ROOM = 1 << 16
"""Bytes that are read at a time: where asyncio makes the room for them, it asks the kernel for a quarter of a megabyte
each time, and gives it back."""


class Phase(Enum):
    """What a connection does."""

    IDLE = "idle"
    """Between two requests."""
    HEAD = "head"
    BODY = "body"
    WORK = "work"
    """The request is read, its answer is on the way."""
    CLOSING = "closing"
    """Until the peer has read the rest."""


class Guarded(Protocol):
    """A connection as the guard sees it. `deadline`: seconds of the loop's clock; infinite while it does work."""

    phase: Phase
    deadline: float

    def overdue(self) -> None:
        """Its deadline is over: end it."""
        ...

    def drop(self) -> None:
        """Another needs its place."""
        ...


class Guard:
    """Keeps count, makes room, and looks for those that are overdue."""

    def __init__(self, limits: ApiLimits) -> None:
        self.limits = limits
        self.room = memoryview(bytearray(_ROOM))
        """What a connection sends is read into here, and copied at once."""
        self._connections: dict[Guarded, None] = {}
        shortest = min(limits.head_seconds, limits.body_seconds, limits.idle_seconds)
        self._pause = min(1.0, shortest / 4)

    def __iter__(self) -> Iterator[Guarded]:
        return iter(list(self._connections))

    def __len__(self) -> int:
        return len(self._connections)

    def enter(self, connection: Guarded) -> bool:
        """Take it in. Where all places are taken, the oldest that does no work goes; False: all work."""
        if len(self._connections) >= self.limits.connections:
            resting = (c for c in self._connections if c.phase in (Phase.IDLE, Phase.HEAD, Phase.CLOSING))
            victim = next(resting, None)
            if victim is None:
                return False
            self.leave(victim)
            victim.drop()
        self._connections[connection] = None
        return True

    def leave(self, connection: Guarded) -> None:
        """It is gone."""
        self._connections.pop(connection, None)

    async def watch(self) -> None:
        """Look after all of them, until cancelled."""
        loop = asyncio.get_running_loop()
        while True:
            await asyncio.sleep(self._pause)
            now = loop.time()
            for connection in self:
                if connection.deadline < now:
                    connection.overdue()
