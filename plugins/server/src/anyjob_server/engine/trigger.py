"""Next fire times in memory: a heap, and the loop that hands out what is due."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Sequence
from heapq import heapify, heappop, heappush
from typing import Final, TypeAlias

from anyjob_server.engine.clock import Clock

__all__ = ["BACK", "Due", "Trigger"]

Due: TypeAlias = tuple[int, int]
"""(when, what): epoch milliseconds and the number of a job, or of an instance."""

BACK: Final = 3_600_000
"""Milliseconds that the clock may go back without anybody being asked anew: no time of day fires twice then."""

_AT_ONCE: Final = 1_000
"""Due ones handed out before the loop's other tasks have their turn."""
_SLACK: Final = 1_024


class Trigger:
    """Each number has at most one next time. Nothing is read from anywhere while it ticks. All times are epoch
    milliseconds."""

    def __init__(
        self, clock: Clock, sink: Callable[[Sequence[Due]], None], jumped: Callable[[int, int], None] | None = None
    ) -> None:
        """`sink` gets what is due, oldest first, and its times are gone then: it sets the next ones. It must not block.

        `jumped(was, now)` is called when the clock went back by more than BACK.
        """
        self._clock, self._sink, self._jumped = clock, sink, jumped
        self._heap: list[Due] = []
        self._next: dict[int, int] = {}
        self._wake = asyncio.Event()
        self._looked_until: int | None = None
        self._seen = 0

    def __len__(self) -> int:
        return len(self._next)

    def whats(self) -> list[int]:
        """Everything that has a next time."""
        return list(self._next)

    def load(self, times: Iterable[tuple[int, int]]) -> None:
        """Many at once, as (what, when): cheaper than one by one."""
        self._next.update(times)
        self._rebuild()
        self._wake.set()

    def at(self, what: int) -> int | None:
        """When it is due next."""
        return self._next.get(what)

    def set(self, what: int, at: int | None) -> None:
        """Its next time, in place of an earlier one; None: it has none."""
        if at is None:
            self._next.pop(what, None)
            return
        if self._next.get(what) == at:
            return
        self._next[what] = at
        heappush(self._heap, (at, what))
        if len(self._heap) > 2 * len(self._next) + _SLACK:
            self._rebuild()
        if self._looked_until is None or at < self._looked_until:
            self._wake.set()

    def _rebuild(self) -> None:
        self._heap = [(at, what) for what, at in self._next.items()]
        heapify(self._heap)

    def _pop(self, now: int) -> list[Due]:
        due: list[Due] = []
        heap, times = self._heap, self._next
        while heap and heap[0][0] <= now and len(due) < _AT_ONCE:
            at, what = one = heappop(heap)
            if times.get(what) == at:
                del times[what]
                due.append(one)
        return due

    async def run(self) -> None:
        """Hand out what is due, until cancelled."""
        while True:
            now = self._clock.now()
            if self._jumped is not None and now < self._seen - BACK:
                self._jumped(self._seen, now)
                self._seen = now
            self._seen = max(now, self._seen)
            due = self._pop(now)
            if due:
                self._sink(due)
                await asyncio.sleep(0)
                continue
            self._wake.clear()
            self._looked_until = self._heap[0][0] if self._heap else None
            await self._clock.wait(self._wake, self._looked_until)
