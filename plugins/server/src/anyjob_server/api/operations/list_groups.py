"""ListGroups."""

from __future__ import annotations

from collections.abc import Mapping

from anyjob.outcome import Json
from anyjob_server.api.operation import Call, Operation
from anyjob_server.api.scope import namespace_of
from anyjob_server.store import groups


async def list_groups(call: Call) -> Mapping[str, Json]:
    """All app groups of a namespace, or those whose app name holds a text."""
    uid, name = namespace_of(call).uid, call.parameters.text("AppGroupName") or None
    found = await call.server.store.read(lambda c: groups.find(c, uid, name))
    rows: list[Json] = [
        {
            "AppGroupId": row.id,
            "Namespace": row.namespace,
            "GroupId": row.group_id,
            "AppName": row.app_name,
            "AppKey": row.app_key,
            "AppVersion": row.app_version,
            "Description": row.description,
            "EnableLog": row.enable_log,
        }
        for row in found
    ]
    return {"Data": {"AppGroups": rows}}


OPERATION = Operation(
    name="ListGroups",
    handle=list_groups,
    action="group.read",
    needed=("Namespace",),
    takes=("AppGroupName",),
)
