"""The lines of the audit log, as the store keeps them."""

from __future__ import annotations

import time

from anyjob_server.api.operation import Call
from anyjob_server.store import audit
from anyjob_server.store.audit import AuditRow
from anyjob_server.store.store import Store
from anyjob_server.trust.guard import Record

__all__ = ["Audit", "audit_row"]


class Audit:
    """Keeps the guard's records in the store."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def keep(self, record: Record) -> None:
        """Durable on return. Raises StoreFull, StoreLost."""
        row = _row(record)
        await self._store.write(lambda c: audit.add(c, [row]))


def audit_row(call: Call) -> AuditRow:
    """The line of a call that was allowed, for an operation that writes it in the transaction of its change."""
    return AuditRow(
        at=int(time.time() * 1000),
        key=call.by,
        action=call.operation.name,
        namespace=call.scope[0],
        group_id=call.scope[1],
        job=call.job or None,
        detail=", ".join(f"{name}={value}" for name, value in call.said.items())[:1000],
        allowed=True,
        request_id=call.request_id,
        remote=call.remote,
    )


def _row(record: Record) -> AuditRow:
    return AuditRow(
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
