"""An access key as the gateway needs it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Protocol

__all__ = ["Key", "KeyRing"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Key:
    """Who may sign, and for what. The secret stands in no repr, so in no log and no traceback."""

    access_key_id: str
    secret: bytes = field(repr=False)
    label: str = ""
    namespace: str = ""
    """The only namespace that it may touch; empty: all."""
    group_id: str = ""
    """The only app group of that namespace; empty: all."""
    policy: str = ""
    """JSON of its statements; empty: everything within the scope."""
    revoked: bool = False


class KeyRing(Protocol):
    """Where the gateway finds keys: asked once a request, so from memory."""

    def find(self, access_key_id: str) -> Key | None:
        """The key of this id, also a revoked one."""
        ...
