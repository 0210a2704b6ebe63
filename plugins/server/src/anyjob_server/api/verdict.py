"""Which errors of core, store and engine are the caller's to read, and under which Code."""

from __future__ import annotations

from typing import Final

from anyjob.errors import AnyJobError, BadSettings, PluginError, UnknownJobType, WorkerError
from anyjob.job import BadJob
from anyjob_server.api.errors import BusinessError, GatewayError
from anyjob_server.store import (
    GroupGone,
    GroupNotEmpty,
    GroupTaken,
    JobGone,
    KeyTaken,
    NamespaceNotEmpty,
    NamespaceTaken,
    NameTaken,
    StoreError,
    StoreFull,
)

__all__ = ["as_business_error"]

_CODES: Final[tuple[tuple[type[AnyJobError], int], ...]] = (
    (BadJob, 400),
    (UnknownJobType, 400),
    (NameTaken, 409),
    (GroupTaken, 409),
    (NamespaceTaken, 409),
    (KeyTaken, 409),
    (GroupNotEmpty, 409),
    (NamespaceNotEmpty, 409),
    (JobGone, 404),
    (GroupGone, 404),
    (StoreFull, 503),
    (StoreError, 500),
    (PluginError, 500),
    (BadSettings, 500),
    (WorkerError, 500),
)
"""The first that fits counts."""


def as_business_error(error: AnyJobError) -> BusinessError | None:
    """The reply of an error; None for one of the gateway's own. The text is the error's, which is made for people."""
    if isinstance(error, GatewayError):
        return None
    code = next((code for kind, code in _CODES if isinstance(error, kind)), getattr(error, "code", 400))
    return BusinessError(code if isinstance(code, int) else 400, str(error))
