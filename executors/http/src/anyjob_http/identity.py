"""The headers that tell the called side which run calls it."""

from __future__ import annotations

from typing import Final
from urllib.parse import quote

from anyjob.executor import Phase
from anyjob.run import RunFacts

__all__ = ["identity_headers"]

_LONGEST: Final = 4096


def identity_headers(run: RunFacts) -> dict[str, str]:
    """The facts of a run. Texts are UTF-8, percent-encoded: a name may hold any character, a header may not.

    Instance parameters over 4096 encoded characters are left out: servers refuse long headers.
    """
    facts: dict[str, object] = {
        "Job-Id": run.job_id,
        "Job-Name": quote(run.job.name, safe=""),
        "Instance-Id": run.instance,
        "Task-Id": run.task,
        "Attempt": run.attempt,
        "Run": run.name,
        "Key": run.key,
        "Schedule-Time": run.schedule_time,
        "Data-Time": run.data_time,
        "Trigger-Type": int(run.trigger),
    }
    if run.task_name:
        facts["Task-Name"] = quote(run.task_name, safe="")
    if run.phase is not Phase.PROCESS:
        facts["Phase"] = run.phase.value
    given = quote(run.instance_parameters, safe="")
    if given and len(given) <= _LONGEST:
        facts["Instance-Parameters"] = given
    if run.shard is not None:
        facts["Shard-Id"] = run.shard.id
        facts["Shard-Parameter"] = quote(run.shard.parameter, safe="")
        facts["Shard-Total"] = run.shard.total
    if run.deadline is not None:
        facts["Deadline"] = int(run.deadline * 1000)
    return {f"X-Anyjob-{name}": str(fact) for name, fact in facts.items()}
