"""What the database knows of itself: names and texts."""

from __future__ import annotations

import secrets
from typing import Final

from sqlalchemy import Connection, bindparam, select, update

from anyjob_server.store.statement import Statement, inserting
from anyjob_server.store.tables import META

__all__ = ["FIRST_INSTANCE", "IDENT", "LAST_INSTANCE", "get", "make", "put"]

IDENT: Final = "ident"
"""Random, made with the database: a worker's state folder keeps it too, so that the two are never mixed up."""
FIRST_INSTANCE: Final = "first_instance"
"""Where instance ids begin: random, so that names of runs do not meet those of another server on the same cluster."""
LAST_INSTANCE: Final = "last_instance"
"""The highest instance id that has been dropped."""

_GET: Final = Statement(select(META.c.value).where(META.c.name == bindparam("called")))
_PUT: Final = Statement(update(META).where(META.c.name == bindparam("called")).values(value=bindparam("text")))
_INSERT: Final = Statement(inserting(META))


def get(c: Connection, name: str) -> str | None:
    """The text of a name; None when there is none."""
    return _GET.value(c, {"called": name})


def put(c: Connection, name: str, value: str) -> None:
    """Set the text of a name."""
    if not _PUT.run(c, {"called": name, "text": value}):
        _INSERT.run(c, {"name": name, "value": value})


def make(c: Connection) -> str:
    """The database's ident, made with the numbers that go with it when there is none yet."""
    ident = get(c, IDENT)
    if ident is None:
        ident = secrets.token_hex(16)
        put(c, IDENT, ident)
        put(c, FIRST_INSTANCE, str(2**40 + secrets.randbelow(2**52 - 2**40)))
    return ident
