"""ListAccessKeys: an operation of anyjob's own."""

from __future__ import annotations

import json
from collections.abc import Mapping

from anyjob.outcome import Json
from anyjob_server.api.key import Key
from anyjob_server.api.operation import Call, Operation
from anyjob_server.store.keys import KeyRow

__all__ = ["OPERATION", "in_reach", "key_json"]


async def _list(call: Call) -> Mapping[str, Json]:
    """All keys in the caller's scope, the oldest first, the revoked too; no secret. Times are epoch ms."""
    rows = [row for row in await call.server.keys.page() if in_reach(call.key, row)]
    return {"Data": {"AccessKeys": [key_json(row) for row in rows]}}


def in_reach(key: Key, row: KeyRow) -> bool:
    """Whether a key lies in another's scope."""
    return key.namespace in ("", row.namespace) and key.group_id in ("", row.group_id)


def key_json(row: KeyRow) -> dict[str, Json]:
    """A row of the answer."""
    said: dict[str, Json] = {
        "AccessKeyId": row.access_key_id,
        "Label": row.label,
        "KeyNamespace": row.namespace,
        "KeyGroupId": row.group_id,
        "Policy": json.loads(row.policies or "[]"),
        "CreateTimestamp": row.created,
    }
    return said if row.revoked is None else {**said, "RevokeTimestamp": row.revoked}


OPERATION = Operation(name="ListAccessKeys", handle=_list, action="key.read")
