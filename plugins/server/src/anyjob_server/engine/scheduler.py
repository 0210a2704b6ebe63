"""What happens when the time of a job has come."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from typing import Any, Final

from anyjob.job import TimeType
from anyjob.status import TriggerType
from anyjob_server.engine.clock import Clock
from anyjob_server.engine.dispatcher import Dispatcher
from anyjob_server.engine.errors import Reason
from anyjob_server.engine.intake import Intake, Turn
from anyjob_server.engine.limits import Gate
from anyjob_server.engine.loaded import Loaded, Shelf
from anyjob_server.engine.pen import Pen
from anyjob_server.engine.room import Room
from anyjob_server.engine.roster import Active, Roster
from anyjob_server.engine.trigger import Due, Trigger
from anyjob_server.store.errors import StoreError
from anyjob_server.store.reasons import ReasonRow
from anyjob_server.timing.misfire import Missed, missed
from anyjob_server.timing.timeline import Fire, Never

__all__ = ["Scheduler"]

_LATE: Final = 1_000
"""Milliseconds that are no delay, whatever misfire_grace says."""
_AGAIN: Final = 1_000
"""Milliseconds after which what cannot be written is tried again."""
_CHUNK: Final = 500

_log = logging.getLogger(__name__)


class Scheduler:
    """Fires jobs by time: decides, writes what it decided, goes on."""

    def __init__(
        self,
        clock: Clock,
        shelf: Shelf,
        gate: Gate,
        roster: Roster,
        dispatcher: Dispatcher,
        intake: Intake,
        pen: Pen,
        room: Room,
        grace: int,
    ) -> None:
        """`grace`: milliseconds within which a firing that was missed still runs."""
        self._clock, self._shelf, self._gate, self._roster = clock, shelf, gate, roster
        self._intake, self._pen, self._room, self._grace = intake, pen, room, max(grace, _LATE)
        self.trigger = Trigger(clock, self.due, self._jumped)
        self._tasks: set[asyncio.Task[None]] = set()
        dispatcher.after_end, dispatcher.over = self._after_end, self._over

    async def close(self) -> None:
        """Let what was decided be written."""
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _spawn(self, coro: Any) -> None:
        task: asyncio.Task[None] = asyncio.get_running_loop().create_task(coro)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    # ---------------------------------------------------------------- the time has come

    def due(self, due: Sequence[Due]) -> None:
        """The trigger's sink."""
        if all(self._shelf.known(job) is not None for _, job in due):
            self._decide(due)
        else:
            self._spawn(self._fetch(due))

    async def _fetch(self, due: Sequence[Due]) -> None:
        try:
            await self._shelf.fetch([job for _, job in due])
        except StoreError as error:
            _log.warning("%d jobs are due and cannot be read: %s", len(due), error)
            self._again(due)
            return
        self._decide(due)

    def _again(self, due: Sequence[Due]) -> None:
        """Nothing could be done: the same times once more, in a moment."""

        def put() -> None:
            for at, job in due:
                if self.trigger.at(job) is None:
                    self.trigger.set(job, at)

        asyncio.get_running_loop().call_later(_AGAIN / 1000, put)

    def _decide(self, due: Sequence[Due]) -> None:
        now, lack = self._clock.now(), self._room.halt
        turn, answers = Turn(), dict[tuple[int, int], Missed]()
        undone: list[Due] = []
        for at, job in due:
            loaded = self._shelf.known(job)
            if loaded is None or not loaded.enabled or self.trigger.at(job) is not None:
                continue
            if lack and loaded.job.time_type is TimeType.ONE_TIME:
                undone.append((at, job))
                self._reason(turn, loaded, at, self._room.why, lack, last=now)
            elif loaded.timeline.chained:
                self._chained(turn, loaded, at, now, lack)
            else:
                key = (id(loaded.timeline), at)
                answer = answers.get(key)
                if answer is None:
                    answer = answers[key] = missed(loaded.timeline, at - 1, now, self._grace)
                self._timed(turn, loaded, answer, now, lack)
        if undone:
            self._again(undone)
        if turn.actives:
            self._spawn(self._keep(turn))
        elif turn.nexts or turn.reasons:
            self._spawn(self._keep_rest(turn))

    def _timed(self, turn: Turn, loaded: Loaded, answer: Missed, now: int, lack: str) -> None:
        job = loaded.row.id
        following = self._following(turn, loaded, answer.next)
        self.trigger.set(job, following)
        turn.nexts[job] = following
        if answer.skipped:
            first, last = answer.first or now, answer.last or now
            text = "nobody was there to fire it, and it was too late to do so afterwards"
            if answer.more:
                text = f"{text}; so many are counted, and there were more"
            turn.reasons.append(
                ReasonRow(
                    job=job,
                    at=first,
                    last=last,
                    schedule_time=last,
                    kind=Reason.MISFIRE,
                    text=text,
                    count=answer.skipped,
                )
            )
        if answer.late is not None:
            self._fire(turn, loaded, answer.late.schedule_time, answer.late.data_time, now, lack)

    def _chained(self, turn: Turn, loaded: Loaded, at: int, now: int, lack: str) -> None:
        """The next cycle follows from the end of this one; one that does not start is asked for again."""
        job = loaded.row.id
        started = self._fire(turn, loaded, at, at + loaded.timeline.data_offset * 1000, now, lack)
        following = None if started else self._following(turn, loaded, loaded.timeline.next_fire(now))
        self.trigger.set(job, following)
        turn.nexts[job] = following

    def _following(self, turn: Turn, loaded: Loaded, answer: Fire | Never) -> int | None:
        """When it fires next; what is left out before that is kept as reasons."""
        now = self._clock.now()
        for skip in answer.skipped:
            turn.reasons.append(
                ReasonRow(job=loaded.row.id, at=now, schedule_time=skip.first, kind=Reason.CALENDAR, text=skip.reason)
            )
        if isinstance(answer, Fire):
            return answer.schedule_time
        if loaded.timeline.end is not None and loaded.job.time_type is not TimeType.ONE_TIME:
            turn.reasons.append(ReasonRow(job=loaded.row.id, at=now, kind=Reason.END_TIME, text=answer.reason))
        return None

    def _fire(self, turn: Turn, loaded: Loaded, schedule_time: int, data_time: int, now: int, lack: str) -> bool:
        if lack:
            self._reason(turn, loaded, schedule_time, self._room.why, lack)
            return False
        most = loaded.job.max_concurrency
        if self._gate.taken(loaded.row.id) >= most:
            text = f"MaxConcurrency is {most}, and so many instances run or wait"
            self._reason(turn, loaded, schedule_time, Reason.MAX_CONCURRENCY, text)
            return False
        turn.actives.append(self._intake.new(loaded, TriggerType.SCHEDULED, schedule_time, data_time, now))
        return True

    def _reason(
        self, turn: Turn, loaded: Loaded, schedule_time: int, kind: Reason, text: str, *, last: int = 0
    ) -> None:
        """`last`: of a firing that is asked for again and again, the newest time."""
        job = loaded.row.id
        turn.reasons.append(
            ReasonRow(job=job, at=schedule_time, schedule_time=schedule_time, kind=kind, text=text, last=last)
        )

    async def _keep(self, turn: Turn) -> None:
        try:
            made = await self._intake.keep(turn)
        except StoreError as error:
            _log.warning("%d instances were not made: %s", len(turn.actives), error)
            said = [
                ReasonRow(
                    job=one.row.job,
                    at=one.row.schedule_time,
                    schedule_time=one.row.schedule_time,
                    kind=Reason.FULL,
                    text=str(error),
                )
                for one in turn.actives
            ]
            self._pen.reason(*turn.reasons, *said)
            self._not_made(turn.actives)
            return
        twice = [one for one in turn.actives if one.id not in made]
        if twice:
            now = self._clock.now()
            text = "this schedule time has fired before"
            self._pen.reason(
                *(
                    ReasonRow(
                        job=one.row.job, at=now, schedule_time=one.row.schedule_time, kind=Reason.MISFIRE, text=text
                    )
                    for one in twice
                )
            )
            self._not_made([one for one in twice if one.loaded.timeline.chained])

    def _not_made(self, actives: Sequence[Active]) -> None:
        """What follows from an end has to follow from something else."""
        now = self._clock.now()
        for one in actives:
            if one.loaded.timeline.chained:
                self.trigger.set(one.row.job, one.loaded.next_fire(now))
            elif one.loaded.job.time_type is TimeType.ONE_TIME:
                self._again([(one.row.schedule_time, one.row.job)])

    async def _keep_rest(self, turn: Turn) -> None:
        try:
            await self._intake.keep(turn)
        except StoreError as error:
            _log.warning("%s", error)
            self._pen.reason(*turn.reasons)

    # ---------------------------------------------------------------- other times

    def _after_end(self, active: Active, at: int) -> tuple[int, int | None] | None:
        """The next cycle of a chained job, unless another of its instances is still there to follow from."""
        loaded = self._shelf.known(active.row.job) or active.loaded
        job = loaded.row.id
        if not loaded.timeline.chained or not loaded.enabled:
            return None
        if any(not other.ending for other in self._roster.of(job)):
            return None
        return (job, loaded.next_fire(at))

    async def chain(self, waiting: Sequence[int]) -> None:
        """At the start: chained jobs without a next time that have no instance to follow from get one."""
        now, turn = self._clock.now(), Turn()
        for job, loaded in (await self._shelf.fetch([one for one in waiting if not self._roster.has(one)])).items():
            turn.nexts[job] = loaded.next_fire(now)
            self.trigger.set(job, turn.nexts[job])
        if turn.nexts:
            await self._keep_rest(turn)

    def _over(self, active: Active) -> None:
        job = active.row.job
        if active.last:
            self._shelf.drop([job])
            self.trigger.set(job, None)
            return
        loaded = self._shelf.known(job)
        if loaded is None or self._roster.has(job) or active.ended is None:
            return
        if loaded.timeline.chained and loaded.enabled and self.trigger.at(job) is None:
            self.trigger.set(job, loaded.next_fire(active.ended))

    def _jumped(self, was: int, now: int) -> None:
        _log.warning("the clock went back by %d s; all next times are computed anew", (was - now) // 1000)
        self._spawn(self._anew(now))

    async def _anew(self, now: int) -> None:
        """Every next time, from `now` on."""
        every = list(self.trigger.whats())
        for start in range(0, len(every), _CHUNK):
            turn = Turn()
            found = await self._shelf.fetch(every[start : start + _CHUNK])
            for job, loaded in found.items():
                following = loaded.next_fire(now)
                if self.trigger.at(job) is not None and following != self.trigger.at(job):
                    self.trigger.set(job, following)
                    turn.nexts[job] = following
            await self._keep_rest(turn)
