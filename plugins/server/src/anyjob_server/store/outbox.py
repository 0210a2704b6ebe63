"""What is to be told to people: written with the change it tells of, sent later."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any, Final

from sqlalchemy import Connection, bindparam, delete, func, select, update

from anyjob_server.store import meta
from anyjob_server.store.statement import Statement, inserting
from anyjob_server.store.tables import OUTBOX

__all__ = ["OutboxRow", "Unsent", "add", "drop", "mark_sent", "page", "prune", "standing", "unsent"]


@dataclass(frozen=True, slots=True, kw_only=True)
class OutboxRow:
    """One message. `id` is 0 until it is added; `at` and `sent` (None: not yet): epoch ms; `payload`: JSON."""

    id: int = 0
    at: int
    kind: str
    job: int
    instance: int | None = None
    group: int
    payload: str = "{}"
    sent: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Unsent:
    """How many wait for a sender, and how many nobody will send: dropped as too old, or as too many. `last`: when the
    last was dropped, epoch ms; None: none ever was."""

    waiting: int
    old: int = 0
    many: int = 0
    last: int | None = None


_INSERT: Final = Statement(inserting(OUTBOX, "id"))
_UNSENT: Final = Statement(select(OUTBOX).where(OUTBOX.c.sent.is_(None)).order_by(OUTBOX.c.id).limit(bindparam("most")))
_SENT: Final = Statement(update(OUTBOX).where(OUTBOX.c.id == bindparam("of")).values(sent=bindparam("at")))

_PRUNE: Final = Statement(delete(OUTBOX).where(OUTBOX.c.sent < bindparam("before")))
_WAITING: Final = Statement(select(func.count()).select_from(OUTBOX).where(OUTBOX.c.sent.is_(None)))
_OLD: Final = Statement(
    select(OUTBOX.c.id)
    .where(OUTBOX.c.sent.is_(None), OUTBOX.c.at < bindparam("before"))
    .order_by(OUTBOX.c.id)
    .limit(bindparam("most"))
)
_MANY: Final = Statement(
    select(OUTBOX.c.id)
    .where(OUTBOX.c.sent.is_(None))
    .order_by(OUTBOX.c.id.desc())
    .offset(bindparam("keep"))
    .limit(bindparam("most"))
)
_DROP: Final = Statement(delete(OUTBOX).where(OUTBOX.c.id == bindparam("of")))


def add(c: Connection, rows: Iterable[OutboxRow]) -> None:
    """Add messages."""
    _INSERT.run_all(c, [asdict(row) for row in rows])


def unsent(c: Connection, most: int = 1000) -> list[OutboxRow]:
    """Messages that nobody has sent, the oldest first."""
    return [OutboxRow(**found) for found in _UNSENT.rows(c, {"most": most})]


def page(
    c: Connection, group: int | None = None, job: int | None = None, page: int = 1, size: int = 10
) -> tuple[list[OutboxRow], int]:
    """Those of a page, the newest first, sent or not, and how many there are; None: of all app groups, of all jobs."""
    wanted = {"in_group": (OUTBOX.c.group, group), "of_job": (OUTBOX.c.job, job)}
    bounds = [column == bindparam(name) for name, (column, value) in wanted.items() if value is not None]
    fields = {name: value for name, (_, value) in wanted.items() if value is not None}
    count = Statement(select(func.count()).select_from(OUTBOX).where(*bounds))
    asked = (
        select(OUTBOX).where(*bounds).order_by(OUTBOX.c.id.desc()).limit(bindparam("size")).offset(bindparam("start"))
    )
    rows = Statement(asked).rows(c, {**fields, "size": size, "start": (page - 1) * size})
    return [OutboxRow(**found) for found in rows], count.value(c, fields) or 0


def mark_sent(c: Connection, ids: Iterable[int], at: int) -> None:
    """They were sent at that time, epoch ms."""
    _SENT.run_all(c, [{"of": one, "at": at} for one in ids])


def prune(c: Connection, before: int) -> int:
    """Drop what was sent before that time, epoch ms; how many."""
    return _PRUNE.run(c, {"before": before})


def drop(c: Connection, before: int, keep: int, now: int, most: int = 1000) -> int:
    """Drop what nobody has sent and is from before `before` (epoch ms), or is beyond the newest `keep`; how many, at
    most `most` of each at one time. That they were is kept, with the time `now` (epoch ms)."""
    old = [found["id"] for found in _OLD.rows(c, {"before": before, "most": most})]
    _DROP.run_all(c, [{"of": one} for one in old])
    many = [found["id"] for found in _MANY.rows(c, {"keep": keep, "most": most})]
    _DROP.run_all(c, [{"of": one} for one in many])
    if old or many:
        said = standing(c)
        kept = {"old": said.old + len(old), "many": said.many + len(many), "last": now}
        meta.put(c, meta.OUTBOX_DROPPED, json.dumps(kept))
    return len(old) + len(many)


def standing(c: Connection) -> Unsent:
    """What waits, and what was dropped unsent since the database was made."""
    kept: dict[str, Any] = json.loads(meta.get(c, meta.OUTBOX_DROPPED) or "{}")
    return Unsent(waiting=_WAITING.value(c, {}), **kept)
