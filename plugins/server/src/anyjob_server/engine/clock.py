"""What time it is, as a part that tests bring themselves."""

from __future__ import annotations

import asyncio
import time
from typing import Final, Protocol

__all__ = ["SYSTEM", "Clock", "SystemClock"]

_LOOK: Final = 500
"""Milliseconds after which the wall clock is looked at again at the latest: it may have been set meanwhile."""


class Clock(Protocol):
    """Wall time. Epoch milliseconds throughout."""

    def now(self) -> int:
        """This moment, epoch milliseconds."""
        ...

    async def wait(self, event: asyncio.Event, until: int | None) -> None:
        """Return when `event` is set or `until` (epoch milliseconds) has come. It may return sooner: whoever waits
        looks again."""
        ...


class SystemClock:
    """The machine's clock, however often it is set. Implements `Clock`."""

    def now(self) -> int:
        return time.time_ns() // 1_000_000

    async def wait(self, event: asyncio.Event, until: int | None) -> None:
        left = _LOOK if until is None else until - self.now()
        if left <= 0:
            return
        loop = asyncio.get_running_loop()
        timer = loop.call_later(min(left, _LOOK) / 1000, event.set)
        try:
            await event.wait()
        finally:
            timer.cancel()


SYSTEM: Final = SystemClock()
