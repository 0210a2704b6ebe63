"""App groups: the applications of a namespace."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Final

from sqlalchemy import Connection, bindparam, func, select
from sqlalchemy import delete as deleting
from sqlalchemy import update as updating

from anyjob_server.store import meta
from anyjob_server.store.errors import GroupNotEmpty, GroupTaken, NamespaceGone
from anyjob_server.store.statement import Conflict, Statement, inserting
from anyjob_server.store.tables import GROUPS, INSTANCES, JOBS, OUTBOX, REASONS
from anyjob_server.store.text import holding, pattern_of

__all__ = ["GroupRow", "by_id", "count_jobs", "delete", "find", "get", "insert", "update"]


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupRow:
    """One app group.

    `id` is its number (the API's AppGroupId; 0 until it is inserted), `group_id` the name that jobs give. `max_jobs`
    and `max_concurrency` 0: no limit. `created`: epoch ms.
    """

    id: int = 0
    namespace: str
    group_id: str
    app_name: str = ""
    app_key: str = ""
    app_type: int = 1
    app_version: int = 1
    description: str = ""
    enable_log: bool = False
    max_jobs: int = 0
    max_concurrency: int = 0
    monitor_config: str = ""
    monitor_contacts: str = ""
    notification_policy: str = ""
    schedule_busy_workers: bool = False
    created: int


_INSERT: Final = Statement(inserting(GROUPS, "id").returning(GROUPS.c.id))
_KEPT = ("id", "namespace", "group_id", "created", "jobs")
_COLUMNS = [column for column in GROUPS.c if column.name != "jobs"]
_UPDATE: Final = Statement(
    updating(GROUPS)
    .where(GROUPS.c.id == bindparam("of"))
    .values({column.name: bindparam(column.name) for column in GROUPS.c if column.name not in _KEPT})
)
_DELETE: Final = Statement(deleting(GROUPS).where(GROUPS.c.id == bindparam("of")))
_PARTS: Final = tuple(
    Statement(deleting(table).where(table.c.group == bindparam("of"))) for table in (INSTANCES, OUTBOX)
)
_LAST: Final = Statement(select(func.max(INSTANCES.c.id)).where(INSTANCES.c.group == bindparam("of")))
_REASONS: Final = Statement(
    deleting(REASONS).where(REASONS.c.job.in_(select(JOBS.c.id).where(JOBS.c.group == bindparam("of"))))
)
_JOBS: Final = Statement(deleting(JOBS).where(JOBS.c.group == bindparam("of")))
_BY_ID: Final = Statement(select(*_COLUMNS).where(GROUPS.c.id == bindparam("of")))
_GET: Final = Statement(
    select(*_COLUMNS).where(GROUPS.c.namespace == bindparam("space"), GROUPS.c.group_id == bindparam("called"))
)
_COUNT: Final = Statement(select(GROUPS.c.jobs).where(GROUPS.c.id == bindparam("of")))


def insert(c: Connection, row: GroupRow) -> int:
    """Add one; its number. Raises GroupTaken, NamespaceGone."""
    try:
        return _INSERT.value(c, {**asdict(row), "jobs": 0})
    except Conflict as conflict:
        wrong = NamespaceGone(row.namespace) if conflict.foreign else GroupTaken(row.namespace, row.group_id)
        raise wrong from None


def update(c: Connection, row: GroupRow) -> bool:
    """Set everything but what names it; False when it is not there."""
    return bool(_UPDATE.run(c, {**asdict(row), "of": row.id}))


def delete(c: Connection, group: int) -> bool:
    """Take it away, with the history of the jobs that it had. Raises GroupNotEmpty."""
    found = by_id(c, group)
    if found is None:
        return False
    if jobs := count_jobs(c, group):
        raise GroupNotEmpty(found.group_id, jobs)
    meta.dropped(c, _LAST.value(c, {"of": group}) or 0)
    for part in (*_PARTS, _REASONS, _JOBS):
        part.run(c, {"of": group})
    return bool(_DELETE.run(c, {"of": group}))


def get(c: Connection, namespace: str, group_id: str) -> GroupRow | None:
    """The one that a request names."""
    return _made(_GET.row(c, {"space": namespace, "called": group_id}))


def by_id(c: Connection, group: int) -> GroupRow | None:
    """The one of this number."""
    return _made(_BY_ID.row(c, {"of": group}))


def find(c: Connection, namespace: str | None = None, name: str | None = None) -> list[GroupRow]:
    """All of a namespace (None: of every one) whose app name holds that text, the oldest first."""
    asked = select(*_COLUMNS).order_by(GROUPS.c.id)
    if namespace is not None:
        asked = asked.where(GROUPS.c.namespace == namespace)
    if name:
        asked = asked.where(holding(GROUPS.c.app_name, c.dialect.name))
    return [_row(found) for found in Statement(asked).rows(c, {"pattern": pattern_of(name or "")})]


def count_jobs(c: Connection, group: int) -> int:
    """How many jobs it has; deleted ones do not count."""
    return _COUNT.value(c, {"of": group}) or 0


def _made(found: dict[str, Any] | None) -> GroupRow | None:
    return None if found is None else _row(found)


def _row(found: dict[str, Any]) -> GroupRow:
    for flag in ("enable_log", "schedule_busy_workers"):
        found[flag] = bool(found[flag])  # SQLite has no truth values
    return GroupRow(**found)
