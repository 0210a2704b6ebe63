"""The line of the audit log that a call leaves."""

from __future__ import annotations

import time

from anyjob_server.api.operation import Call
from anyjob_server.store.audit import AuditRow

__all__ = ["audit_row"]


def audit_row(call: Call, *, allowed: bool = True) -> AuditRow:
    """What was done, or refused. It holds names and numbers, never contents."""
    return AuditRow(
        at=int(time.time() * 1000),
        key=call.by,
        action=call.operation.name,
        namespace=call.scope[0],
        group_id=call.scope[1],
        job=call.job or None,
        detail=", ".join(f"{name}={value}" for name, value in call.said.items())[:1000],
        allowed=allowed,
        request_id=call.request_id,
        remote=call.remote,
    )
