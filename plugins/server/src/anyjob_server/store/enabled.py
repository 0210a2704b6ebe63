"""Which jobs are enabled."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from sqlalchemy import Connection, bindparam, select

from anyjob.job import JobStatus, TimeType
from anyjob_server.store.statement import Statement
from anyjob_server.store.tables import ALIVE, JOBS

__all__ = ["of_types", "types", "unchained"]

_ENABLED: Final = (ALIVE, JOBS.c.status == int(JobStatus.ENABLED))
_TYPES: Final = Statement(select(JOBS.c.job_type).where(*_ENABLED).distinct())
_OF_TYPE: Final = Statement(select(JOBS.c.id).where(*_ENABLED, JOBS.c.job_type == bindparam("kind")))
_UNCHAINED: Final = Statement(
    select(JOBS.c.id).where(*_ENABLED, JOBS.c.time_type == int(TimeType.SECOND_DELAY), JOBS.c.next_fire.is_(None))
)


def types(c: Connection) -> list[str]:
    """The types of all enabled jobs."""
    return [name for (name,) in _TYPES.tuples(c, {})]


def of_types(c: Connection, wanted: Iterable[str]) -> list[int]:
    """The enabled jobs of these types, by id."""
    return sorted(job for one in wanted for (job,) in _OF_TYPE.tuples(c, {"kind": one}))


def unchained(c: Connection) -> list[int]:
    """Enabled jobs of second_delay that no time fires: each follows from an instance that has not ended, or should."""
    return [job for (job,) in _UNCHAINED.tuples(c, {})]
