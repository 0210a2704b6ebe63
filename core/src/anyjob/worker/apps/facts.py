"""What a program is told of a run."""

from __future__ import annotations

from collections.abc import Mapping
from typing import cast

from anyjob.outcome import Json
from anyjob.run import RUN_FOLDER, Run

__all__ = ["facts", "secrets"]


def facts(run: Run) -> dict[str, Json]:
    """The run as JSON. The environment lacks the names of files: only a command has a run folder."""
    shard = run.shard
    environment: dict[str, Json] = {name: v for name, v in run.environment().items() if RUN_FOLDER not in v}
    return {
        "job": run.job.name,
        "job_type": run.job.job_type,
        "job_id": run.job_id,
        "instance": run.instance,
        "task": run.task,
        "task_name": run.task_name,
        "attempt": run.attempt,
        "fence": run.fence,
        "key": run.key,
        "phase": run.phase.value,
        "parameters": run.parameters,
        "instance_parameters": run.instance_parameters,
        "shard": None if shard is None else {"id": shard.id, "parameter": shard.parameter, "total": shard.total},
        "payload": run.payload,
        "upstream": run.upstream,
        "schedule_time": run.schedule_time,
        "data_time": run.data_time,
        "trigger": int(run.trigger),
        "deadline": None if run.deadline is None else int(run.deadline * 1000),
        "grace": run.grace,
        "environment": environment,
        "saved": run.saved,
    }


def secrets(run: Run) -> dict[str, str]:
    """The secrets that the job names, by its own names. Raises SecretMissing."""
    named = cast("Mapping[str, str]", run.job.xattrs.get("secrets") or {})  # CommonXAttrs has checked it
    return {name: run.secret(name) for name in named}
