"""What an executor needs to find a started run again."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from pydantic_core import to_json

from anyjob.outcome import Json

__all__ = ["HANDLE_LIMIT", "Handle", "Scope"]

HANDLE_LIMIT = 4096
"""Bytes of JSON that a handle may take: it is written for every run."""


class Scope(StrEnum):
    """Who can use a handle: only a worker on the same `NODE`, or any worker (`REMOTE`)."""

    NODE = "NODE"
    REMOTE = "REMOTE"


@dataclass(frozen=True, slots=True, kw_only=True)
class Handle:
    """A started run, as its executor recognises it in this or any later worker process.

    It is durable before `watch` is called. `kind` and `version` let a later version of the executor read older handles.
    `scope` says who can use it; `data` is what finds the run, JSON of at most HANDLE_LIMIT bytes.
    """

    kind: str
    version: int = 1
    scope: Scope
    data: Mapping[str, Json]

    def __post_init__(self) -> None:
        """Raises ValueError when `data` is over `HANDLE_LIMIT` bytes as JSON."""
        size = len(to_json(self.data))
        if size > HANDLE_LIMIT:
            raise ValueError(
                f"Handle {self.kind!r} holds {size} bytes; at most {HANDLE_LIMIT} are kept. Keep names, not contents."
            )

    def to_json(self) -> dict[str, Json]:
        """As the worker's journal keeps it."""
        return {"kind": self.kind, "version": self.version, "scope": self.scope.value, "data": dict(self.data)}

    @classmethod
    def from_json(cls, said: Mapping[str, Any]) -> Handle:
        """What `to_json` gave."""
        return cls(kind=said["kind"], version=said["version"], scope=Scope(said["scope"]), data=said["data"])
