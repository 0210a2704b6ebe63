"""UpdateJob."""

from __future__ import annotations

from anyjob_server.api.jobfields import changed_fields
from anyjob_server.api.operation import Call, Operation
from anyjob_server.api.scope import group_of, job_of


async def update_job(call: Call) -> None:
    """Change what is given, and keep the rest. The policy is asked for the job as it is and as it is to be."""
    group = group_of(call)
    row = job_of(call, group)
    call.allow(group, row.job)
    await call.server.engine.jobs.update(
        row, changed_fields(call.parameters, row), call.by, allow=lambda job: call.allow(group, job)
    )


OPERATION = Operation(
    name="UpdateJob",
    handle=update_job,
    action="job.update",
    needed=("Namespace", "GroupId", "JobId"),
    takes=None,
)
