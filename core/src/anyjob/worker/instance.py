"""Instances upon runs: the tasks that a mode plans, their attempts, and the folded result. Durable like the runs
themselves."""

from __future__ import annotations

import asyncio
import itertools
import secrets
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from anyjob.errors import AnyJobError
from anyjob.job import Job
from anyjob.modes import TaskPlan, mode_of, tuned
from anyjob.outcome import Cause, Evidence, Outcome, StopReport, Strength
from anyjob.status import TriggerType
from anyjob.worker.order import RunOrder
from anyjob.worker.retry import retry_after
from anyjob.worker.worker import LiveRun, Worker

if TYPE_CHECKING:
    from anyjob.plugins.binding import Binding

__all__ = ["Firing", "Instances", "LiveInstance", "new_instance_id"]


def new_instance_id() -> int:
    """A number that no other state folder is likely to give: epoch milliseconds and 20 bits that begin at random.

    Never the same twice in one process: they count on, and a million a millisecond is more than anybody makes.
    """
    return (int(time.time() * 1000) << 20) | (next(_count) & 0xFFFFF)


_count = itertools.count(secrets.randbits(20))


@dataclass(frozen=True, slots=True, kw_only=True)
class Firing:
    """What makes an instance. Times are epoch milliseconds."""

    job: Job
    instance: int
    job_id: int = 0
    parameters: str = ""
    schedule_time: int = 0
    data_time: int = 0
    trigger: TriggerType = TriggerType.API


class LiveInstance:
    """An instance that is going or over. `runs` are those of every task and attempt so far."""

    def __init__(self, firing: Firing, plans: list[TaskPlan]) -> None:
        self.firing, self.plans = firing, plans
        self.runs: list[LiveRun] = []
        self.ended: Outcome | None = None
        self.done: dict[int, Outcome] = {}
        self.changed = asyncio.Event()
        """Set whenever a run began or ended; whoever shows the instance clears it."""
        self.stopping = asyncio.Event()
        self.task: asyncio.Task[Outcome] | None = None

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
    """All instances of a worker. A part of its ledger.

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
        self.live: dict[int, LiveInstance] = {}
        self._refs: dict[int, int] = {}
        self._replayed: dict[int, tuple[Firing, Outcome | None, bool]] = {}
        worker.add_part(self)

    async def fire(self, firing: Firing) -> LiveInstance:
        """Begin an instance; durable on return. The same number again gives the same instance.

        Raises BadJob, UnknownJobType, PluginError, ModeRefused: then nothing was begun.
        """
        known = self.live.get(firing.instance)
        if known is not None:
            return known
        mode = mode_of(firing.job)
        binding = self._worker.host.bind(firing.job)
        plans = mode.plan(firing.job, firing.parameters)
        self._refs[firing.instance] = self._worker.shelf.take(firing.job, binding)
        self._worker.write({"m": "instance", **self._firing_line(firing)})
        return self._drive(LiveInstance(firing, plans), binding)

    async def resume(self) -> list[LiveInstance]:
        """Go on with what an earlier worker left; call once, when the worker has started."""
        for firing, ended, stopped in self._replayed.values():
            live = LiveInstance(firing, mode_of(firing.job).plan(firing.job, firing.parameters))
            self.live[firing.instance] = live
            live.ended = ended
            live.runs = [run for run in self._worker.live.values() if run.record.order.instance == firing.instance]
            if stopped:
                live.stopping.set()
            if ended is None:
                self._drive(live, None)
        self._replayed.clear()
        return list(self.live.values())

    def stop(self, instance: int, *, force: bool = False) -> None:
        """Stop an instance, durably: also a later worker will not go on with it."""
        live = self.live[instance]
        if not live.stopping.is_set() and live.ended is None:
            self._worker.write({"m": "instance_stop", "id": instance})
        live.stop(force=force)

    def forget(self, instance: int) -> None:
        """The outcome is kept elsewhere. Only for instances that are over."""
        live = self.live.pop(instance)
        for run in live.runs:
            self._worker.forget(run.name)
        self._worker.write({"m": "instance_forgot", "id": instance})
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
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(self._task(live, plan, binding, width)) for plan in live.plans]
        outcomes = [task.result() for task in tasks]
        outcome = mode_of(live.firing.job).fold(list(zip(live.plans, outcomes, strict=True)))
        self._worker.write({"m": "instance_ended", "id": live.firing.instance, "outcome": outcome.to_json()})
        live.ended = outcome
        live.changed.set()
        return outcome

    async def _task(
        self, live: LiveInstance, plan: TaskPlan, binding: Binding | None, width: asyncio.Semaphore
    ) -> Outcome:
        earlier = [run for run in live.runs if run.record.order.task == plan.task]
        attempt = max((run.record.order.attempt for run in earlier), default=0)
        run = max(earlier, key=lambda one: one.record.order.fence, default=None)
        async with width:
            while True:
                if run is None:
                    if live.stopping.is_set():
                        return _not_started(plan)
                    run = await self._submit(live, plan, attempt, binding)
                    if isinstance(run, Outcome):
                        return run
                if live.stopping.is_set():
                    run.stop()
                outcome = await run.outcome()
                live.done[plan.task] = outcome
                live.changed.set()
                wait = None if live.stopping.is_set() else retry_after(outcome, attempt, plan)
                if wait is None:
                    return outcome
                # From the end of the run, so that a worker that takes over does not wait anew.
                if await self._stopped_within(live, wait - (time.time() - (run.record.ended or 0))):
                    return outcome
                attempt, run = attempt + 1, None

    async def _submit(
        self, live: LiveInstance, plan: TaskPlan, attempt: int, binding: Binding | None
    ) -> LiveRun | Outcome:
        firing, job = live.firing, live.firing.job
        order = RunOrder(
            job=job,
            job_id=firing.job_id,
            instance=firing.instance,
            task=plan.task,
            task_name=plan.name,
            attempt=attempt,
            fence=attempt + 1,
            shard=plan.shard,
            instance_parameters=firing.parameters,
            schedule_time=firing.schedule_time,
            data_time=firing.data_time,
            trigger=firing.trigger,
            deadline=time.time() + job.timeout if job.timeout_kill_enable else None,
            binding=binding,
        )
        try:
            run = await self._worker.submit(order)
        except AnyJobError as error:
            # The job was good when it was fired; since then a plugin went away.
            return Outcome(
                cause=Cause.REJECTED, result=str(error), evidence=[Evidence(source="worker", text=str(error))]
            )
        live.runs.append(run)
        live.changed.set()
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
                job, _ = self._worker.shelf.again(line["job"])
                firing = Firing(
                    job=job,
                    instance=ident,
                    job_id=line["job_id"],
                    parameters=line["parameters"],
                    schedule_time=line["schedule_time"],
                    data_time=line["data_time"],
                    trigger=TriggerType(line["trigger"]),
                )
                self._replayed[ident] = (firing, None, False)
            case "instance_stop":
                self._replayed[ident] = (self._replayed[ident][0], None, True)
            case "instance_ended":
                firing, _, stopped = self._replayed[ident]
                self._replayed[ident] = (firing, Outcome.from_json(line["outcome"]), stopped)
            case _:
                del self._replayed[ident]
                self._worker.shelf.give(self._refs.pop(ident))

    def lines(self) -> Iterable[Mapping[str, Any]]:
        state = {ident: (live.firing, live.ended, live.stopping.is_set()) for ident, live in self.live.items()}
        for ident, (firing, ended, stopped) in (self._replayed | state).items():
            yield {"m": "instance", **self._firing_line(firing)}
            if stopped:
                yield {"m": "instance_stop", "id": ident}
            if ended is not None:
                yield {"m": "instance_ended", "id": ident, "outcome": ended.to_json()}


def _not_started(plan: TaskPlan) -> Outcome:
    text = f"task {plan.task} was stopped before it started"
    return Outcome(
        cause=Cause.STOPPED,
        evidence=[Evidence(source="worker", text=text)],
        stop=StopReport(strength=Strength.PROVEN, by="never started"),
    )
