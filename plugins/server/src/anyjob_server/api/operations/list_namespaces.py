"""ListNamespaces."""

from __future__ import annotations

from collections.abc import Mapping

from anyjob.outcome import Json
from anyjob_server.api.operation import Call, Operation
from anyjob_server.store import namespaces


async def list_namespaces(call: Call) -> Mapping[str, Json]:
    """All, or those of a uid, or whose name holds a text. None is an empty list."""
    name, uid = call.parameters.text("NamespaceName") or None, call.parameters.text("Namespace") or None
    found = await call.server.store.read(lambda c: namespaces.find(c, name, uid))
    rows: list[Json] = [{"UId": row.uid, "Name": row.name, "Description": row.description} for row in found]
    return {"Data": {"Namespaces": rows}}


OPERATION = Operation(
    name="ListNamespaces",
    handle=list_namespaces,
    action="namespace.read",
    takes=("NamespaceName",),
)
