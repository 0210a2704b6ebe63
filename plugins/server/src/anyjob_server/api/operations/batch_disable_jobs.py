"""BatchDisableJobs."""

from __future__ import annotations

from anyjob_server.api.batch import Batch
from anyjob_server.api.operation import Call, Operation


async def batch_disable_jobs(call: Call) -> None:
    """Disable jobs, as DisableJob does each."""
    batch = Batch.of(call)
    for _, group in batch.with_groups():
        call.allow(group)
    await call.server.engine.jobs.disable(batch.rows)
    batch.tell(call, "disable")


OPERATION = Operation(
    name="BatchDisableJobs",
    handle=batch_disable_jobs,
    action="job.disable",
    needed=("Namespace",),
    takes=("JobIdList.N",),
)
