"""A database that was put back to an earlier state: it must not give again what newer firings have had."""

from __future__ import annotations

from typing import Final

from sqlalchemy import Connection, func, select, text

from anyjob_server.store import audit, instances, meta
from anyjob_server.store.audit import AuditRow
from anyjob_server.store.tables import AUDIT, GROUPS, JOBS, OUTBOX, REASONS

__all__ = ["put_back"]

_INSTANCES: Final = 2**40
"""So many instances nobody fires between a backup and its restore; names of containers, pods and remote jobs are made
of their numbers, and what has such a name may still be there. All stay below 2^53 for thousands of restores."""
_COUNTED: Final = {GROUPS: 10_000, JOBS: 1_000_000, AUDIT: 0, OUTBOX: 0, REASONS: 0}
"""By how much the numbers of a table go on. A job's number is in somebody's program, an app group's is a user's."""
_SEQUENCE: Final = text("SELECT pg_get_serial_sequence(:name, 'id')")
_SET: Final = text("SELECT setval(:sequence, greatest(nextval(:sequence), :highest) + :more)")


def put_back(c: Connection, now: int, said: str) -> None:
    """Let numbers go on behind all that may have been given since, and remember that what ran since is not known.

    `now`: epoch ms; `said`: for the audit log. On a database with this version's tables, within a transaction.
    """
    meta.put(c, meta.LAST_INSTANCE, str(instances.next_id(c) - 1 + _INSTANCES))
    for table, more in _COUNTED.items():
        if c.dialect.name == "sqlite":
            _on_sqlite(c, table.name, more)
        else:
            sequence = c.execute(_SEQUENCE, {"name": table.name}).scalar_one()
            highest = c.execute(select(func.max(table.c.id))).scalar() or 1
            c.execute(_SET, {"sequence": sequence, "highest": highest, "more": more})
    meta.put(c, meta.RESTORED, str(now))
    audit.add(c, [AuditRow(at=now, key="", action="Restore", detail=said, allowed=True)])


def _on_sqlite(c: Connection, table: str, more: int) -> None:
    if not more:  # the highest is known to SQLite by itself
        return
    given = {"name": table, "more": more}
    if not c.execute(text("UPDATE sqlite_sequence SET seq = seq + :more WHERE name = :name"), given).rowcount:
        c.execute(text("INSERT INTO sqlite_sequence (name, seq) VALUES (:name, :more)"), given)
