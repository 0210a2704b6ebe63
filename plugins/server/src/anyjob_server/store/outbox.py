"""What is to be told to people: written with the change it tells of, sent later."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Final

from sqlalchemy import Connection, bindparam, delete, select, update

from anyjob_server.store.statement import Statement, inserting
from anyjob_server.store.tables import OUTBOX

__all__ = ["OutboxRow", "add", "mark_sent", "prune", "unsent"]


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


_INSERT: Final = Statement(inserting(OUTBOX, "id"))
_UNSENT: Final = Statement(select(OUTBOX).where(OUTBOX.c.sent.is_(None)).order_by(OUTBOX.c.id).limit(bindparam("most")))
_SENT: Final = Statement(update(OUTBOX).where(OUTBOX.c.id == bindparam("of")).values(sent=bindparam("at")))

_PRUNE: Final = Statement(delete(OUTBOX).where(OUTBOX.c.sent < bindparam("before")))


def add(c: Connection, rows: Iterable[OutboxRow]) -> None:
    """Add messages."""
    _INSERT.run_all(c, [asdict(row) for row in rows])


def unsent(c: Connection, most: int = 1000) -> list[OutboxRow]:
    """Messages that nobody has sent, the oldest first."""
    return [OutboxRow(**found) for found in _UNSENT.rows(c, {"most": most})]


def mark_sent(c: Connection, ids: Iterable[int], at: int) -> None:
    """They were sent at that time, epoch ms."""
    _SENT.run_all(c, [{"of": one, "at": at} for one in ids])


def prune(c: Connection, before: int) -> int:
    """Drop what was sent before that time, epoch ms; how many."""
    return _PRUNE.run(c, {"before": before})
