"""Where the lines of the audit log go."""

from __future__ import annotations

from anyjob_server.store import audit
from anyjob_server.store.audit import AuditRow
from anyjob_server.store.store import Store
from anyjob_server.trust.guard import Record

__all__ = ["Audit"]


class Audit:
    """Keeps the guard's records in the store."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def keep(self, record: Record) -> None:
        """Durable on return. Raises StoreFull, StoreLost."""
        row = AuditRow(
            at=record.at,
            key=record.key,
            action=record.operation,
            namespace=record.namespace,
            group_id=record.group,
            job=record.job or None,
            detail=record.detail,
            allowed=record.allowed,
            request_id=record.request,
            remote=record.remote,
        )
        await self._store.write(lambda c: audit.add(c, [row]))
