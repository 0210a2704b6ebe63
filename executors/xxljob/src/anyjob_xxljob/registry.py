"""Which executors are there: what they say every 30 seconds.

Source: XXL-JOB, RegistryConfig, BEAT_TIMEOUT and DEAD_TIMEOUT.
"""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass
from typing import Final

__all__ = ["Full", "Registry", "Seen"]

_MOST: Final = 10_000
"""Executors that may be registered: who holds a token must not fill the worker's memory."""


class Full(ValueError):
    """No more executors are taken."""


@dataclass(slots=True)
class Seen:
    """An executor that has registered. `last`: epoch seconds."""

    circle: str
    app: str
    address: str
    last: float
    mark: float


class Registry:
    """The executors of all circles. One that has not said for `expire` seconds that it is there is gone."""

    def __init__(self, expire: float) -> None:
        self._expire = expire
        self._seen: dict[tuple[str, str, str], Seen] = {}
        self._changed = asyncio.Event()

    def add(self, circle: str, app: str, address: str) -> None:
        """It is there. Raises Full."""
        key = (circle, app, address)
        seen = self._seen.get(key)
        if seen is None:
            if len(self._seen) >= _MOST:
                self._drop()
                if len(self._seen) >= _MOST:
                    raise Full(f"{_MOST} executors are registered, and no more are taken")
            seen = self._seen[key] = Seen(circle, app, address, 0, 0)
        fresh = seen.mark <= time.monotonic() - self._expire
        seen.last, seen.mark = time.time(), time.monotonic()
        if fresh:
            self._changed.set()
            self._changed = asyncio.Event()

    def remove(self, circle: str, app: str, address: str) -> None:
        """It says that it goes."""
        self._seen.pop((circle, app, address), None)

    def addresses(self, circle: str, app: str) -> list[str]:
        """Who serves an app now, sorted as XXL-JOB's admin sorts them."""
        return sorted(seen.address for seen in self.seen() if seen.circle == circle and seen.app == app)

    def seen(self) -> list[Seen]:
        """Who is registered now."""
        since = time.monotonic() - self._expire
        return [seen for seen in self._seen.values() if seen.mark > since]

    def last(self, circle: str, address: str) -> float:
        """When the executor at an address last said that it is there, by the monotonic clock; 0: never."""
        return max(
            (seen.mark for seen in self._seen.values() if (seen.circle, seen.address) == (circle, address)), default=0
        )

    async def wait(self, circle: str, app: str, seconds: float) -> list[str]:
        """Who serves an app, as soon as somebody does, at the latest after `seconds`."""
        try:
            async with asyncio.timeout(seconds):
                while not (found := self.addresses(circle, app)):
                    await self._changed.wait()
                return found
        except TimeoutError:
            return self.addresses(circle, app)

    def _drop(self) -> None:
        since = time.monotonic() - self._expire
        self._seen = {key: seen for key, seen in self._seen.items() if seen.mark > since}
