"""BatchEnableJobs."""

from __future__ import annotations

from anyjob_server.api.batch import Batch
from anyjob_server.api.operation import Call, Operation


async def batch_enable_jobs(call: Call) -> None:
    """Enable jobs, as EnableJob does each. One that the policy refuses refuses all."""
    batch = Batch.of(call)
    for row, group in batch.with_groups():
        call.allow(group, row.job)
    await call.server.engine.jobs.enable(batch.rows)
    batch.tell(call, "enable")


OPERATION = Operation(
    name="BatchEnableJobs",
    handle=batch_enable_jobs,
    action="job.enable",
    needed=("Namespace",),
    takes=("JobIdList.N",),
)
