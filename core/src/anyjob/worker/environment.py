"""The environment of a run: the worker's own part, what the job sets, and what anyjob says."""

from __future__ import annotations

import json
from collections.abc import Mapping

from anyjob.run import RUN_FOLDER, RunFacts

__all__ = ["run_environment"]


def run_environment(run: RunFacts, base: Mapping[str, str], own: Mapping[str, str]) -> dict[str, str]:
    """`base`, then the job's own names, then ANYJOB_*. Names of files hold RUN_FOLDER, which the launcher replaces."""
    env = {**base, **own} if own else dict(base)
    env["ANYJOB_JOB_ID"] = str(run.job_id)
    env["ANYJOB_JOB_NAME"] = run.job.name
    env["ANYJOB_INSTANCE_ID"] = str(run.instance)
    env["ANYJOB_TASK_ID"] = str(run.task)
    env["ANYJOB_TASK_NAME"] = run.task_name
    env["ANYJOB_ATTEMPT"] = str(run.attempt)
    env["ANYJOB_RUN"] = run.name
    env["ANYJOB_KEY"] = run.key
    env["ANYJOB_PHASE"] = run.phase.value
    env["ANYJOB_PARAMETERS"] = run.parameters
    env["ANYJOB_INSTANCE_PARAMETERS"] = run.instance_parameters
    env["ANYJOB_SCHEDULE_TIME"] = str(run.schedule_time)
    env["ANYJOB_DATA_TIME"] = str(run.data_time)
    env["ANYJOB_TRIGGER_TYPE"] = str(int(run.trigger))
    env["ANYJOB_RESULT"] = RUN_FOLDER + "/result"
    env["ANYJOB_MAP"] = RUN_FOLDER + "/map"
    env["ANYJOB_PROGRESS"] = RUN_FOLDER + "/progress"
    env["ANYJOB_SECRETS"] = RUN_FOLDER + "/secrets"
    if run.shard is not None:
        env["ANYJOB_SHARD_ID"] = str(run.shard.id)
        env["ANYJOB_SHARD_PARAMETER"] = run.shard.parameter
        env["ANYJOB_SHARD_TOTAL"] = str(run.shard.total)
    if run.payload is not None:
        env["ANYJOB_TASK"] = json.dumps(run.payload)
    if run.upstream is not None:
        env["ANYJOB_UPSTREAM"] = json.dumps(run.upstream)
    if run.deadline is not None:
        env["ANYJOB_DEADLINE"] = str(int(run.deadline * 1000))
    return env
