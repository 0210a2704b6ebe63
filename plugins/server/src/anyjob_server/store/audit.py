"""Who did what: a table that only grows. The database itself refuses every change of a line."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, fields
from typing import Any, Final

from sqlalchemy import Connection, func, select

from anyjob_server.store.statement import Statement, inserting
from anyjob_server.store.tables import AUDIT

__all__ = ["AuditRow", "add", "page"]


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditRow:
    """One request that changed something, or was refused.

    `id` is 0 until it is added; `at`: epoch ms. `key` is the access key's id, never its secret; `job` None: not about
    one job.
    """

    id: int = 0
    at: int
    key: str
    action: str
    namespace: str = ""
    group_id: str = ""
    job: int | None = None
    detail: str = ""
    allowed: bool
    request_id: str = ""
    remote: str = ""


_NAMES: Final = tuple(one.name for one in fields(AuditRow) if one.name != "id")
_INSERT: Final = Statement(inserting(AUDIT, "id"))


def add(c: Connection, rows: Iterable[AuditRow]) -> None:
    """Add lines."""
    _INSERT.run_all(c, [{name: getattr(row, name) for name in _NAMES} for row in rows])


def page(
    c: Connection,
    namespace: str | None = None,
    group_id: str | None = None,
    key: str | None = None,
    job: int | None = None,
    action: str | None = None,
    page: int = 1,
    size: int = 100,
) -> tuple[list[AuditRow], int]:
    """One page of the lines, at most `size` rows, the newest first, and how many there are in all. Pages count from
    1."""
    given = {"namespace": namespace, "group_id": group_id, "key": key, "job": job, "action": action}
    wanted = [AUDIT.c[name] == value for name, value in given.items() if value is not None]
    total: int = Statement(select(func.count()).select_from(AUDIT).where(*wanted)).value(c, {})
    here = select(AUDIT).where(*wanted).order_by(AUDIT.c.id.desc()).limit(size).offset((page - 1) * size)
    return [_made(found) for found in Statement(here).rows(c, {})], total


def _made(found: dict[str, Any]) -> AuditRow:
    found["allowed"] = bool(found["allowed"])  # SQLite has no truth values
    return AuditRow(**found)
