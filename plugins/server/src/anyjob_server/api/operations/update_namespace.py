"""UpdateNamespace."""

from __future__ import annotations

from dataclasses import replace

from anyjob_server.api.names import checked_name
from anyjob_server.api.operation import Call, Operation
from anyjob_server.api.scope import namespace_of
from anyjob_server.store import namespaces


async def update_namespace(call: Call) -> None:
    """Change what is given: name, description. A blank description clears it."""
    row = namespace_of(call)
    name, description = call.parameters.text("NamespaceName"), call.parameters.blank_or("Description")
    if name:
        row = replace(row, name=checked_name("NamespaceName", name))
    if description is not None:
        row = replace(row, description=description)
    await call.server.store.write(lambda c: namespaces.update(c, row))


OPERATION = Operation(
    name="UpdateNamespace",
    handle=update_namespace,
    action="namespace.update",
    needed=("Namespace",),
    takes=(
        "Description",
        "NamespaceName",
    ),
)
