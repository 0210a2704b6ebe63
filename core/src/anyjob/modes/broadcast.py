"""broadcast: the same task on every worker of the app group.

One worker so far, so one task, shard 0 of 1. What comes before and after all tasks (`preProcess`, `postProcess`) runs
once, for types that have such parts.

Source: SchedulerX user guide, broadcast, preProcess and postProcess.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from anyjob.executor.capabilities import Phase
from anyjob.job import Job
from anyjob.modes.mode import PLAIN, Mode, TaskPlan, tries
from anyjob.outcome import Cause, Evidence, Outcome
from anyjob.run import Shard

__all__ = ["BroadcastMode"]

_WORKERS: Final = 1


class BroadcastMode(Mode):
    """The instance succeeds when every worker's task does, and what frames them. The result is that of `POST`.

    Task 0 and up are the workers', those after them `PRE` and `POST`. SchedulerX sets no parameter of the shard here.
    """

    def plan(self, job: Job, instance_parameters: str, phases: frozenset[Phase] = PLAIN) -> list[TaskPlan]:
        del instance_parameters
        attempts, interval = tries(job)
        plans = [
            TaskPlan(
                task=task,
                name=str(task) if _WORKERS > 1 else "",
                shard=Shard(id=task, parameter="", total=_WORKERS),
                attempts=attempts,
                interval=interval,
            )
            for task in range(_WORKERS)
        ]
        frame = [(Phase.PRE, _WORKERS), (Phase.POST, _WORKERS + 1)]
        plans += [
            TaskPlan(task=task, name=phase.value, attempts=attempts, interval=interval, phase=phase)
            for phase, task in frame
            if phase in phases
        ]
        return plans

    def fold(self, outcomes: Sequence[tuple[TaskPlan, Outcome]]) -> Outcome:
        failed = [(plan, outcome) for plan, outcome in outcomes if not outcome.ok]
        post = next((outcome for plan, outcome in outcomes if plan.phase is Phase.POST), None)
        if len(outcomes) == 1:
            return outcomes[0][1]
        if not failed:
            text = f"{sum(plan.phase is Phase.PROCESS for plan, _ in outcomes)} tasks succeeded"
            done = post or outcomes[0][1]
            return Outcome(
                cause=Cause.SUCCEEDED,
                result=done.result,
                outputs=done.outputs,
                evidence=[Evidence(source="broadcast", text=text), *done.evidence],
                stop=done.stop,
            )
        first = failed[0][1]
        said = [
            Evidence(source=_where(plan), text=f"{outcome.cause.value}: {outcome.result}".rstrip(": "))
            for plan, outcome in failed
        ]
        result = post.result if post is not None and post.result else first.result
        return Outcome(cause=first.cause, code=first.code, result=result, evidence=said, stop=first.stop)


def _where(plan: TaskPlan) -> str:
    return f"worker {plan.task}" if plan.phase is Phase.PROCESS else plan.phase.value
