"""Fetches the logs of all runs, and notices those that nobody will call back for: one task for all of them."""

from __future__ import annotations

import asyncio
import heapq
import itertools
import logging
import time
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from anyjob.errors import AnyJobError
from anyjob.outcome import Cause, Evidence, Outcome, StopReport, Strength
from anyjob_xxljob.wire import NotSent

if TYPE_CHECKING:
    from collections.abc import Callable

    from anyjob_xxljob.calls import Calls, Place
    from anyjob_xxljob.logpage import Tail
    from anyjob_xxljob.registry import Registry
    from anyjob_xxljob.settings import XxlJobSettings
    from anyjob_xxljob.ticket import Part

__all__ = ["Followed", "Follower"]

_log = logging.getLogger(__name__)
_AT_ONCE: Final = 64
_OF_ONE: Final = 2
"""Looks in flight at one executor, so that one that hangs takes the turns of no other."""
_LOOKS: Final = 100.0
"""Looks a second, for all runs together."""


@dataclass(slots=True, eq=False)
class Followed:
    """One part of a run, while it goes on. `lost` is set when it is given up. `moment` is epoch milliseconds, as the
    ticket's; `since`, `looked` and `idle` are seconds of the monotonic clock."""

    part: Part
    job_id: int
    moment: int
    tail: Tail | None
    sure: bool
    """Whether the executor has said that it took the run."""
    stopping: Callable[[], bool]
    lost: asyncio.Future[Outcome]
    since: float = field(default_factory=time.monotonic)
    looked: float = 0.0
    idle: float = 0.0
    """Since when its executor says that it does nothing under the jobId; 0: it does not say so."""
    refused: bool = False
    """Whether its executor could not be reached meanwhile."""
    gone: bool = False
    busy: asyncio.Lock = field(default_factory=asyncio.Lock)
    fault: str = ""
    """Why the log could not be fetched, at the last try."""


class Follower:
    """Looks at each run every `poll` seconds, later ten times as seldom."""

    def __init__(self, calls: Calls, registry: Registry, settings: XxlJobSettings) -> None:
        self._calls, self._registry, self._settings = calls, registry, settings
        self._heap: list[tuple[float, int, Followed]] = []
        self._numbers = itertools.count()
        self._count = 0
        self._wake = asyncio.Event()
        self._looks: set[asyncio.Task[None]] = set()
        self._at: Counter[Place] = Counter()
        self._task: asyncio.Task[None] | None = None

    def add(self, one: Followed) -> None:
        """Follow it until `drop`."""
        self._count += 1
        self._push(one, self._settings.poll)
        if self._task is None or self._task.done():
            self._task = asyncio.get_running_loop().create_task(self._run())

    def drop(self, one: Followed) -> None:
        """It is over: nobody looks at it any more. Nothing happens the second time."""
        if not one.gone:
            one.gone = True
            self._count -= 1

    async def finish(self, one: Followed) -> None:
        """The run is over: fetch what its log still holds. A log that cannot be had changes no outcome."""
        self.drop(one)
        if one.tail is not None:
            async with one.busy:
                await self._fetch(one, last=True)

    async def close(self) -> None:
        """Ends all looks, those that are going too."""
        tasks = [*self._looks, *([self._task] if self._task else [])]
        for task in tasks:
            task.cancel()
        for task in tasks:
            with suppress(asyncio.CancelledError):
                await task

    # ---------------------------------------------------------------- the turns

    def _push(self, one: Followed, seconds: float) -> None:
        heapq.heappush(self._heap, (time.monotonic() + seconds, next(self._numbers), one))
        self._wake.set()

    async def _run(self) -> None:
        while True:
            while self._heap and (self._heap[0][2].gone or self._heap[0][0] <= time.monotonic()):
                one = heapq.heappop(self._heap)[2]
                if one.gone:
                    continue
                if len(self._looks) >= _AT_ONCE or self._at[one.part.place] >= _OF_ONE:
                    self._push(one, self._settings.poll)
                    break
                self._at[one.part.place] += 1
                look = asyncio.get_running_loop().create_task(self._look(one))
                self._looks.add(look)
                look.add_done_callback(self._looks.discard)
            self._wake.clear()
            wait = max(0.01, self._heap[0][0] - time.monotonic()) if self._heap else None
            with suppress(TimeoutError):
                async with asyncio.timeout(wait):
                    await self._wake.wait()

    async def _look(self, one: Followed) -> None:
        try:
            async with one.busy:
                if not one.gone:
                    await self._fetch(one, last=False)
                    await self._ask_idle(one)
                    self._judge(one)
        except Exception:  # noqa: BLE001 - a defect here must not end the looks at all others
            _log.exception("xxljob: a look at %s failed", one.part.place.address)
        finally:
            self._at[one.part.place] -= 1
            if not self._at[one.part.place]:
                del self._at[one.part.place]
            if not one.gone:
                poll, age = self._settings.poll, time.monotonic() - one.since
                self._push(one, max(min(10 * poll, max(poll, age / 10)), self._count / _LOOKS))

    async def _fetch(self, one: Followed, *, last: bool) -> None:
        if one.tail is None or one.tail.full:
            return
        part = one.part
        try:
            answer = await self._calls.log(part.place, part.log_id, one.moment, one.tail, last=last)
            one.fault = "" if answer.ok else answer.text
        except NotSent as error:
            one.refused, one.fault = True, str(error)
        except (AnyJobError, OSError) as error:
            one.fault = str(error)

    # ---------------------------------------------------------------- who is lost

    async def _ask_idle(self, one: Followed) -> None:
        """Whether the executor still works on it. Not once it was asked to kill it: from then on it says idle, whatever
        the handler does."""
        now = time.monotonic()
        if one.stopping() or now - max(one.since, one.looked) < self._settings.lost / 3:
            return
        one.looked = now
        try:
            answer = await self._calls.idle(one.part.place, one.job_id)
        except NotSent:
            one.refused = True
        except AnyJobError:
            pass
        else:
            one.idle = (one.idle or now) if answer.ok else 0.0

    def _judge(self, one: Followed) -> None:
        now, lost, place = time.monotonic(), self._settings.lost, one.part.place
        if one.lost.done():
            return
        silent = now - max(one.since, self._calls.heard(place), self._registry.last(place.circle, place.address))
        if silent > lost:
            one.lost.set_result(_lost(one, Cause.NODE_LOST, f"no sign of it for {silent:.0f} s"))
        elif one.idle and now - one.idle > lost and not one.stopping():
            text = f"it has done nothing under jobId {one.job_id} for {now - one.idle:.0f} s, and nobody called back"
            if not one.sure:
                one.lost.set_result(_lost(one, Cause.UNKNOWN, f"{text}; it never said that it took the run"))
            elif one.refused:
                one.lost.set_result(_lost(one, Cause.NODE_LOST, f"{text}; it could not be reached in between"))
            else:
                one.lost.set_result(_lost(one, Cause.UNKNOWN, text))


def _lost(one: Followed, cause: Cause, text: str) -> Outcome:
    address = one.part.place.address
    survivors = [f"the run at {address}, if it goes on there"]
    return Outcome(
        cause=cause,
        evidence=[Evidence(source=f"executor {address}", text=text)],
        stop=StopReport(strength=Strength.ASKED, by="nothing more was heard", survivors=survivors),
    )
