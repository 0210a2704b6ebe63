"""What the database knows of itself: names and texts."""

from __future__ import annotations

import secrets
from typing import Final

from sqlalchemy import Connection, bindparam, delete, select, update

from anyjob_server.store.statement import Statement, inserting
from anyjob_server.store.tables import META

__all__ = [
    "FIRST_INSTANCE",
    "IDENT",
    "LAST_INSTANCE",
    "OUTBOX_DROPPED",
    "OWNER",
    "PROBE",
    "RESTORED",
    "SEALED",
    "drop",
    "dropped",
    "get",
    "make",
    "put",
]

IDENT: Final = "ident"
"""Random, made with the database: a worker's state folder keeps it too, so that the two are never mixed up."""
FIRST_INSTANCE: Final = "first_instance"
"""Where instance ids begin: random, so that names of runs do not meet those of another server on the same cluster."""
LAST_INSTANCE: Final = "last_instance"
"""The highest instance id that has been dropped."""
OUTBOX_DROPPED: Final = "outbox_dropped"
"""How many messages were dropped unsent, why, and when last: JSON."""
OWNER: Final = "owner"
"""Random, set by each server that opens the database: a connection made again finds the same, or was robbed."""
SEALED: Final = "sealed"
"""A word sealed with the key file: it tells whether a key file is this database's."""
PROBE: Final = "probe"
"""Written to see whether there is room, and dropped again."""
RESTORED: Final = "restored"
"""Epoch ms of a restore that no server has started after: what has run since the backup is not known."""

_GET: Final = Statement(select(META.c.value).where(META.c.name == bindparam("called")))
_PUT: Final = Statement(update(META).where(META.c.name == bindparam("called")).values(value=bindparam("text")))
_DROP: Final = Statement(delete(META).where(META.c.name == bindparam("called")))
_INSERT: Final = Statement(inserting(META))


def get(c: Connection, name: str) -> str | None:
    """The text of a name; None when there is none."""
    return _GET.value(c, {"called": name})


def put(c: Connection, name: str, value: str) -> None:
    """Set the text of a name."""
    if not _PUT.run(c, {"called": name, "text": value}):
        _INSERT.run(c, {"name": name, "value": value})


def drop(c: Connection, name: str) -> None:
    """Forget a name."""
    _DROP.run(c, {"called": name})


def dropped(c: Connection, instance: int) -> None:
    """Keep the id of an instance that goes: it never comes again."""
    if instance > int(get(c, LAST_INSTANCE) or 0):
        put(c, LAST_INSTANCE, str(instance))


def make(c: Connection) -> str:
    """The database's ident, made with the numbers that go with it when there is none yet."""
    ident = get(c, IDENT)
    if ident is None:
        ident = secrets.token_hex(16)
        put(c, IDENT, ident)
        put(c, FIRST_INSTANCE, str(2**40 + secrets.randbelow(2**52 - 2**40)))
    return ident
