"""DeleteNamespace."""

from __future__ import annotations

from anyjob_server.api.operation import Call, Operation
from anyjob_server.api.scope import namespace_of
from anyjob_server.store import namespaces


async def delete_namespace(call: Call) -> None:
    """Take it away; its app groups must be gone."""
    uid = namespace_of(call).uid
    await call.server.store.write(lambda c: namespaces.delete(c, uid))


OPERATION = Operation(name="DeleteNamespace", handle=delete_namespace, action="namespace.delete", needed=("Namespace",))
