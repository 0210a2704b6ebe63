"""DeleteAppGroup."""

from __future__ import annotations

from anyjob_server.api.operation import Call, Operation
from anyjob_server.api.scope import group_of
from anyjob_server.store import groups, jobs

_AT_ONCE = 500


async def delete_app_group(call: Call) -> None:
    """Take it away with its history. With DeleteJobs its jobs too; else one that has jobs is refused."""
    group = group_of(call)
    store = call.server.store
    if call.parameters.flag("DeleteJobs"):
        while rows := (await store.read(lambda c: jobs.page(c, group.id, size=_AT_ONCE)))[0]:
            await call.server.engine.jobs.delete(rows, call.by)
    await store.write(lambda c: groups.delete(c, group.id))
    call.groups.forget(group)


OPERATION = Operation(
    name="DeleteAppGroup",
    handle=delete_app_group,
    action="group.delete",
    needed=("Namespace", "GroupId"),
    takes=("DeleteJobs",),
)
