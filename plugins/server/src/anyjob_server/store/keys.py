"""Access keys. Their secrets are sealed (`sealing`): a copy of the database opens none of them."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Final

from sqlalchemy import Connection, bindparam, select, update

from anyjob_server.store.errors import KeyTaken
from anyjob_server.store.statement import Conflict, Statement, inserting
from anyjob_server.store.tables import KEYS

__all__ = ["KeyRow", "every", "get", "insert", "revoke"]


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyRow:
    """One access key.

    `sealed_secret` is what `Seal.close` made of the secret. `namespace` and `group_id` empty: all. `policies`: JSON, or
    empty: everything.
    `created` and `revoked` (None: it is good): epoch ms.
    """

    access_key_id: str
    sealed_secret: str
    label: str = ""
    namespace: str = ""
    group_id: str = ""
    policies: str = ""
    created: int
    revoked: int | None = None


_INSERT: Final = Statement(inserting(KEYS))
_GET: Final = Statement(select(KEYS).where(KEYS.c.access_key_id == bindparam("of")))
_EVERY: Final = Statement(select(KEYS).order_by(KEYS.c.created, KEYS.c.access_key_id))
_REVOKE: Final = Statement(
    update(KEYS)
    .where(KEYS.c.access_key_id == bindparam("of"), KEYS.c.revoked.is_(None))
    .values(revoked=bindparam("at"))
)


def insert(c: Connection, row: KeyRow) -> None:
    """Add one. Raises KeyTaken."""
    try:
        _INSERT.run(c, asdict(row))
    except Conflict:
        raise KeyTaken(row.access_key_id) from None


def get(c: Connection, access_key_id: str) -> KeyRow | None:
    """The one of this id, also when it is revoked."""
    found = _GET.row(c, {"of": access_key_id})
    return None if found is None else KeyRow(**found)


def every(c: Connection) -> list[KeyRow]:
    """All, the oldest first, also the revoked."""
    return [KeyRow(**found) for found in _EVERY.rows(c, {})]


def revoke(c: Connection, access_key_id: str, at: int) -> bool:
    """It is good no more, from then on (epoch ms); False when it is not there, or was revoked before."""
    return bool(_REVOKE.run(c, {"of": access_key_id, "at": at}))
