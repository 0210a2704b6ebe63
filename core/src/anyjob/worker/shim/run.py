"""One run as the shim knows it: what was ordered, the process, and what has happened to it."""

from __future__ import annotations

from . import frames

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from .hold import Hold
    from .redact import Redactor
    from .report import Report

LIVE = 0
"""The leader, the process that was started, is alive."""
WAITING = 1
"""The leader is gone; what it left is waited for (policy `wait`, or the grace of a stop)."""
CLOSING = 2
"""The leader is gone; what it left is being killed."""
DRAINING = 3
"""All is judged; only the redactor still writes the last of the log."""

_FOR_EVER = 1e9
"""Seconds, some thirty years: the kernel's timer knows no infinity, and neither does JSON."""


class Run:
    """The order's fields, then the state. `own`: the leader is the shim's own child and not reaped. Times:
    `deadline` and `asked` in boot time, `started` and `ended` epoch seconds; `usage`: cpu seconds, and bytes at most.
    """

    __slots__ = (
        "asked",
        "cause",
        "closing_since",
        "deadline",
        "ended",
        "evidence",
        "expired",
        "folder",
        "forced",
        "gap",
        "grace",
        "group",
        "hold",
        "leftovers",
        "limits",
        "limits_by",
        "line",
        "log",
        "log_size",
        "name",
        "oom_before",
        "own",
        "phase",
        "pid",
        "proof",
        "quota",
        "redactor",
        "signum",
        "start",
        "started",
        "status",
        "stop_asked",
        "usage",
        "waiters",
    )

    def __init__(self, order: dict[str, Any]) -> None:
        self.name: str = order["run"]
        self.folder: str = order.get("folder") or "/"
        self.log: str = order["log"]
        self.deadline: float | None = order.get("deadline")
        if self.deadline is not None and self.deadline > _FOR_EVER:
            self.deadline = None
        self.grace: float = min(order.get("grace", 10.0), _FOR_EVER)
        self.signum: int = order.get("stop_signal", 15)
        self.leftovers: str = order.get("leftovers", "kill")
        self.quota: int | None = order.get("quota")
        self.limits: dict[str, Any] | None = order.get("limits")
        self.limits_by: str | None = None
        self.hold: Hold | None = None
        self.redactor: Redactor | None = None
        self.own = False
        self.oom_before = 0
        self.log_size = 0
        self.pid: int | None = None
        self.start: int | None = None
        self.group: str | None = None
        self.line = b""
        self.phase = LIVE
        self.status: int | None = None
        self.usage: tuple[float, int] | None = None
        self.cause: str | None = None
        self.evidence: list[tuple[str, str]] = []
        self.proof: Report | None = None
        self.stop_asked: str | None = None
        self.asked: float | None = None
        self.expired = False
        self.forced = False
        self.closing_since: float | None = None
        self.started: float | None = None
        self.ended: float | None = None
        self.gap: tuple[int, int] | None = None
        self.waiters = 0

    def note(self, source: str, text: str) -> None:
        """Keep one observed fact for the end."""
        self.evidence.append((source, text))

    def restore(self, line: dict[str, Any]) -> None:
        """Take over what a started line says beyond the order."""
        self.pid, self.start, self.group, self.started = line["pid"], line["start"], line["group"], line["at"]
        self.limits_by, self.oom_before = line["limits_by"], line["oom_before"]
        self.line = frames.encode(line)
