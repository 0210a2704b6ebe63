"""sharding: one task a shard of the job's Parameters (`0=beijing,1=shanghai`).

The syntax and the messages are SchedulerX's. Blanks around an entry, empty entries and CRLF are forgiven; a value may
hold `=`.

Sources: SchedulerX user guide, sharding, shard parameters; SchedulerX worker for Go, sharding_task_master.go.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from anyjob.executor.capabilities import Phase
from anyjob.job import BadJob, Job
from anyjob.modes.mode import PLAIN, Mode, TaskPlan, tries
from anyjob.outcome import Cause, Evidence, Outcome
from anyjob.problem import Problem
from anyjob.run import Shard

__all__ = ["ShardingMode"]


class ShardingMode(Mode):
    """The instance succeeds when every shard does. Non-empty instance parameters replace the job's Parameters."""

    def plan(self, job: Job, instance_parameters: str, phases: frozenset[Phase] = PLAIN) -> list[TaskPlan]:
        del phases
        field = "InstanceParameters" if instance_parameters else "Parameters"
        text = instance_parameters or job.parameters
        entries = [entry.strip() for entry in re.split(r"[,\r\n]", text) if entry.strip()]
        problems: list[Problem] = []
        if not entries:
            problems.append(
                Problem(field=field, value=text, remedy="sharding parameters is empty; write them like 0=a,1=b,2=c")
            )
        shards: dict[int, str] = {}
        for entry in entries:
            ident, equals, value = entry.partition("=")
            if not equals:
                problems.append(
                    Problem(field=field, value=entry, remedy="invalid sharding parameters, should be like 0=a,1=b,2=c")
                )
            elif not re.fullmatch(r"[0-9]{1,9}", ident.strip()):
                remedy = f"invalid sharding parameters, shardingId is not digit, shardingId={ident.strip()}"
                problems.append(Problem(field=field, value=entry, remedy=remedy))
            elif int(ident) in shards:
                problems.append(Problem(field=field, value=entry, remedy=f"shardingId={int(ident)} is duplicated"))
            else:
                shards[int(ident)] = value.strip()
        if problems:
            raise BadJob(problems, job.name)
        attempts, interval = tries(job)
        return [
            TaskPlan(
                task=ident,
                name=str(ident),
                shard=Shard(id=ident, parameter=value, total=len(shards)),
                attempts=attempts,
                interval=interval,
            )
            for ident, value in shards.items()
        ]

    def fold(self, outcomes: Sequence[tuple[TaskPlan, Outcome]]) -> Outcome:
        failed = [(plan, outcome) for plan, outcome in outcomes if not outcome.ok]
        if not failed:
            return Outcome(
                cause=Cause.SUCCEEDED, evidence=[Evidence(source="sharding", text=f"{len(outcomes)} shards succeeded")]
            )
        said = [
            Evidence(source=f"shard {plan.task}", text=f"{_cause(outcome)}: {outcome.result}".rstrip(": "))
            for plan, outcome in failed
        ]
        first = failed[0][1]
        result = f"{len(failed)} of {len(outcomes)} shards failed: {', '.join(str(plan.task) for plan, _ in failed)}"
        return Outcome(cause=first.cause, code=first.code, result=result, evidence=said, stop=first.stop)


def _cause(outcome: Outcome) -> str:
    return outcome.cause.value if outcome.code is None else f"{outcome.cause.value} {outcome.code}"
