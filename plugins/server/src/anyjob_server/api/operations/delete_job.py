"""DeleteJob."""

from __future__ import annotations

from anyjob_server.api.operation import Call, Operation
from anyjob_server.api.scope import group_of, job_of


async def delete_job(call: Call) -> None:
    """Take a job away. What waits of it ends, what runs goes on; its history can be read until it is pruned."""
    row = job_of(call, group_of(call))
    await call.server.engine.jobs.delete([row], call.by)


OPERATION = Operation(
    name="DeleteJob", handle=delete_job, action="job.delete", needed=("Namespace", "GroupId", "JobId")
)
