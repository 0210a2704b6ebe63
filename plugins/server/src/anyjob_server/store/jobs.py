"""Jobs. A job that is deleted, or over, stays until its history has gone."""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any, Final, Self

from sqlalchemy import Connection, bindparam, exists, func, select
from sqlalchemy import delete as deleting
from sqlalchemy import update as updating

from anyjob.job import Job, JobStatus, TimeType
from anyjob_server.store import meta
from anyjob_server.store.errors import GroupGone, JobGone, NameTaken
from anyjob_server.store.names import Named, change
from anyjob_server.store.statement import ByIds, Conflict, Fields, Statement, inserting
from anyjob_server.store.tables import ALIVE, GROUPS, INSTANCES, JOB_TEXTS, JOBS, OPEN, REASONS

__all__ = [
    "JobRow",
    "by_name",
    "delete",
    "due",
    "get",
    "insert",
    "many",
    "page",
    "page_of",
    "purge",
    "set_next",
    "update",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class JobRow:
    """One job.

    `id` is 0 until it is inserted. `group` is the app group's number. `wire` is the JSON of `Job.to_wire`, `binding`
    the JSON of what the plugin host bound it to. `next_fire`, `created`, `updated`, `removed`: epoch ms; `next_fire`
    None: no time fires it; `removed` None: it is there. `revision` counts the updates.
    """

    id: int = 0
    group: int
    name: str
    job_type: str
    status: JobStatus
    wire: str
    binding: str = "{}"
    time_type: TimeType
    next_fire: int | None = None
    created: int
    updated: int
    revision: int = 1
    creator: str = ""
    removed: int | None = None
    _job: list[Job] = field(default_factory=list[Job], init=False, repr=False, compare=False)

    @property
    def job(self) -> Job:
        """What CreateJob defined; read once. Raises BadJob when this version reads it otherwise than its writer."""
        if not self._job:
            self._job.append(Job.from_wire(json.loads(self.wire)))
        return self._job[0]

    def of(self, job: Job) -> Self:
        """The same row, which knows the job that its wire says: a reading is spared."""
        self._job[:] = [job]
        return self


_COLUMNS = [column for column in JOBS.c if column.name != "id"]
_WHOLE = select(JOBS, JOB_TEXTS.c.wire, JOB_TEXTS.c.binding).join_from(JOBS, JOB_TEXTS)

_INSERT: Final = Statement(inserting(JOBS, "id").returning(JOBS.c.id))
_INSERT_TEXT: Final = Statement(inserting(JOB_TEXTS))
_UPDATE: Final = Statement(
    updating(JOBS)
    .where(JOBS.c.id == bindparam("of"), ALIVE)
    .values({column.name: bindparam(column.name) for column in _COLUMNS if column.name not in ("group", "created")})
)
_UPDATE_TEXT: Final = Statement(
    updating(JOB_TEXTS)
    .where(JOB_TEXTS.c.job == bindparam("of"))
    .values(wire=bindparam("wire"), binding=bindparam("binding"))
)
_DELETE: Final = Statement(
    updating(JOBS)
    .where(JOBS.c.id == bindparam("of"), ALIVE)
    .values(removed=bindparam("at"), next_fire=None)
    .returning(JOBS.c.group)
)
_COUNTED: Final = Statement(
    updating(GROUPS).where(GROUPS.c.id == bindparam("in_group")).values(jobs=GROUPS.c.jobs + bindparam("more"))
)
_HOW_MANY: Final = Statement(select(GROUPS.c.jobs).where(GROUPS.c.id == bindparam("in_group")))
_GET: Final = Statement(_WHOLE.where(JOBS.c.id == bindparam("of"), ALIVE))
_GET_REMOVED: Final = Statement(_WHOLE.where(JOBS.c.id == bindparam("of")))
_MANY: Final = ByIds(_WHOLE.where(JOBS.c.id.in_(bindparam("ids", expanding=True)), ALIVE).order_by(JOBS.c.id))
_BY_NAME: Final = Statement(
    _WHOLE.where(JOBS.c.group == bindparam("in_group"), JOBS.c.name == bindparam("called"), ALIVE)
)
_BY_NAME_REMOVED: Final = Statement(
    _WHOLE.where(JOBS.c.group == bindparam("in_group"), JOBS.c.name == bindparam("called"), ~ALIVE)
    .order_by(JOBS.c.id.desc())
    .limit(1)
)
_DUE: Final = Statement(
    select(JOBS.c.id, JOBS.c.next_fire, JOBS.c.status, JOBS.c.time_type)
    .where(ALIVE, JOBS.c.status == int(JobStatus.ENABLED), JOBS.c.next_fire.is_not(None))
    .order_by(JOBS.c.id)
)
_SET_NEXT: Final = Statement(
    updating(JOBS).where(JOBS.c.id == bindparam("of"), ALIVE).values(next_fire=bindparam("next_fire"))
)

_PURGEABLE: Final = Statement(
    select(JOBS.c.id)
    .where(JOBS.c.removed < bindparam("before"), ~exists().where(INSTANCES.c.job == JOBS.c.id, OPEN))
    .order_by(JOBS.c.removed)
    .limit(bindparam("most"))
)
_LAST: Final = Statement(select(func.max(INSTANCES.c.id)).where(INSTANCES.c.job == bindparam("of")))
_PURGE: Final = tuple(
    Statement(deleting(table).where(column == bindparam("of")))
    for table, column in ((INSTANCES, INSTANCES.c.job), (REASONS, REASONS.c.job), (JOBS, JOBS.c.id))
)


def insert(c: Connection, rows: Iterable[JobRow]) -> list[int]:
    """Add jobs; their ids in order. Raises NameTaken, GroupGone."""
    ids, groups = list[int](), Counter[int]()
    for row in rows:
        try:
            job: int = _INSERT.value(c, _short(row))
        except Conflict as conflict:
            raise (GroupGone(row.group) if conflict.foreign else NameTaken(row.name)) from None
        _INSERT_TEXT.run(c, {"job": job, "wire": row.wire, "binding": row.binding})
        change(c, Named(row.group, job, row.name, row.status))
        ids.append(job)
        groups[row.group] += 1
    _count(c, groups)
    return ids


def update(c: Connection, row: JobRow) -> None:
    """Set everything but group and creation. Raises JobGone, NameTaken."""
    try:
        found = _UPDATE.run(c, {**_short(row), "of": row.id})
    except Conflict:
        raise NameTaken(row.name) from None
    if not found:
        raise JobGone(row.id)
    _UPDATE_TEXT.run(c, {"of": row.id, "wire": row.wire, "binding": row.binding})
    change(c, Named(row.group, row.id, row.name, row.status))


def delete(c: Connection, ids: Iterable[int], at: int | None = None) -> list[int]:
    """Take jobs from every list; the ids that were there. Their instances can be read until their history goes.

    `at`: epoch ms, else now.
    """
    now = round(time.time() * 1000) if at is None else at
    gone, groups = list[int](), Counter[int]()
    for job in ids:
        group: int | None = _DELETE.value(c, {"of": job, "at": now})
        if group is not None:
            change(c, Named(group, job, None, JobStatus.DISABLED))
            gone.append(job)
            groups[group] -= 1
    _count(c, groups)
    return gone


def get(c: Connection, job: int, *, removed: bool = False) -> JobRow | None:
    """The job of this id; `removed`: also one that has been deleted."""
    return _one((_GET_REMOVED if removed else _GET).row(c, {"of": job}))


def many(c: Connection, ids: Sequence[int]) -> list[JobRow]:
    """Those of these ids that are there, by id."""
    return [_made(found) for found in _MANY.rows(c, ids)]


def by_name(c: Connection, group: int, name: str, *, removed: bool = False) -> JobRow | None:
    """The job of this name; `removed`: where there is none, the newest that had it and is deleted, or over."""
    asked = {"in_group": group, "called": name}
    found = _BY_NAME.row(c, asked)
    return _one(_BY_NAME_REMOVED.row(c, asked) if found is None and removed else found)


def page(
    c: Connection,
    group: int,
    status: JobStatus | None = None,
    page: int = 1,
    size: int = 10,
) -> tuple[list[JobRow], int]:
    """One page of an app group's jobs, at most `size` rows, the newest first, and how many there are in all.

    Pages count from 1.
    """
    asked = {
        "in_group": group,
        "status": None if status is None else int(status),
        "size": size,
        "start": (page - 1) * size,
    }
    count, rows = _paging(by_status=status is not None)
    return [_made(found) for found in rows.rows(c, asked)], count.value(c, asked) or 0


def page_of(c: Connection, ids: Sequence[int], page: int = 1, size: int = 10) -> tuple[list[JobRow], int]:
    """The same of those jobs alone, whose ids are in order (`Names.search`)."""
    end = max(0, len(ids) - (page - 1) * size)
    return many(c, ids[max(0, end - size) : end])[::-1], len(ids)


@cache
def _paging(*, by_status: bool) -> tuple[Statement, Statement]:
    """How many, and one page of them: the ids by an index first, then what is long."""
    wanted = [JOBS.c.group == bindparam("in_group"), ALIVE]
    if by_status:
        wanted.append(JOBS.c.status == bindparam("status"))
    here = select(JOBS.c.id).where(*wanted).order_by(JOBS.c.id.desc())
    here = here.limit(bindparam("size")).offset(bindparam("start"))
    return (
        Statement(select(func.count()).select_from(JOBS).where(*wanted)) if by_status else _HOW_MANY,
        Statement(_WHOLE.where(JOBS.c.id.in_(here)).order_by(JOBS.c.id.desc())),
    )


def due(c: Connection) -> list[tuple[int, int, JobStatus, TimeType]]:
    """(id, next_fire, status, time_type) of every enabled job that time fires."""
    statuses, types = {int(one): one for one in JobStatus}, {int(one): one for one in TimeType}
    return [(job, fire, statuses[status], types[kind]) for job, fire, status, kind in _DUE.tuples(c, {})]


def set_next(c: Connection, fires: Iterable[tuple[int, int | None]]) -> None:
    """Set when jobs fire next (epoch ms; None: never again); a job that is gone is left out."""
    _SET_NEXT.run_all(c, [{"of": job, "next_fire": fire} for job, fire in fires])


def purge(c: Connection, before: int, most: int = 100) -> list[int]:
    """Drop jobs that were deleted before that time (epoch ms), with all their history; the ids, at most `most`.

    One of which an instance has not ended stays.
    """
    ids: list[int] = [job for (job,) in _PURGEABLE.tuples(c, {"before": before, "most": most})]
    for job in ids:
        meta.dropped(c, _LAST.value(c, {"of": job}) or 0)
        for part in _PURGE:
            part.run(c, {"of": job})
    return ids


def _count(c: Connection, groups: Mapping[int, int]) -> None:
    """So many jobs more in these app groups."""
    _COUNTED.run_all(c, [{"in_group": group, "more": more} for group, more in groups.items()])


def _short(row: JobRow) -> Fields:
    fields = {column.name: getattr(row, column.name) for column in _COLUMNS}
    fields["status"], fields["time_type"] = int(row.status), int(row.time_type)
    return fields


def _one(found: dict[str, Any] | None) -> JobRow | None:
    return None if found is None else _made(found)


def _made(found: dict[str, Any]) -> JobRow:
    found["status"] = JobStatus(found["status"])
    found["time_type"] = TimeType(found["time_type"])
    return JobRow(**found)
