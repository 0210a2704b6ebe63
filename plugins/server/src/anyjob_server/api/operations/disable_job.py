"""DisableJob."""

from __future__ import annotations

from anyjob_server.api.operation import Call, Operation
from anyjob_server.api.scope import job_with_group


async def disable_job(call: Call) -> None:
    """From now on no time fires the job. What runs goes on."""
    row, group = job_with_group(call)
    call.allow(group)
    await call.server.engine.jobs.disable([row])


OPERATION = Operation(name="DisableJob", handle=disable_job, action="job.disable", needed=("Namespace", "JobId"))
