"""RetryJobInstance."""

from __future__ import annotations

from collections.abc import Mapping

from anyjob.outcome import Json
from anyjob_server.api.operation import Call, Operation
from anyjob_server.api.refusals import JobNotExisted
from anyjob_server.api.scope import group_of, instance_of
from anyjob_server.store import jobs


async def retry_job_instance(call: Call) -> Mapping[str, Json]:
    """Run an ended instance again, as a new instance whose trigger is 4. Data is an addition of ours.

    Raises JobNotExisted.
    """
    group = group_of(call)
    row = instance_of(call, group)
    job = call.server.store.read_now(lambda c: jobs.get(c, row.job))
    if job is None:
        raise JobNotExisted(row.job)
    call.allow(group, job.job)
    made = await call.server.engine.manual.retry(row)
    call.said["JobInstanceId"] = made
    return {"Data": {"JobInstanceId": made}}


OPERATION = Operation(
    name="RetryJobInstance",
    handle=retry_job_instance,
    action="job.execute",
    needed=("Namespace", "GroupId", "JobInstanceId"),
    takes=("JobId",),
)
