"""The lines that were drawn: what each of the numbers has to be, by the issue that says so."""

from __future__ import annotations

import operator
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Literal

__all__ = ["LINES", "Line", "Sense"]

Sense = Literal[">=", "<=", "<"]
_HOLDS: Final[dict[Sense, Callable[[float, float], bool]]] = {">=": operator.ge, "<=": operator.le, "<": operator.lt}


@dataclass(frozen=True, slots=True)
class Line:
    """One number of an issue. Without a unit it is a ratio to the bare loop, or the peer, of the same run."""

    name: str
    issue: int
    text: str
    sense: Sense
    limit: float
    unit: str = ""

    def holds(self, value: float) -> bool:
        """Whether a value is on the right side."""
        return _HOLDS[self.sense](value, self.limit)

    def __str__(self) -> str:
        return f"{self.sense} {self.limit:g}{f' {self.unit}' if self.unit else ''}"


_NOOPS = "no-op shell jobs against bare spawns"
_DRAWN: Final = (
    Line("throughput-2-cgroup", 3, f"{_NOOPS}, 2 in flight, a cgroup for proof", ">=", 0.40),
    Line("throughput-2", 3, f"{_NOOPS}, 2 in flight", ">=", 0.45),
    Line("throughput-8-cgroup", 3, f"{_NOOPS}, 8 in flight, a cgroup for proof", ">=", 0.55),
    Line("throughput-8", 3, f"{_NOOPS}, 8 in flight", ">=", 0.60),
    Line("throughput-16-cgroup", 3, f"{_NOOPS}, 16 in flight, a cgroup for proof", ">=", 0.55),
    Line("throughput-16", 3, f"{_NOOPS}, 16 in flight", ">=", 0.60),
    Line("worker-cpu", 3, "the host's and the worker's own CPU a run", "<=", 0.2, "ms"),
    Line("latency-p50", 3, "submit to child start above the bare spawn, p50", "<", 1, "ms"),
    Line("latency-p99", 3, "submit to child start above the bare spawn, p99", "<", 5, "ms"),
    Line("output-lines", 3, "2 GB of output against the child writing the file alone", ">=", 0.9),
    Line("output-one-line", 3, "one line of 1 GB against the child writing the file alone", ">=", 0.9),
    Line("output-growth", 3, "worker and shim grow by", "<", 64, "MB"),
    Line("output-quota", 3, "a quota of 10 MiB keeps head and tail, and as much on disk", "<=", 11, "MiB"),
    Line("sleepers-memory", 3, "2 000 sleeping runs: worker, keeper and shim together", "<", 120, "MB"),
    Line("sleepers-idle", 3, "2 000 sleeping runs: 0 % CPU, which is what is under half a per cent", "<", 0.5, "%"),
    Line("sleepers-stop", 3, "2 000 sleeping runs: all stopped with proof in", "<", 2, "s"),
    Line("hostile-survivors", 3, "hostile stops: alive after a proof, or in no list", "<=", 0, "processes"),
    Line("hostile-signals", 3, "hostile stops: signals to foreign processes", "<=", 0, "signals"),
    Line("hostile-proof", 3, "hostile stops with cgroups: force to proof, p99", "<", 50, "ms"),
    Line("create-rate", 4, "CreateJob over HTTP, durable, 64 connections", ">=", 1000, "/s"),
    Line("create-p99", 4, "CreateJob over HTTP, durable, 64 connections, p99", "<", 100, "ms"),
    Line("list-page", 4, "a page of ListJobs with 100 000 jobs stored", "<", 20, "ms"),
    Line("start-stored", 4, "a start with 100 000 jobs stored", "<", 5, "s"),
    Line("engine-fired", 4, "1 000 due each second, instances stored: not fired", "<=", 0, "firings"),
    Line("engine-late", 4, "1 000 due each second, instances stored: late, p99", "<", 10, "ms"),
    Line("trigger-fired", 4, "the trigger alone, 10 000 due each second: not fired", "<=", 0, "firings"),
    Line("trigger-late", 4, "the trigger alone, 10 000 due each second: late, p99", "<", 50, "ms"),
    Line("trigger-cpu", 4, "the trigger alone, 10 000 due each second: CPU", "<=", 50, "% of a core"),
    Line("way", 4, "the whole way by API against bare captured spawns", ">=", 0.4),
    Line("warm-venv", 5, "python, warm against cold, a virtual environment's interpreter", ">=", 5),
    Line("warm-lean", 5, "python, warm against cold, a lean distribution's interpreter", ">=", 3),
    Line("warm-requests", 5, "python, warm against cold, a script that imports requests", ">=", 20),
    Line("http", 5, "http no-ops against a loop of pooled sessions", ">=", 0.7),
    Line("http-memory", 5, "1 000 http calls in flight to a slow server", "<", 300, "MB"),
    Line("suite", 5, "the suite on shell", "<", 90, "s"),
    Line("k8s", 6, "50 no-op script jobs against a bare client with a watch", ">=", 0.8),
    Line("k8s-memory", 6, "500 running pods in the worker", "<", 150, "MB"),
    Line("k8s-requests", 6, "API requests a run when nothing fails", "<=", 6, "requests"),
    Line("docker", 6, "no-op containers against a bare docker-py loop", ">=", 0.8),
    Line("xxljob-rate", 7, "no-ops against three real executors, callbacks durable", ">=", 300, "runs/s"),
    Line("xxljob-memory", 7, "2 000 xxljob runs in flight", "<", 300, "MB"),
    Line("java-call", 8, "java shared: a call over the protocol, p50", "<", 0.3, "ms"),
    Line("java-process", 8, "java process: against the host jar started by hand", "<=", 1.3),
    Line("go-call", 8, "go: a call over the protocol, p50", "<", 0.3, "ms"),
    Line("go-many", 8, "go: 1 000 calls of one second at one time in one binary: all over after", "<", 2, "s"),
    Line("idle-cpu", 8, "an attached application that idles", "<", 0.1, "% of a core"),
    Line("idle-memory", 8, "an attached application that idles, in the worker", "<", 1, "MB"),
)

LINES: Final = {line.name: line for line in _DRAWN}
"""By name, in the order of the issues."""
