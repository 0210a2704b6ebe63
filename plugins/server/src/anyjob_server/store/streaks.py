"""How often a job failed in a row."""

from __future__ import annotations

from typing import Final

from sqlalchemy import Connection, bindparam, func, select

from anyjob.status import InstanceStatus
from anyjob_server.store.statement import Statement
from anyjob_server.store.tables import INSTANCES

__all__ = ["failures_in_a_row"]

_LAST_SUCCESS: Final = Statement(
    select(func.max(INSTANCES.c.end_time)).where(
        INSTANCES.c.job == bindparam("of"), INSTANCES.c.status == int(InstanceStatus.SUCCESS)
    )
)
_FAILURES: Final = Statement(
    select(func.count())
    .select_from(INSTANCES)
    .where(
        INSTANCES.c.job == bindparam("of"),
        INSTANCES.c.status == int(InstanceStatus.FAILED),
        INSTANCES.c.end_time > bindparam("since"),
    )
)


def failures_in_a_row(c: Connection, job: int) -> int:
    """Instances of the job that failed since its last success, as far as the history goes back."""
    since: int | None = _LAST_SUCCESS.value(c, {"of": job})
    return _FAILURES.value(c, {"of": job, "since": since or 0})
