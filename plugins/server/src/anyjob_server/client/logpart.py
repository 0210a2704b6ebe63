"""A piece of an instance's log."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

__all__ = ["LogPart"]


@dataclass(frozen=True, slots=True, kw_only=True)
class LogPart:
    """Whole lines, without their ends. `cursor` goes with the question for what comes next; `more`: it is there now."""

    lines: list[str]
    cursor: str
    more: bool

    @classmethod
    def of(cls, said: Mapping[str, Any]) -> LogPart:
        """From the Data of GetLog that was asked with a cursor."""
        return cls(lines=list(said.get("Logs") or []), cursor=str(said["Cursor"]), more=bool(said.get("More")))
