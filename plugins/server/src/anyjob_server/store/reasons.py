"""Why a job did not start: the last reasons of each job."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Final

from sqlalchemy import Connection, bindparam, delete, select, update

from anyjob_server.store.statement import Statement, inserting
from anyjob_server.store.tables import INSTANCES, REASONS

__all__ = ["KEPT", "ReasonRow", "add", "newest"]

KEPT: Final = 50
"""Reasons of one job that are kept."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReasonRow:
    """Why a firing did not become a run.

    `at` is when it was first so, `last` when last (0: the same), epoch ms, of firings their own times; `count` how
    often in a row, which an instance of the job ends. `schedule_time` (epoch ms) is the newest firing's, None for one
    that no time fired. `text` holds nothing that is another number each time: it is compared.
    """

    job: int
    at: int
    schedule_time: int | None = None
    kind: str
    text: str
    count: int = 1
    last: int = 0


_COLUMNS = [column for column in REASONS.c if column.name != "id"]
_INSERT: Final = Statement(inserting(REASONS, "id"))
_LAST: Final = Statement(
    select(REASONS.c.id, REASONS.c.kind, REASONS.c.text, REASONS.c.last)
    .where(REASONS.c.job == bindparam("of"))
    .order_by(REASONS.c.id.desc())
    .limit(1)
)
_RAN: Final = Statement(
    select(INSTANCES.c.created).where(INSTANCES.c.job == bindparam("of")).order_by(INSTANCES.c.id.desc()).limit(1)
)
_AGAIN: Final = Statement(
    update(REASONS)
    .where(REASONS.c.id == bindparam("row"))
    .values(
        count=REASONS.c.count + bindparam("more"), last=bindparam("until"), schedule_time=bindparam("schedule_time")
    )
)
_NEWEST: Final = Statement(
    select(*_COLUMNS).where(REASONS.c.job == bindparam("of")).order_by(REASONS.c.id.desc()).limit(bindparam("most"))
)
_TRIM: Final = Statement(
    delete(REASONS).where(
        REASONS.c.id.in_(
            select(REASONS.c.id)
            .where(REASONS.c.job == bindparam("of"))
            .order_by(REASONS.c.id.desc())
            .offset(KEPT)
            .limit(1000)
        )
    )
)


def add(c: Connection, rows: Iterable[ReasonRow]) -> None:
    """Keep reasons. One of the same kind and text as the job's newest raises its count, unless an instance was made
    since: a time from the first to the last of them would say that none was."""
    grown: set[int] = set()
    for row in rows:
        last = _LAST.row(c, {"of": row.job})
        until = row.last or row.at
        again = last is not None and (last["kind"], last["text"]) == (row.kind, row.text)
        if last is not None and again and not _ran_since(c, row.job, last["last"]):
            _AGAIN.run(c, {"row": last["id"], "more": row.count, "until": until, "schedule_time": row.schedule_time})
        else:
            _INSERT.run(c, {**asdict(row), "last": until})
            grown.add(row.job)
    for job in grown:
        _TRIM.run(c, {"of": job})


def _ran_since(c: Connection, job: int, when: int) -> bool:
    made = _RAN.row(c, {"of": job})
    return made is not None and made["created"] > when


def newest(c: Connection, job: int, most: int = KEPT) -> list[ReasonRow]:
    """The last reasons of a job, the newest first."""
    return [ReasonRow(**found) for found in _NEWEST.rows(c, {"of": job, "most": most})]
