"""RevokeAccessKey: an operation of anyjob's own."""

from __future__ import annotations

from collections.abc import Mapping

from anyjob.outcome import Json
from anyjob_server.api.errors import BusinessError
from anyjob_server.api.operation import Call, Operation
from anyjob_server.api.operations.list_access_keys import in_reach
from anyjob_server.keys import NoSuchAccessKey

__all__ = ["OPERATION"]


async def _revoke(call: Call) -> Mapping[str, Json] | None:
    """KeyId. From the answer on, nothing that the key signs is let in. Raises BusinessError."""
    call.said["KeyId"] = call.parameters.needed("KeyId")
    try:
        await call.server.keys.revoke(call.said["KeyId"], lambda row: in_reach(call.key, row))
    except NoSuchAccessKey as unknown:
        raise BusinessError(404, str(unknown)) from None
    return None


OPERATION = Operation(name="RevokeAccessKey", handle=_revoke, action="key.revoke", needed=("KeyId",))
