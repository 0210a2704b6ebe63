"""Instances: each firing of a job, and how it went."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from functools import cache
from typing import Any, Final

from sqlalchemy import ColumnElement, Connection, bindparam, delete, func, literal_column, select, update
from sqlalchemy.dialects import postgresql, sqlite

from anyjob.status import InstanceStatus, TriggerType
from anyjob_server.store import meta
from anyjob_server.store.statement import ByIds, Fields, Statement
from anyjob_server.store.tables import ENDED, INSTANCES, OPEN, SCHEDULED
from anyjob_server.store.transitions import Transition

__all__ = [
    "InstanceRow",
    "crowded",
    "failures_in_a_row",
    "get",
    "insert",
    "newest",
    "next_id",
    "page",
    "prune",
    "transition",
    "unfinished",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class InstanceRow:
    """One instance.

    `id` counts up from `next_id`. Times are epoch ms; `start_time` and `end_time` None: not yet. `cause` is the
    outcome's word, empty before there is one; `outcome` its JSON. `retry_of`: the instance that was retried.
    """

    id: int
    job: int
    group: int
    status: InstanceStatus
    trigger: TriggerType
    schedule_time: int
    data_time: int
    created: int
    start_time: int | None = None
    end_time: int | None = None
    parameters: str = ""
    priority: int = 5
    progress: str = ""
    cause: str = ""
    code: int | None = None
    result: str = ""
    outcome: str = ""
    work_addr: str = ""
    executor: str = ""
    retry_of: int | None = None
    note: str = ""
    trace_id: str = ""


_NAMES: Final = tuple(one.name for one in fields(InstanceRow))
_FIRING = [INSTANCES.c.job, INSTANCES.c.schedule_time, INSTANCES.c.data_time]
_VALUES: dict[str, Any] = {name: bindparam(name) for name in _NAMES}
_INSERT: Final = {
    "sqlite": Statement(
        sqlite.insert(INSTANCES).values(_VALUES).on_conflict_do_nothing(index_elements=_FIRING, index_where=SCHEDULED)
    ),
    "postgresql": Statement(
        postgresql.insert(INSTANCES)
        .values(_VALUES)
        .on_conflict_do_nothing(index_elements=_FIRING, index_where=SCHEDULED)
    ),
}
_THERE: Final = ByIds(select(INSTANCES.c.id).where(INSTANCES.c.id.in_(bindparam("ids", expanding=True))))
_STATUS: Final = ByIds(
    select(INSTANCES.c.id, INSTANCES.c.status).where(INSTANCES.c.id.in_(bindparam("ids", expanding=True)))
)
_GET: Final = Statement(select(INSTANCES).where(INSTANCES.c.id == bindparam("of")))
_UNFINISHED: Final = Statement(select(INSTANCES).where(OPEN).order_by(INSTANCES.c.id))
_LAST: Final = Statement(select(func.max(INSTANCES.c.id)))
_OLD: Final = Statement(
    select(INSTANCES.c.id)
    .where(INSTANCES.c.job == bindparam("of"), ENDED)
    .order_by(INSTANCES.c.id.desc())
    .offset(bindparam("keep"))
    .limit(bindparam("most"))
)
_DROP: Final = Statement(delete(INSTANCES).where(INSTANCES.c.id == bindparam("of")))

_CROWDED: Final = Statement(
    select(INSTANCES.c.job).group_by(INSTANCES.c.job).having(func.count() > bindparam("keep")).order_by(INSTANCES.c.job)
)
_SUCCESS = select(func.max(INSTANCES.c.id)).where(
    INSTANCES.c.job == bindparam("of"), INSTANCES.c.status == int(InstanceStatus.SUCCESS)
)
_FAILURES: Final = Statement(
    select(func.count()).select_from(
        select(INSTANCES.c.id)
        .where(
            INSTANCES.c.job == bindparam("of"),
            INSTANCES.c.status == int(InstanceStatus.FAILED),
            INSTANCES.c.id > func.coalesce(_SUCCESS.scalar_subquery(), 0),
        )
        .limit(bindparam("most"))
        .subquery()
    )
)


def next_id(c: Connection) -> int:
    """The id of the next instance. Whoever counts asks once and goes on alone, until the store is opened again."""
    last: int | None = _LAST.value(c, {})
    dropped, first = meta.get(c, meta.LAST_INSTANCE), meta.get(c, meta.FIRST_INSTANCE)
    return max(last or 0, int(dropped or 0), int(first or 1) - 1) + 1


def insert(c: Connection, rows: Sequence[InstanceRow]) -> set[int]:
    """Add instances; the ids of those that are new. A scheduled firing that is there already is left out."""
    if not rows:
        return set()
    values = [_plain(row) for row in rows]
    if _INSERT[c.dialect.name].run_all(c, values) == len(rows):
        return {row.id for row in rows}
    return {found["id"] for found in _THERE.rows(c, [row.id for row in rows])}


def transition(c: Connection, changes: Sequence[Transition]) -> set[int]:
    """Carry out what finds its instance as expected; the ids that changed. At most one change for each instance."""
    if len(changes) == 1 or c.dialect.name == "sqlite":  # to SQLite is no way to go: a look before costs more
        return {
            change.id
            for change in changes
            if _moving(tuple(sorted(change.values)), len(change.expect)).run(c, _moved(change))
        }
    stand: dict[int, int] = {one["id"]: one["status"] for one in _STATUS.rows(c, [change.id for change in changes])}
    fit = [change for change in changes if change.id in stand and stand[change.id] in change.expect]
    by_shape: dict[Statement, list[Fields]] = {}
    for change in fit:
        by_shape.setdefault(_shape(change), []).append(_moved(change))
    for statement, many in by_shape.items():
        statement.run_all(c, many)
    return {change.id for change in fit}


def get(c: Connection, instance: int) -> InstanceRow | None:
    """The one of this id."""
    found = _GET.row(c, {"of": instance})
    return None if found is None else _made(found)


def page(
    c: Connection,
    group: int,
    job: int | None = None,
    status: InstanceStatus | None = None,
    since: int | None = None,
    until: int | None = None,
    page: int = 1,
    size: int = 10,
) -> tuple[list[InstanceRow], int]:
    """One page of an app group's instances, at most `size` rows, the newest first, and how many there are in all.

    `since` and `until` (epoch ms, both included) bound the schedule time. Pages count from 1.
    """
    found, asked = _asked(group, job, status, since, until)
    return newest(c, group, job, status, since, until, page, size), found.count.value(c, asked)


def newest(
    c: Connection,
    group: int,
    job: int | None = None,
    status: InstanceStatus | None = None,
    since: int | None = None,
    until: int | None = None,
    page: int = 1,
    size: int = 10,
) -> list[InstanceRow]:
    """The rows of `page` alone, at most `size`: to count a million takes longer than to show ten. `since` and `until`:
    epoch ms."""
    found, asked = _asked(group, job, status, since, until)
    return [_made(row) for row in found.rows.rows(c, {**asked, "size": size, "start": (page - 1) * size})]


def _asked(
    group: int, job: int | None, status: InstanceStatus | None, since: int | None, until: int | None
) -> tuple[_Paging, Fields]:
    bounds = {"job": job, "status": None if status is None else int(status), "since": since, "until": until}
    return _paging(*(name for name, value in bounds.items() if value is not None)), {**bounds, "in_group": group}


@dataclass(frozen=True, slots=True)
class _Paging:
    count: Statement
    rows: Statement


@cache
def _paging(*bounds: str) -> _Paging:
    """How many lie within these bounds, and one page of them."""
    ways: dict[str, ColumnElement[bool]] = {
        "job": INSTANCES.c.job == bindparam("job"),
        "status": INSTANCES.c.status == bindparam("status"),
        "since": INSTANCES.c.schedule_time >= bindparam("since"),
        "until": INSTANCES.c.schedule_time <= bindparam("until"),
    }
    # A job's instances are found by the job: without the 0 SQLite may as well go through all of the group.
    group = INSTANCES.c.group + literal_column("0") if "job" in bounds else INSTANCES.c.group
    wanted = [group == bindparam("in_group"), *(ways[name] for name in bounds)]
    rows = select(INSTANCES).where(*wanted).order_by(INSTANCES.c.id.desc())
    return _Paging(
        count=Statement(select(func.count()).select_from(INSTANCES).where(*wanted)),
        rows=Statement(rows.limit(bindparam("size")).offset(bindparam("start"))),
    )


def unfinished(c: Connection) -> list[InstanceRow]:
    """All that have not ended, by id."""
    return [_made(found) for found in _UNFINISHED.rows(c, {})]


def prune(c: Connection, job: int, keep: int, most: int = 1000) -> list[int]:
    """Drop the oldest ended instances beyond the newest `keep`; the ids dropped, at most `most` at one time."""
    ids: list[int] = [found["id"] for found in _OLD.rows(c, {"of": job, "keep": keep, "most": most})]
    if ids:
        meta.dropped(c, max(ids))
        _DROP.run_all(c, [{"of": one} for one in ids])
    return ids


def crowded(c: Connection, keep: int) -> list[int]:
    """The jobs with more than `keep` instances: those to prune. It reads a whole index: ask a reader, and seldom."""
    return [job for (job,) in _CROWDED.tuples(c, {"keep": keep})]


def failures_in_a_row(c: Connection, job: int, most: int = 1000) -> int:
    """How many of a job's instances have failed since its last success, at most `most`."""
    return _FAILURES.value(c, {"of": job, "most": most})


def _plain(row: InstanceRow) -> Fields:
    fields = {name: getattr(row, name) for name in _NAMES}
    fields["status"], fields["trigger"] = int(row.status), int(row.trigger)
    return fields


def _made(found: dict[str, Any]) -> InstanceRow:
    found["status"] = InstanceStatus(found["status"])
    found["trigger"] = TriggerType(found["trigger"])
    return InstanceRow(**found)


def _shape(change: Transition) -> Statement:
    return _moving(tuple(sorted(change.values)), len(change.expect))


def _moved(change: Transition) -> Fields:
    expected = {f"expect_{number}": int(one) for number, one in enumerate(change.expect)}
    return {**change.values, **expected, "of": change.id, "to": int(change.to)}


@cache
def _moving(names: tuple[str, ...], expected: int) -> Statement:
    expect: list[Any] = [bindparam(f"expect_{number}") for number in range(expected)]
    return Statement(
        update(INSTANCES)
        .where(INSTANCES.c.id == bindparam("of"), INSTANCES.c.status.in_(expect))
        .values({"status": bindparam("to"), **{name: bindparam(name) for name in names}})
    )
