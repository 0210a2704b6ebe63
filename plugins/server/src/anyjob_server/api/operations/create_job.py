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
from anyjob_server.store import audit, jobs
from anyjob_server.store.errors import NameTaken


class _Checked(Exception):
    """Nothing is wrong with the job, and no more was asked."""


async def create_job(call: Call) -> Mapping[str, Json]:
    """Make a job; durable when it answers. Everything that is wrong with it is told at once.

    With CheckOnly, an addition of ours, that is all: nothing is made.
    """
    group = group_of(call)
    check_only = bool(call.parameters.flag("CheckOnly"))
    fields = {name: value for name, value in job_fields(call.parameters).items() if name != "CheckOnly"}

    def allow(job: Job) -> None:
        call.allow(group, job)
        call.said["Name"] = job.name
        if check_only:
            if call.server.store.read_now(lambda c: jobs.by_name(c, group.id, job.name)) is not None:
                raise NameTaken(job.name)
            raise _Checked

    def beside(c: Connection, job: int) -> None:
        call.job = job
        audit.add(c, [audit_row(call)])

    try:
        row = await call.server.engine.jobs.create(group, fields, call.by, allow=allow, beside=beside)
    except _Checked:
        call.recorded = True  # there is nothing to record
        return {}
    call.recorded = True
    return {"Data": {"JobId": row.id}}


OPERATION = Operation(
    name="CreateJob",
    handle=create_job,
    action="job.create",
    needed=("Namespace", "GroupId"),
    takes=None,
)
