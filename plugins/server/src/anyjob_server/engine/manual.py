"""What people ask of jobs and instances by hand."""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import Connection

from anyjob.errors import AnyJobError
from anyjob.job import BadJob
from anyjob.modes import mode_of
from anyjob.problem import Problem
from anyjob.status import InstanceStatus, TriggerType
from anyjob.worker.worker import Worker
from anyjob_server.engine.alerts import Alert, alert
from anyjob_server.engine.clock import Clock
from anyjob_server.engine.dispatcher import Dispatcher
from anyjob_server.engine.ending import set_succeeded
from anyjob_server.engine.errors import AlreadyOver, NotFired, Reason, StillGoing, TooManyDays
from anyjob_server.engine.intake import Intake, Turn
from anyjob_server.engine.limits import Gate
from anyjob_server.engine.loaded import Loaded, Shelf
from anyjob_server.engine.room import Room
from anyjob_server.engine.roster import Roster
from anyjob_server.store import instances, outbox, reasons
from anyjob_server.store.errors import JobGone, StoreFull
from anyjob_server.store.instances import InstanceRow
from anyjob_server.store.jobs import JobRow
from anyjob_server.store.reasons import ReasonRow
from anyjob_server.store.store import Store
from anyjob_server.store.transitions import Transition
from anyjob_server.timing.localtime import epoch_of, wall_after

__all__ = ["Manual"]

_MOST_DAYS: Final = 1_000

_log = logging.getLogger(__name__)


class Manual:
    """Each method returns when what it did is durable."""

    def __init__(
        self,
        store: Store,
        worker: Worker,
        shelf: Shelf,
        gate: Gate,
        roster: Roster,
        dispatcher: Dispatcher,
        intake: Intake,
        room: Room,
        clock: Clock,
    ) -> None:
        self._store, self._worker, self._shelf, self._gate = store, worker, shelf, gate
        self._roster, self._dispatcher, self._intake = roster, dispatcher, intake
        self._room, self._clock = room, clock

    async def execute(
        self,
        row: JobRow,
        *,
        parameters: str = "",
        trigger: TriggerType = TriggerType.API,
        check_status: bool = False,
        data_time: int | None = None,
        worker: str = "",
        label: str = "",
        retry_of: int | None = None,
        by: str = "",
        beside: Callable[[Connection, int], None] | None = None,
    ) -> int:
        """Fire a job now; the durable instance's id. `data_time`: epoch ms, else now. `check_status`: refuse one that
        is disabled. `by` asks for it. `beside` is carried out in the same transaction, with the instance's id.

        Raises NotFired, BadJob (the parameters), JobGone, StoreError.
        """
        loaded = await self._loaded(row.id)
        if check_status and not loaded.enabled:
            await self._refuse(
                loaded, Reason.DISABLED, "it is disabled, and CheckJobStatus asks for an enabled one", by
            )
        if worker and worker not in (self._worker.node, f"{self._worker.node}:0"):
            text = f"worker {worker!r} is not here; the only worker is {self._worker.node!r}"
            await self._refuse(loaded, Reason.NO_WORKER, text, by)
        if label:
            text = f"no worker has the label {label!r}: workers have no labels here yet; ask without one"
            await self._refuse(loaded, Reason.NO_WORKER, text, by)
        if parameters:
            mode_of(loaded.job).plan(loaded.job, parameters)
        await self._refuse_unable(loaded, by)
        most = loaded.job.max_concurrency
        if self._gate.taken(row.id) >= most:
            text = f"MaxConcurrency is {most}, and so many instances run or wait"
            await self._refuse(loaded, Reason.MAX_CONCURRENCY, text, by)
        now = self._clock.now()
        when = now if data_time is None else data_time
        active = self._intake.new(loaded, trigger, now, when, now, parameters=parameters, retry_of=retry_of)
        turn = Turn(actives=[active], beside=None if beside is None else lambda c: beside(c, active.id))
        try:
            await self._intake.keep(turn)
        except StoreFull as full:
            raise NotFired(loaded.row.name, Reason.FULL, str(full)) from full
        return active.id

    async def retry(self, instance: InstanceRow) -> int:
        """Run an ended instance again, as a new one with its data time and parameters. Raises StillGoing, and as
        `execute`."""
        if not instance.status.finished:
            raise StillGoing(instance.id, instance.status, "it cannot be run again")
        loaded = await self._loaded(instance.job)
        return await self.execute(
            loaded.row,
            parameters=instance.parameters,
            trigger=TriggerType.MANUAL_RERUN,
            data_time=instance.data_time,
            retry_of=instance.id,
        )

    async def rerun(self, row: JobRow, start: int, end: int, time_of_day: str) -> list[int]:
        """One instance for each day from `start` to `end` (epoch ms, both included), its data time that day at
        `time_of_day` (HH:mm:ss) in the job's zone. They wait for MaxConcurrency, in the order of the days.

        Raises TooManyDays, BadJob, NotFired, JobGone, StoreError.
        """
        loaded = await self._loaded(row.id)
        times = _days(loaded, start, end, time_of_day)
        await self._refuse_unable(loaded)
        now, most = self._clock.now(), loaded.job.max_concurrency
        actives = [self._intake.new(loaded, TriggerType.DATA_BACKFILL, now, at, now, serial=most) for at in times]
        try:
            await self._intake.keep(Turn(actives=actives))
        except StoreFull as full:
            raise NotFired(row.name, Reason.FULL, str(full)) from full
        return [active.id for active in actives]

    async def stop(self, instance: InstanceRow, by: str = "") -> None:
        """Stop an instance, and never start it: durable on return. One that runs ends when its stop has been proved or
        given up. Raises AlreadyOver, StoreError."""
        active = self._roster.by_id.get(instance.id)
        if active is None or active.ending:
            now = self._store.read_now(lambda c: instances.get(c, instance.id)) or instance
            raise AlreadyOver(instance.id, now.status if active is None else active.status)
        self._dispatcher.stop(active, by or "a person")
        await self._dispatcher.stopped(active)

    async def set_success(self, instance: InstanceRow, by: str) -> None:
        """Call a failed instance a success; who and when stand in its evidence. Nothing happens to one that succeeded.

        Raises StillGoing, AlreadyOver (skipped or removed), StoreError.
        """
        now = self._clock.now()
        said = datetime.fromtimestamp(now / 1000).astimezone().isoformat(timespec="seconds")

        def change(c: Connection) -> InstanceRow | None:
            stands = instances.get(c, instance.id) or instance
            if stands.status is InstanceStatus.SUCCESS:
                return None
            if stands.status is not InstanceStatus.FAILED:
                return stands
            values = {"outcome": set_succeeded(stands.outcome, by, said), "note": f"set to success by {by}"}
            to, expect = InstanceStatus.SUCCESS, (InstanceStatus.FAILED,)
            instances.transition(c, [Transition(id=instance.id, to=to, expect=expect, values=values)])
            return None

        try:
            refused = await self._store.write(change)
        finally:
            self._store.recent.forget([instance.id])
        if refused is None:
            return
        if refused.status.finished:
            raise AlreadyOver(instance.id, refused.status)
        raise StillGoing(instance.id, refused.status, "it cannot be called a success")

    # ---------------------------------------------------------------- inside

    async def _loaded(self, job: int) -> Loaded:
        loaded = await self._shelf.get(job)
        if loaded is None:
            raise JobGone(job)
        return loaded

    async def _refuse_unable(self, loaded: Loaded, by: str = "") -> None:
        """Refuse what could only fail: no room, no worker."""
        if halt := self._room.halt:
            await self._refuse(loaded, self._room.why, halt, by)
        try:
            bound = self._worker.host.dispatch(loaded.job, loaded.binding)
        except AnyJobError as error:
            return await self._refuse(loaded, Reason.NO_WORKER, f"no worker available: {error}", by)
        health = self._dispatcher.health
        if not health.is_known_good(bound) and (why := await health.trouble(bound)):
            await self._refuse(loaded, Reason.NO_WORKER, f"no worker available: {why}", by)
        return None

    async def _refuse(self, loaded: Loaded, kind: Reason, text: str, by: str = "") -> None:
        now = self._clock.now()
        reason = ReasonRow(
            job=loaded.row.id, at=now, kind=kind, text=f"{by or 'somebody'} asked for it by hand: {text}"
        )
        wanted = kind is Reason.NO_WORKER and loaded.job.miss_worker_enable

        def change(c: Connection) -> None:
            reasons.add(c, [reason])
            if wanted:
                row = _asked(loaded, now)
                outbox.add(c, [alert(Alert.MISS_WORKER, loaded.job, row, now, why=text)])

        if kind is not Reason.FULL:  # there is no room for the reason either
            try:
                await self._store.write(change)
            except StoreFull as full:  # who asked is told why all the same
                _log.warning("a reason of job %r is not kept: %s", loaded.row.name, full)
        raise NotFired(loaded.row.name, kind, text)


def _asked(loaded: Loaded, now: int) -> InstanceRow:
    """The instance that was asked for and never made."""
    return InstanceRow(
        id=0,
        job=loaded.row.id,
        group=loaded.row.group,
        status=InstanceStatus.SKIPPED,
        trigger=TriggerType.API,
        schedule_time=now,
        data_time=now,
        created=now,
    )


def _days(loaded: Loaded, start: int, end: int, time_of_day: str) -> list[int]:
    """The data times, in epoch ms."""
    name, zone = loaded.row.name, loaded.timeline.zone
    try:
        clock = datetime.strptime(time_of_day, "%H:%M:%S").time()  # noqa: DTZ007 - a time of day in the job's zone
    except ValueError:
        problem = Problem(field="DataTime", value=time_of_day, remedy="is no time of day; write it as HH:mm:ss")
        raise BadJob([problem], name) from None
    first, last = (datetime.fromtimestamp(at / 1000, zone).date() for at in (start, end))
    count = (last - first).days + 1
    if not 1 <= count <= _MOST_DAYS:
        raise TooManyDays(name, count, _MOST_DAYS)
    times: list[int] = []
    for number in range(count):
        day = first + timedelta(days=number)
        wall = (day.year, day.month, day.day, clock.hour, clock.minute, clock.second)
        at = epoch_of(wall, zone)
        if at is None:  # the clocks skip it that day
            at = epoch_of(wall_after(wall, zone), zone)
        if at is not None:
            times.append(at * 1000)
    return times
