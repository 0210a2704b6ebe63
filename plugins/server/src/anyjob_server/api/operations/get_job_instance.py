"""GetJobInstance."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from anyjob.job import TimeType
from anyjob.outcome import Json
from anyjob_server.api.instanceinfo import instance_info
from anyjob_server.api.operation import Call, Operation
from anyjob_server.api.scope import group_of, instance_of
from anyjob_server.store import jobs

_LONGEST: Final = 30
"""Seconds that a caller may be kept waiting: proxies give up after a minute."""


async def get_job_instance(call: Call) -> Mapping[str, Json]:
    """One instance; also of a job that was deleted since. While it goes on also which attempt this is, by whom it is
    being stopped, since when, and when it is forced.

    With WaitSeconds the answer comes when it has ended, at the latest after so long.
    """
    seconds = call.parameters.integer("WaitSeconds", least=0, most=_LONGEST)
    group, server = group_of(call), call.server
    row = instance_of(call, group)
    if seconds and not row.status.finished:
        await server.engine.ends.wait(row.id, seconds)
        row = instance_of(call, group)
    job = server.engine.known(row.job) or server.store.read_now(lambda c: jobs.get(c, row.job, removed=True))
    time_type = TimeType.NONE if job is None else job.time_type
    told = instance_info(row, time_type, server.zone, server.engine.progress(row.id))
    told |= {
        "JobName": "" if job is None else job.name,
        "Parameters": row.parameters,
        "TraceId": row.trace_id,
    }
    by, at = server.engine.stop_of(row.id)
    if by:
        told |= {"StoppedBy": by, "StopTimestamp": at}
        if (force := server.engine.force_of(row.id)) is not None:
            told["ForceTimestamp"] = force
    if not row.status.finished and (attempt := server.engine.attempt_of(row.id)) is not None:
        told |= {"Attempt": attempt.number, "Attempts": attempt.most}
        if attempt.next_at is not None:
            told["NextAttemptTimestamp"] = int(attempt.next_at * 1000)
    return {"Data": {"JobInstanceDetail": told}}


OPERATION = Operation(
    name="GetJobInstance",
    handle=get_job_instance,
    action="instance.read",
    needed=("Namespace", "GroupId", "JobInstanceId"),
    takes=("JobId", "WaitSeconds"),
)
