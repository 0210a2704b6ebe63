"""Namespaces."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Final

from sqlalchemy import Connection, bindparam, func, select
from sqlalchemy import delete as deleting
from sqlalchemy import update as updating

from anyjob_server.store.errors import NamespaceNotEmpty, NamespaceTaken
from anyjob_server.store.statement import Conflict, Statement, inserting
from anyjob_server.store.tables import GROUPS, NAMESPACES
from anyjob_server.store.text import holding, pattern_of

__all__ = ["NamespaceRow", "delete", "find", "get", "insert", "update"]


@dataclass(frozen=True, slots=True, kw_only=True)
class NamespaceRow:
    """One namespace. `created`: epoch ms."""

    uid: str
    name: str
    description: str = ""
    source: str = ""
    created: int


_INSERT: Final = Statement(inserting(NAMESPACES))
_UPDATE: Final = Statement(
    updating(NAMESPACES)
    .where(NAMESPACES.c.uid == bindparam("of"))
    .values(name=bindparam("name"), description=bindparam("description"), source=bindparam("source"))
)
_DELETE: Final = Statement(deleting(NAMESPACES).where(NAMESPACES.c.uid == bindparam("of")))
_GET: Final = Statement(select(NAMESPACES).where(NAMESPACES.c.uid == bindparam("of")))
_GROUPS: Final = Statement(select(func.count()).select_from(GROUPS).where(GROUPS.c.namespace == bindparam("of")))


def insert(c: Connection, row: NamespaceRow) -> None:
    """Add one. Raises NamespaceTaken."""
    try:
        _INSERT.run(c, asdict(row))
    except Conflict:
        raise NamespaceTaken(row.uid) from None


def update(c: Connection, row: NamespaceRow) -> bool:
    """Set name, description and source; False when there is none of its uid."""
    return bool(_UPDATE.run(c, {**asdict(row), "of": row.uid}))


def delete(c: Connection, uid: str) -> bool:
    """Take it away; False when it is not there. Raises NamespaceNotEmpty."""
    if _GROUPS.value(c, {"of": uid}):
        raise NamespaceNotEmpty(uid)
    return bool(_DELETE.run(c, {"of": uid}))


def get(c: Connection, uid: str) -> NamespaceRow | None:
    """The one of this uid."""
    found = _GET.row(c, {"of": uid})
    return None if found is None else NamespaceRow(**found)


def find(c: Connection, name: str | None = None, uid: str | None = None) -> list[NamespaceRow]:
    """All whose name holds that text and whose uid is that, the oldest first."""
    asked = select(NAMESPACES).order_by(NAMESPACES.c.created, NAMESPACES.c.uid)
    if name:
        asked = asked.where(holding(NAMESPACES.c.name, c.dialect.name))
    if uid:
        asked = asked.where(NAMESPACES.c.uid == uid)
    return [NamespaceRow(**found) for found in Statement(asked).rows(c, {"pattern": pattern_of(name or "")})]
