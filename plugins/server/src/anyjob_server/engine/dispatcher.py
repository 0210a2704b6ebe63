"""From an instance that may start to the end that is kept: health, worker, transitions, alerts."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterable
from typing import Any, Final

from sqlalchemy import Connection

from anyjob.errors import AnyJobError, StateUnusable
from anyjob.job import BadJob, TimeType
from anyjob.outcome import Cause, Evidence, Outcome
from anyjob.plugins.types import InstanceChange
from anyjob.status import InstanceStatus, TriggerType
from anyjob.worker.instance import Firing, Instances, LiveInstance
from anyjob.worker.worker import Worker
from anyjob_server.engine.alerts import Alert, alert, fail_alert_due
from anyjob_server.engine.clock import Clock
from anyjob_server.engine.ending import end_of, never_started, no_worker, result_of
from anyjob_server.engine.errors import Reason
from anyjob_server.engine.health import HealthBook
from anyjob_server.engine.limits import Gate, Ticket
from anyjob_server.engine.pen import Beside, Note, Pen
from anyjob_server.engine.roster import Active, Roster
from anyjob_server.engine.trigger import Due, Trigger
from anyjob_server.store import instances
from anyjob_server.store.outbox import OutboxRow
from anyjob_server.store.reasons import ReasonRow
from anyjob_server.store.transitions import Transition

__all__ = ["Dispatcher"]

_AGAIN: Final = 1.0
_WAITS: Final = (InstanceStatus.WAITING, InstanceStatus.POOL)
_GOING: Final = (*_WAITS, InstanceStatus.RUNNING)

_log = logging.getLogger(__name__)


class Dispatcher:
    """Owns instances from their admission to their end. All on the loop.

    `over(active)` is called when the end of an instance is durable; whoever schedules goes on from there.
    """

    def __init__(
        self, worker: Worker, instances_: Instances, pen: Pen, gate: Gate, roster: Roster, clock: Clock
    ) -> None:
        self._worker, self._instances = worker, instances_
        self._pen, self._gate, self._roster, self._clock = pen, gate, roster, clock
        self.health = HealthBook(worker.host)
        self.timeouts = Trigger(clock, self._timed_out)
        self.after_end: Callable[[Active, int], tuple[int, int | None] | None] = lambda active, at: None
        """Asked at the end of an instance, with its time: when its job fires next, if that follows from the end."""
        self.over: Callable[[Active], None] = lambda active: None
        self._tasks: set[asyncio.Task[None]] = set()
        instances_.told = self.told

    # ---------------------------------------------------------------- the start

    def enter(self, active: Active, *, serial: int | None = None, going: bool = False) -> None:
        """A new instance comes before the limits. It starts when they let it in and its row is durable. `going`: an
        earlier server has let it in."""
        row = active.row
        self._roster.add(active)
        ticket = Ticket(instance=row.id, job=row.job, group=row.group, priority=row.priority, serial=serial)
        if going:
            self._gate.force(ticket)
        active.admitted = going or self._gate.enter(ticket)

    def durable(self, active: Active) -> None:
        """Its row is in the store."""
        active.durable = True
        self._tell(active, None, active.status)
        self._go(active)

    def resume(self, active: Active) -> None:
        """Its row was in the store before this server started."""
        active.durable = True
        self._go(active)

    def dropped(self, active: Active) -> None:
        """Its row is not in the store: it never was."""
        self._roster.remove(active)
        self.admit(self._gate.leave(active.id))

    def admit(self, tickets: Iterable[Ticket]) -> None:
        """The limits let these in."""
        for ticket in tickets:
            active = self._roster.by_id.get(ticket.instance)
            if active is not None:
                active.admitted = True
                self._go(active)

    def _go(self, active: Active) -> None:
        if active.durable and active.admitted and not active.fired and not active.ending:
            active.fired = True
            if not self._begun_at_once(active):
                self._spawn(self._fire(active))

    def _spawn(self, coro: Any) -> None:
        task: asyncio.Task[None] = asyncio.get_running_loop().create_task(coro)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def _begun_at_once(self, active: Active) -> bool:
        """Whether nothing had to be asked, or told of: as nearly always. A thousand of one tick need no task each."""
        if active.stopped:
            return False
        try:
            bound = self._worker.host.dispatch(active.loaded.job, active.loaded.binding)
            if not self.health.is_known_good(bound):
                return False
            self._instances.begin(_firing(active))
        except Exception:  # noqa: BLE001 - nothing was begun. It happens again in a task of its own, which says so
            return False
        active.settled.set()
        return True

    async def _fire(self, active: Active) -> None:
        row, loaded = active.row, active.loaded
        while True:
            if active.stopped:
                return self._end(active, never_started(active.stopped), [])
            try:
                bound = self._worker.host.dispatch(loaded.job, loaded.binding)
                if not self.health.is_known_good(bound) and (why := await self.health.trouble(bound)):
                    return self._end(active, no_worker(why), [], missed=why)
                if active.stopped:
                    continue
                self._instances.begin(_firing(active))
            except StateUnusable as error:
                _log.warning("instance %d waits: %s", row.id, error)
                await asyncio.sleep(_AGAIN)
                continue
            except BadJob as error:
                text = "; ".join(map(str, error.problems))
                outcome = Outcome(
                    cause=Cause.REJECTED, result=text, evidence=[Evidence(source="server", text=str(error))]
                )
                return self._end(active, outcome, [], refused=text)
            except AnyJobError as error:
                return self._end(active, no_worker(str(error)), [], missed=str(error))
            active.settled.set()
            return None

    # ---------------------------------------------------------------- what becomes of it

    def told(self, live: LiveInstance) -> None:
        """A run of an instance began or ended, or all is over."""
        active = self._roster.by_id.get(live.firing.instance)
        if active is None or active.ending:
            return
        if active.begun is None and live.runs:
            self.begun(active, self._clock.now())
        if live.ended is not None:
            # What the run needs is not here: nothing was started.
            missed = live.ended.result if live.ended.cause is Cause.DEPENDENCY_MISSING else ""
            self._end(active, live.ended, [run.name for run in live.runs], missed=missed)

    def begun(self, active: Active, at: int) -> None:
        """Its first run was accepted at that time, epoch ms."""
        active.begun = at
        before = active.status
        active.status = InstanceStatus.RUNNING
        self.watch_timeout(active)
        self._pen.late(
            Note(
                transition=Transition(
                    id=active.id,
                    to=InstanceStatus.RUNNING,
                    expect=_WAITS,
                    values={"start_time": at, "work_addr": self._worker.node},
                ),
                then=lambda changed: self._tell(active, before, InstanceStatus.RUNNING) if changed else None,
            )
        )

    def watch_timeout(self, active: Active, *, told: bool = False) -> None:
        """Tell once when it takes longer than its Timeout. `told`: that has been done."""
        job = active.loaded.job
        active.late = told
        if job.timeout_enable and active.begun is not None and not told:
            self.timeouts.set(active.id, active.begun + job.timeout * 1000)

    def _end(self, active: Active, outcome: Outcome, runs: list[str], *, missed: str = "", refused: str = "") -> None:
        self.ended(active, outcome, runs, self._clock.now(), missed=missed, refused=refused)

    def ended(
        self,
        active: Active,
        outcome: Outcome,
        runs: list[str],
        at: int,
        *,
        missed: str = "",
        refused: str = "",
    ) -> None:
        """It is over, at `at` (epoch ms). `missed`, `refused`: why there was no run at all."""
        active.ending, active.ended = True, at
        active.settled.set()
        self.timeouts.set(active.id, None)
        row, loaded, before = active.row, active.loaded, active.status
        result = result_of(outcome, active.stopped, loaded.job.timeout if loaded.job.timeout_kill_enable else None)
        values = {"end_time": at, "progress": self.progress(row.id)}
        transition = end_of(row.id, outcome, runs, values, result)
        active.status = transition.to
        following = self.after_end(active, at)
        kind, why = (Reason.NO_WORKER, missed) if missed else (Reason.REFUSED, refused)
        said = [ReasonRow(job=row.job, at=at, schedule_time=row.schedule_time, kind=kind, text=why)] if why else []
        active.last = loaded.job.time_type is TimeType.ONE_TIME and row.trigger is TriggerType.SCHEDULED

        def over(changed: bool) -> None:  # noqa: FBT001 - a callback
            self._forget(active.id)
            self._roster.remove(active)
            if changed:
                self._tell(active, before, active.status, outcome.result or outcome.cause.value)
            self.over(active)

        self._pen.soon(
            Note(
                transition=transition,
                beside=self._told_of(active, outcome, at, missed),
                reasons=said,
                nexts=[] if following is None else [following],
                gone=[row.job] if active.last else [],
                then=over,
            )
        )
        self.admit(self._gate.leave(row.id))

    def _told_of(self, active: Active, outcome: Outcome, at: int, missed: str) -> list[Beside]:
        job, row = active.loaded.job, active.row
        said: list[OutboxRow] = []
        if missed and job.miss_worker_enable:
            said.append(alert(Alert.MISS_WORKER, job, row, at, why=missed))
        if outcome.ok and job.success_notice_enable:
            said.append(alert(Alert.SUCCESS, job, row, at, result=outcome.result))
        if outcome.cause is Cause.TIMED_OUT and job.timeout_enable and not active.late:
            said.append(alert(Alert.TIMEOUT, job, row, at, timeout=job.timeout, killed=True))
        beside: list[Beside] = [lambda c: said] if said else []
        if not outcome.ok and job.fail_enable:

            def failures(c: Connection) -> list[OutboxRow]:
                count = instances.failures_in_a_row(c, row.job)
                if not fail_alert_due(job, count):
                    return []
                cause, result = outcome.cause.value, outcome.result
                return [alert(Alert.FAIL, job, row, at, failures=count, cause=cause, result=result)]

            beside.append(failures)
        return beside

    def _forget(self, instance: int) -> None:
        """The end is durable here; the worker need not keep it."""
        if instance not in self._instances.live:
            return
        try:
            self._instances.forget(instance)
        except OSError as error:
            _log.warning("instance %d cannot be forgotten yet: %s", instance, error)
            asyncio.get_running_loop().call_later(_AGAIN, self._forget, instance)

    def progress(self, instance: int) -> str:
        """`done/total` of an instance that runs, as its job said last; empty: it said nothing."""
        live = self._instances.live.get(instance)
        done = live.runs[-1].progress if live is not None and live.runs else None
        return "" if done is None else f"{done[0]}/{done[1]}"

    # ---------------------------------------------------------------- stops and delays

    def stop(self, active: Active, who: str) -> None:
        """Stop it, durably before this returns where it runs; one that waits ends at once. Raises StateUnusable."""
        if not active.stopped:
            active.stopped, active.stopped_at = who, self._clock.now()
        if active.id in self._instances.live:
            try:
                self._instances.stop(active.id, by=active.stopped, at=active.stopped_at)
            except OSError as error:
                why = f"{error.strerror}; whether a later start goes on with the stop is not known"
                raise StateUnusable(self._worker.folder.path, why) from error
        elif not active.fired and not active.ending and active.durable:
            self._end(active, never_started(who), [])

    async def stopped(self, active: Active) -> None:
        """Wait until a stop outlives this process."""
        if active.id not in self._instances.live and not active.ending:
            await active.settled.wait()  # it is just being fired: that ends it, or hands it to the worker
        if active.id not in self._instances.live:
            await self._pen.flushed()

    def _timed_out(self, due: Iterable[Due]) -> None:
        for at, instance in due:
            active = self._roster.by_id.get(instance)
            if active is None or active.ending:
                continue
            active.late = True
            job, row = active.loaded.job, active.row
            entry = alert(Alert.TIMEOUT, job, row, at, timeout=job.timeout, killed=job.timeout_kill_enable)
            # The same state again, with a note: an alert that was written once is not written by a later start.
            self._pen.soon(
                Note(
                    transition=Transition(
                        id=instance,
                        to=InstanceStatus.RUNNING,
                        expect=_GOING,
                        values={"note": f"takes longer than its Timeout of {job.timeout} s"},
                    ),
                    beside=[lambda c, entry=entry: [entry]],
                )
            )

    def _tell(self, active: Active, before: InstanceStatus | None, after: InstanceStatus, why: str = "") -> None:
        if not self._worker.host.observers.of_instances:
            return
        self._worker.host.observers.instance_changed(
            InstanceChange(
                job_name=active.loaded.row.name,
                job_id=active.row.job,
                instance=active.id,
                before=before,
                after=after,
                at=self._clock.now(),
                why=why,
            )
        )

    async def close(self) -> None:
        """Start nothing more. What runs goes on."""
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)


def _firing(active: Active) -> Firing:
    row, loaded = active.row, active.loaded
    return Firing(
        job=loaded.job,
        instance=row.id,
        job_id=row.job,
        parameters=row.parameters,
        schedule_time=row.schedule_time,
        data_time=row.data_time,
        trigger=row.trigger,
        binding=loaded.binding,
    )
