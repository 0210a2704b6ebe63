"""EnableJob."""

from __future__ import annotations

from anyjob_server.api.operation import Call, Operation
from anyjob_server.api.scope import job_with_group


async def enable_job(call: Call) -> None:
    """From now on its time fires the job."""
    row, group = job_with_group(call)
    call.allow(group, row.job)
    await call.server.engine.jobs.enable([row])


OPERATION = Operation(name="EnableJob", handle=enable_job, action="job.enable", needed=("Namespace", "JobId"))
