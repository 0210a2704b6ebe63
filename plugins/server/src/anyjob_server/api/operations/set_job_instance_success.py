"""SetJobInstanceSuccess."""

from __future__ import annotations

from anyjob_server.api.operation import Call, Operation
from anyjob_server.api.scope import group_of, instance_of


async def set_job_instance_success(call: Call) -> None:
    """Call a failed instance a success. Its cause and result stay as they were."""
    row = instance_of(call, group_of(call))
    await call.server.engine.manual.set_success(row, call.by)


OPERATION = Operation(
    name="SetJobInstanceSuccess",
    handle=set_job_instance_success,
    action="instance.set",
    needed=("Namespace", "GroupId", "JobInstanceId"),
    takes=("JobId",),
)
