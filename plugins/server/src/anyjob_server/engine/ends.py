"""Who waits for the end of an instance, so that nobody need ask again and again."""

from __future__ import annotations

import asyncio
from typing import Final

from anyjob_server.engine.roster import Roster

__all__ = ["Ends"]

_MOST: Final = 250
"""Who may wait at one time, a quarter of the connections: whoever comes then is answered at once, and asks again."""


class Ends:
    """Futures by instance. On the loop of the engine."""

    def __init__(self, roster: Roster) -> None:
        self._roster = roster
        self._waiting: dict[int, list[asyncio.Future[None]]] = {}
        self._count = 0
        self._closed = False

    async def wait(self, instance: int, seconds: float) -> None:
        """Until the end of the instance is durable, at most so long. At once where it does not go, where too many wait
        already, and when the server ends.
        """
        if instance not in self._roster.by_id or self._closed or self._count >= _MOST:
            return
        loop = asyncio.get_running_loop()
        future: asyncio.Future[None] = loop.create_future()
        self._waiting.setdefault(instance, []).append(future)
        self._count += 1
        timer = loop.call_later(seconds, _done, future)
        try:
            await future
        finally:
            timer.cancel()
            self._count -= 1
            waiting = self._waiting.get(instance, [])
            if future in waiting:
                waiting.remove(future)
                if not waiting:
                    del self._waiting[instance]

    def over(self, instance: int) -> None:
        """The end of this one is durable."""
        for future in self._waiting.pop(instance, ()):
            _done(future)

    def close(self) -> None:
        """Let everybody go."""
        self._closed = True
        for instance in list(self._waiting):
            self.over(instance)


def _done(future: asyncio.Future[None]) -> None:
    if not future.done():  # its caller may have gone
        future.set_result(None)
