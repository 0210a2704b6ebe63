"""StopInstance."""

from __future__ import annotations

from anyjob_server.api.operation import Call, Operation
from anyjob_server.api.scope import group_of, instance_of


async def stop_instance(call: Call) -> None:
    """Stop an instance that has not ended. The stop is durable when it answers; how it went stands in StopReport."""
    row = instance_of(call, group_of(call), "InstanceId")
    await call.server.engine.manual.stop(row, call.by)


OPERATION = Operation(
    name="StopInstance",
    handle=stop_instance,
    action="instance.stop",
    needed=("Namespace", "GroupId", "InstanceId"),
    takes=("JobId",),
)
