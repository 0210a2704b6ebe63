"""CreateJob."""

from __future__ import annotations

from collections.abc import Mapping

from anyjob.outcome import Json
from anyjob_server.api.jobfields import job_fields
from anyjob_server.api.operation import Call, Operation
from anyjob_server.api.scope import group_of


async def create_job(call: Call) -> Mapping[str, Json]:
    """Make a job; durable when it answers. Everything that is wrong with it is told at once."""
    group = group_of(call)
    row = await call.server.engine.jobs.create(
        group, job_fields(call.parameters), call.by, allow=lambda job: call.allow(group, job)
    )
    call.job, call.said["Name"] = row.id, row.name
    return {"Data": {"JobId": row.id}}


OPERATION = Operation(name="CreateJob", handle=create_job, action="job.create", needed=("Namespace", "GroupId"))
