"""CreateJob."""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy import Connection

from anyjob.job import Job
from anyjob.outcome import Json
from anyjob_server.api.audit import audit_row
from anyjob_server.api.jobfields import job_fields
from anyjob_server.api.operation import Call, Operation
from anyjob_server.api.scope import group_of
from anyjob_server.store import audit


async def create_job(call: Call) -> Mapping[str, Json]:
    """Make a job; durable when it answers. Everything that is wrong with it is told at once."""
    group = group_of(call)

    def allow(job: Job) -> None:
        call.allow(group, job)
        call.said["Name"] = job.name

    def beside(c: Connection, job: int) -> None:
        call.job = job
        audit.add(c, [audit_row(call)])

    row = await call.server.engine.jobs.create(group, job_fields(call.parameters), call.by, allow=allow, beside=beside)
    call.recorded = True
    return {"Data": {"JobId": row.id}}


OPERATION = Operation(name="CreateJob", handle=create_job, action="job.create", needed=("Namespace", "GroupId"))
