"""Instances upon runs: the tasks that a mode plans, their attempts, and the folded result. Durable like the runs
themselves."""

from __future__ import annotations

import asyncio
import itertools
import logging
import secrets
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, TypeAlias, cast

from anyjob.errors import AnyJobError, StateUnusable
from anyjob.executor.capabilities import Phase
from anyjob.job import Job
from anyjob.modes import PLAIN, TaskPlan, mode_of, tuned
from anyjob.outcome import Cause, Evidence, Json, Outcome, StopReport, Strength, because
from anyjob.status import TaskStatus, TriggerType
from anyjob.worker.order import RunOrder
from anyjob.worker.retry import retry_after, stopped_before, with_attempts
from anyjob.worker.verdict import not_again
from anyjob.worker.worker import LiveRun, Worker

if TYPE_CHECKING:
    from anyjob.plugins.binding import Binding

__all__ = ["Firing", "Instances", "LiveInstance", "new_instance_id"]

_AGAIN: Final = 1.0
"""Seconds until what could not be written is tried again."""
_PHASES: Final = (Phase.PRE, Phase.PROCESS, Phase.POST)

_log = logging.getLogger(__name__)
_Asked: TypeAlias = tuple[str, int | None]


def new_instance_id() -> int:
    """A number that no other state folder is likely to give: epoch milliseconds and 20 bits that begin at random.

    Never the same twice in one process: they count on, and a million a millisecond is more than anybody makes.
    """
    return (int(time.time() * 1000) << 20) | (next(_count) & 0xFFFFF)


_count = itertools.count(secrets.randbits(20))


@dataclass(frozen=True, slots=True, kw_only=True)
class Firing:
    """What makes an instance. Times are epoch milliseconds.

    `binding`: the one that is stored with the job; None: it goes to whoever serves its type now. Give the same Job and
    Binding objects for each firing of a job: checking one costs more than running a small one.
    """

    job: Job
    instance: int
    job_id: int = 0
    parameters: str = ""
    schedule_time: int = 0
    data_time: int = 0
    trigger: TriggerType = TriggerType.API
    binding: Binding | None = field(default=None, compare=False)


class LiveInstance:
    """An instance that is going or over. `runs` are those of every task and attempt so far."""

    def __init__(
        self, firing: Firing, plans: list[TaskPlan], told: Callable[[LiveInstance], None] | None = None
    ) -> None:
        """`told` is called on the loop whenever a run began or ended, and at the end."""
        self.firing, self.plans, self._told = firing, plans, told
        self.runs: list[LiveRun] = []
        self.ended: Outcome | None = None
        self.done: dict[int, Outcome] = {}
        self.changed = asyncio.Event()
        """Set whenever a run began or ended; whoever shows the instance clears it."""
        self.stopping = asyncio.Event()
        self.asked: _Asked = "", None
        """Who asked for its stop, as far as that was said, and when, epoch ms; also of an earlier worker."""
        self.task: asyncio.Task[Outcome] | None = None

    def note(self) -> None:
        """A run began or ended, or all is over."""
        self.changed.set()
        if self._told is not None:
            self._told(self)

    async def outcome(self) -> Outcome:
        """Wait for the end of all tasks. Cancelling the wait does not touch them."""
        if self.ended is None:
            assert self.task is not None
            return await asyncio.shield(self.task)
        return self.ended

    def stop(self, *, force: bool = False) -> None:
        """Start nothing more, and stop what is going. `force` skips the rest of the grace."""
        self.stopping.set()
        for run in self.runs:
            run.stop(force=force)


class Instances:
    """All instances of a worker. Implements `LedgerPart`.

    instances = Instances(worker)      # before the worker starts
    async with worker:
        await instances.resume()
        live = await instances.fire(Firing(job=job, instance=new_instance_id()))
        outcome = await live.outcome()
        instances.forget(live.firing.instance)
    """

    kinds = frozenset({"instance", "instance_stop", "instance_ended", "instance_forgot"})

    def __init__(self, worker: Worker) -> None:
        self._worker = worker
        self.told: Callable[[LiveInstance], None] | None = None
        """Called on the loop whenever a run of an instance began or ended, and at the instance's end: for whoever keeps
        many and waits for none. Set it before `resume` and `fire`."""
        self.live: dict[int, LiveInstance] = {}
        self._refs: dict[int, int] = {}
        self._replayed: dict[int, tuple[Firing, Outcome | None, _Asked | None]] = {}
        worker.add_part(self)

    async def fire(self, firing: Firing) -> LiveInstance:
        """`begin`, to be awaited. Raises as it does."""
        return self.begin(firing)

    def begin(self, firing: Firing) -> LiveInstance:
        """Begin an instance, on the loop; durable on return. The same number again gives the same instance.

        Raises BadJob, UnknownJobType, PluginError, ModeRefused, StateUnusable: then nothing was begun.
        """
        known = self.live.get(firing.instance)
        if known is not None:
            return known
        mode = mode_of(firing.job)
        binding = firing.binding or self._worker.bind(firing.job)
        phases = self._worker.host.dispatch(firing.job, binding).capabilities.phases
        plans = mode.plan(firing.job, firing.parameters, phases)
        try:
            ref = self._refs[firing.instance] = self._worker.shelf.take(firing.job, binding)
            try:
                self._worker.write({"m": "instance", **self._firing_line(firing)})
            except OSError:
                self._worker.shelf.give(ref)
                del self._refs[firing.instance]
                raise
        except OSError as error:
            raise StateUnusable(self._worker.folder.path, f"{error.strerror}; nothing was begun") from error
        return self._drive(LiveInstance(firing, plans, self.told), binding)

    async def resume(self) -> list[LiveInstance]:
        """Go on with what an earlier worker left; call once, when the worker has started."""
        for firing, ended, stopped in self._replayed.values():
            live = LiveInstance(firing, self._plans(firing), self.told)
            self.live[firing.instance] = live
            live.ended = ended
            live.runs = [run for run in self._worker.live.values() if run.record.order.instance == firing.instance]
            if stopped is not None:
                live.asked = stopped
                live.stopping.set()
            if ended is None:
                self._drive(live, firing.binding)
        self._replayed.clear()
        return list(self.live.values())

    def _plans(self, firing: Firing) -> list[TaskPlan]:
        try:
            phases = self._worker.host.dispatch(firing.job, firing.binding).capabilities.phases
        except AnyJobError:  # its plugin went away: what it still has to start ends as refused
            phases = PLAIN
        return mode_of(firing.job).plan(firing.job, firing.parameters, phases)

    def stop(self, instance: int, *, force: bool = False, by: str = "", at: int | None = None) -> None:
        """Stop an instance, durably: also a later worker will not go on with it. `by` asked for it at `at`, epoch ms:
        kept of the first who did."""
        live = self.live[instance]
        if not live.stopping.is_set() and live.ended is None:
            self._worker.write(_stop_line(instance, (by, at)))
            live.asked = by, at
        live.stop(force=force)

    def forget(self, instance: int) -> None:
        """The outcome is kept elsewhere. Only for instances that are over. Raises OSError (a full disk): call again."""
        live = self.live[instance]
        for run in live.runs:
            self._worker.forget(run.name)
        self._worker.write({"m": "instance_forgot", "id": instance})
        del self.live[instance]
        self._worker.shelf.give(self._refs.pop(instance))

    async def close(self) -> None:
        """Stop driving; runs and instances go on with the next worker."""
        tasks = [live.task for live in self.live.values() if live.task is not None]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    # ---------------------------------------------------------------- driving

    def _drive(self, live: LiveInstance, binding: Binding | None) -> LiveInstance:
        self.live[live.firing.instance] = live
        live.task = asyncio.get_running_loop().create_task(self._live(live, binding))
        return live

    async def _live(self, live: LiveInstance, binding: Binding | None) -> Outcome:
        width = asyncio.Semaphore(tuned(live.firing.job, "consumerSize", live.firing.job.consumer_size))
        outcomes: list[tuple[TaskPlan, Outcome]] = []
        for phase in _PHASES:
            plans = [plan for plan in live.plans if plan.phase is phase]
            results = _results(outcomes) if plans and phase is Phase.POST else None
            if len(plans) == 1:
                outcomes.append((plans[0], await self._task(live, plans[0], binding, width, results)))
            elif plans:
                async with asyncio.TaskGroup() as group:
                    tasks = [group.create_task(self._task(live, plan, binding, width, results)) for plan in plans]
                outcomes += [(plan, task.result()) for plan, task in zip(plans, tasks, strict=True)]
            if phase is Phase.PRE and not all(outcome.ok for _, outcome in outcomes):
                break
        outcome = mode_of(live.firing.job).fold(outcomes)
        line = {"m": "instance_ended", "id": live.firing.instance, "outcome": outcome.to_json()}
        written = self._written(line)
        while not written:
            await asyncio.sleep(_AGAIN)
            written = self._written(line)
        live.ended = outcome
        live.note()
        return outcome

    def _written(self, line: Mapping[str, object]) -> bool:
        """False on a full disk: an end waits then, because it must not get lost."""
        try:
            self._worker.write(line)
        except OSError as error:
            _log.warning("the worker's ledger cannot be written, trying again: %s", error)
            return False
        return True

    async def _task(
        self,
        live: LiveInstance,
        plan: TaskPlan,
        binding: Binding | None,
        width: asyncio.Semaphore,
        results: list[Json] | None,
    ) -> Outcome:
        earlier = [run for run in live.runs if run.record.order.task == plan.task]
        attempt = max((run.record.order.attempt for run in earlier), default=0)
        run = max(earlier, key=lambda one: one.record.order.fence, default=None)
        async with width:
            while True:
                if run is None:
                    if live.stopping.is_set():
                        return stopped_before(live.runs, plan.task, attempt) or _not_started(plan)
                    run = await self._submit(live, plan, attempt, binding, results)
                    if isinstance(run, Outcome):
                        return with_attempts(run, live.runs, plan.task, attempt)
                    if run is None:
                        continue
                if live.stopping.is_set():
                    run.stop()
                outcome = await run.outcome()
                live.done[plan.task] = outcome
                live.note()
                wait = retry_after(outcome, attempt, plan)
                if wait is None:
                    return with_attempts(outcome, live.runs, plan.task, attempt)
                # From the end of the run, so that a worker that takes over does not wait anew. After it by any clock:
                # one that was set back meanwhile would have the attempt wait for as long.
                waited = max(0.0, time.time() - (run.record.ended or 0))
                if live.stopping.is_set() or await self._stopped_within(live, wait - waited):
                    return not_again(with_attempts(outcome, live.runs, plan.task, attempt), attempt + 1)
                attempt, run = attempt + 1, None

    async def _submit(
        self, live: LiveInstance, plan: TaskPlan, attempt: int, binding: Binding | None, results: list[Json] | None
    ) -> LiveRun | Outcome | None:
        """None: not yet, try again."""
        firing, job = live.firing, live.firing.job
        order = RunOrder(
            job=job,
            job_id=firing.job_id,
            instance=firing.instance,
            task=plan.task,
            task_name=plan.name,
            attempt=attempt,
            fence=attempt + 1,
            phase=plan.phase,
            shard=plan.shard,
            results=cast("Json", results),
            instance_parameters=firing.parameters,
            schedule_time=firing.schedule_time,
            data_time=firing.data_time,
            trigger=firing.trigger,
            deadline=time.time() + job.timeout if job.timeout_kill_enable else None,
            binding=binding,
        )
        try:
            run = await self._worker.submit(order)
        except StateUnusable as error:
            # A full disk: the run waits for space, as an end does.
            _log.warning("%s; trying again", error)
            await self._stopped_within(live, _AGAIN)
            return None
        except AnyJobError as error:
            # The job was good when it was fired; since then a plugin went away.
            return because(Cause.REJECTED, "worker", str(error))
        live.runs.append(run)
        live.note()
        return run

    async def _stopped_within(self, live: LiveInstance, seconds: float) -> bool:
        try:
            async with asyncio.timeout(max(0.0, seconds)):
                await live.stopping.wait()
        except TimeoutError:
            return False
        return True

    # ---------------------------------------------------------------- the ledger

    def _firing_line(self, firing: Firing) -> dict[str, Any]:
        return {
            "id": firing.instance,
            "job": self._refs[firing.instance],
            "job_id": firing.job_id,
            "parameters": firing.parameters,
            "schedule_time": firing.schedule_time,
            "data_time": firing.data_time,
            "trigger": int(firing.trigger),
        }

    def replay(self, line: Mapping[str, Any]) -> None:
        ident = line["id"]
        match line["m"]:
            case "instance":
                self._refs[ident] = line["job"]
                job, binding = self._worker.shelf.again(line["job"])
                firing = Firing(
                    job=job,
                    instance=ident,
                    job_id=line["job_id"],
                    parameters=line["parameters"],
                    schedule_time=line["schedule_time"],
                    data_time=line["data_time"],
                    trigger=TriggerType(line["trigger"]),
                    binding=binding,
                )
                self._replayed[ident] = (firing, None, None)
            case "instance_stop":
                self._replayed[ident] = (self._replayed[ident][0], None, (line.get("by", ""), line.get("at")))
            case "instance_ended":
                firing, _, stopped = self._replayed[ident]
                self._replayed[ident] = (firing, Outcome.from_json(line["outcome"]), stopped)
            case _:
                if self._replayed.pop(ident, None) is not None:
                    self._worker.shelf.give(self._refs.pop(ident))

    def lines(self) -> Iterable[Mapping[str, Any]]:
        state = {
            ident: (live.firing, live.ended, live.asked if live.stopping.is_set() else None)
            for ident, live in self.live.items()
        }
        for ident, (firing, ended, stopped) in (self._replayed | state).items():
            yield {"m": "instance", **self._firing_line(firing)}
            if stopped is not None:
                yield _stop_line(ident, stopped)
            if ended is not None:
                yield {"m": "instance_ended", "id": ident, "outcome": ended.to_json()}


def _stop_line(instance: int, asked: _Asked) -> dict[str, Any]:
    by, at = asked
    return {"m": "instance_stop", "id": instance, **({"by": by, "at": at} if by else {})}


def _results(outcomes: Iterable[tuple[TaskPlan, Outcome]]) -> list[Json]:
    return [
        {
            "task": plan.task,
            "status": (TaskStatus.SUCCESS if outcome.ok else TaskStatus.FAILED).label,
            "result": outcome.result,
        }
        for plan, outcome in outcomes
        if plan.phase is Phase.PROCESS
    ]


def _not_started(plan: TaskPlan) -> Outcome:
    text = f"task {plan.task} was stopped before it started"
    return Outcome(
        cause=Cause.STOPPED,
        evidence=[Evidence(source="worker", text=text)],
        stop=StopReport(strength=Strength.PROVEN, by="never started"),
    )
