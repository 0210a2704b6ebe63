"""CreateNamespace."""

from __future__ import annotations

import time
import uuid
from collections.abc import Mapping

from anyjob.outcome import Json
from anyjob_server.api.names import checked_name
from anyjob_server.api.operation import Call, Operation
from anyjob_server.store import NamespaceTaken, namespaces
from anyjob_server.store.namespaces import NamespaceRow


async def create_namespace(call: Call) -> Mapping[str, Json]:
    """Make one. A Uid that exists is no error and changes nothing, as the vendor's: callers make sure of it so."""
    given = call.parameters
    row = NamespaceRow(
        uid=checked_name("Uid", given.text("Uid")) or str(uuid.uuid4()),
        name=checked_name("Name", given.needed("Name")),
        description=given.text("Description"),
        source=given.text("NamespaceSource"),
        created=int(time.time() * 1000),
    )
    call.said["Uid"] = row.uid
    try:
        await call.server.store.write(lambda c: namespaces.insert(c, row))
    except NamespaceTaken:
        call.message = f"namespace={row.uid} is existed, noting update"
    return {"Data": {"NamespaceUid": row.uid}}


OPERATION = Operation(
    name="CreateNamespace",
    handle=create_namespace,
    action="namespace.create",
    needed=("Name",),
    takes=(
        "Description",
        "Uid",
    ),
    scope=("Uid", ""),
)
