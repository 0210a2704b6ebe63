"""BatchDeleteJobs."""

from __future__ import annotations

from anyjob_server.api.batch import Batch
from anyjob_server.api.operation import Call, Operation


async def batch_delete_jobs(call: Call) -> None:
    """Take jobs away, as DeleteJob does each."""
    batch = Batch.of(call)
    await call.server.engine.jobs.delete(batch.rows, call.by)
    batch.tell(call, "delete")


OPERATION = Operation(
    name="BatchDeleteJobs",
    handle=batch_delete_jobs,
    action="job.delete",
    needed=("Namespace", "GroupId"),
    takes=("JobIdList.N",),
)
