"""The history of a job's script."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Final

from sqlalchemy import Connection, bindparam, func, select

from anyjob_server.store.errors import JobGone
from anyjob_server.store.statement import Conflict, Statement, inserting
from anyjob_server.store.tables import SCRIPTS

__all__ = ["ScriptRow", "history", "insert"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ScriptRow:
    """One version of a script. `version` counts from 1 (0 until it is inserted); `created`: epoch ms."""

    job: int
    version: int = 0
    created: int
    creator: str = ""
    description: str = ""
    content: str


_INSERT: Final = Statement(inserting(SCRIPTS))
_LAST: Final = Statement(select(func.max(SCRIPTS.c.version)).where(SCRIPTS.c.job == bindparam("of")))
_HISTORY: Final = Statement(select(SCRIPTS).where(SCRIPTS.c.job == bindparam("of")).order_by(SCRIPTS.c.version.desc()))


def insert(c: Connection, row: ScriptRow) -> int:
    """Add the next version; its number. Raises JobGone."""
    version: int = (_LAST.value(c, {"of": row.job}) or 0) + 1
    try:
        _INSERT.run(c, {**asdict(row), "version": version})
    except Conflict:
        raise JobGone(row.job) from None
    return version


def history(c: Connection, job: int) -> list[ScriptRow]:
    """All versions, the newest first."""
    return [ScriptRow(**found) for found in _HISTORY.rows(c, {"of": job})]
