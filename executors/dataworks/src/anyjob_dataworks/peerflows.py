"""The flows of the practice server: what their nodes do, by the clock."""

from __future__ import annotations

import itertools
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from anyjob_dataworks.plan import MARK

__all__ = ["FLOWS", "PROJECT", "PROJECT_ID", "NodeScript", "PeerFlow", "PeerFlows", "PeerNode", "flow_of"]

PROJECT: Final = "practice"
PROJECT_ID: Final = 10001

Text = Callable[[Mapping[str, str], float], str]
"""A node's log, from the flow's parameters and how much of the node is done, 0 to 1."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeScript:
    """What a node does: how many seconds it takes, what it writes, and whether it ends well."""

    name: str
    seconds: float = 0.02
    text: Text = lambda parameters, done: ""
    ok: bool = True


def _plain(text: str) -> Text:
    return lambda parameters, done: text


def _at_end(text: str) -> Text:
    return lambda parameters, done: text if done >= 1 else ""


def _counts(parameters: Mapping[str, str], done: float) -> str:
    return "".join(f"{number}\n" for number in range(1, int(int(parameters["upto"]) * done) + 1))


def _floods(parameters: Mapping[str, str], done: float) -> str:
    return "0123456789abcde\n" * (int(parameters["bytes"]) // 16) if done >= 1 else ""


def _line(parameters: Mapping[str, str], done: float) -> str:
    return "x" * int(parameters["bytes"]) if done >= 1 else ""


def _parameters(parameters: Mapping[str, str], done: float) -> str:
    return "".join(f"{name}={value}\n" for name, value in sorted(parameters.items()) if name != MARK)


_ODD: Final = "a\udcff\ud800\0\x1b[31m\udc80z\n"
"""No text in any encoding: halves of characters."""

FLOWS: Final[Mapping[str, Sequence[NodeScript]]] = {
    "hello": [NodeScript(name="greet", text=_plain("hello\n"))],
    "fails": [NodeScript(name="check", text=_plain("reading\nrow 7: division by zero\n"), ok=False)],
    "echo": [NodeScript(name="echo", text=lambda parameters, done: parameters.get("text", "") + "\n")],
    "parameters": [NodeScript(name="print", text=_parameters)],
    "sleeps": [NodeScript(name="nap", seconds=90, text=_plain("ready\n"))],
    "remembers": [NodeScript(name="note", seconds=0.3)],
    "counts": [NodeScript(name="count", seconds=1.5, text=_counts)],
    "floods": [NodeScript(name="flood", text=_floods)],
    "line": [NodeScript(name="line", text=_line)],
    "odd": [NodeScript(name="odd", text=_plain(_ODD))],
    "daily": [
        NodeScript(name="extract", seconds=0.3, text=_plain("120 rows read\n")),
        NodeScript(name="transform", seconds=0.3, text=_plain("118 rows kept\n")),
        NodeScript(name="load", seconds=0.3, text=_at_end("118 rows written\n")),
    ],
    "broken": [
        NodeScript(name="extract", seconds=0.2, text=_plain("120 rows read\n")),
        NodeScript(name="transform", seconds=0.2, text=_plain("row 7: no such column: price\n"), ok=False),
        NodeScript(name="load", seconds=0.2, text=_plain("written\n")),
    ],
}
"""By name. A flow's nodes run one after the other."""

_IDS: Final = {name: 7000 + number for number, name in enumerate(FLOWS)}


def flow_of(task: int) -> str | None:
    """The flow to which a node's id belongs."""
    return next((name for name, number in _IDS.items() if task // 100 == number), None)


@dataclass(slots=True, kw_only=True)
class PeerNode:
    """One node's instance. All times are seconds of the monotonic clock."""

    id: int
    task: int
    script: NodeScript
    begins: float
    dry: bool = False
    stopped: float | None = None
    run: int = 1

    def status(self, now: float, blocked: float) -> str:
        """In the words of 2020-05-18. `blocked`: when a node before it failed."""
        if self.stopped is not None and now >= self.stopped:
            return "FAILURE"
        if now < self.begins or blocked <= self.begins:
            return "NOT_RUN"
        if now < self.ends:
            return "RUNNING"
        return "SUCCESS" if self.script.ok or self.dry else "FAILURE"

    @property
    def ends(self) -> float:
        """When it is over, if nobody stops it."""
        return self.begins + (0 if self.dry else self.script.seconds)

    def failed_at(self) -> float:
        """When it fails; never, for most."""
        if self.stopped is not None:
            return self.stopped
        return float("inf") if self.script.ok or self.dry else self.ends

    def log(self, parameters: Mapping[str, str], now: float) -> str:
        """What it has written so far."""
        now = min(now, self.stopped or now)
        if now < self.begins or self.dry:
            return ""
        return self.script.text(parameters, min(1.0, (now - self.begins) / self.script.seconds))


@dataclass(slots=True, kw_only=True)
class PeerFlow:
    """One instance of a flow. `created`: by the monotonic clock."""

    id: int
    flow: str
    name: str
    env: str
    day: str
    parameters: Mapping[str, str]
    nodes: list[PeerNode]
    operation: str = ""
    created: float = field(default_factory=time.monotonic)

    def statuses(self) -> list[str]:
        """Of its nodes."""
        now, found, blocked = time.monotonic(), list[str](), float("inf")
        for node in self.nodes:
            found.append(node.status(now, blocked))
            blocked = min(blocked, node.failed_at())
        return found

    def status(self) -> str:
        """In the words of 2020-05-18."""
        said = self.statuses()
        if "RUNNING" in said:
            return "RUNNING"
        if "FAILURE" in said:
            return "FAILURE"
        return "SUCCESS" if all(one == "SUCCESS" for one in said) else "RUNNING"


class PeerFlows:
    """What was started. Safe to share between threads."""

    def __init__(self) -> None:
        self._numbers = itertools.count(500_001)
        self._lock = threading.Lock()
        self.started: list[PeerFlow] = []
        self.closing = threading.Event()

    def start(
        self,
        flow: str,
        *,
        name: str,
        env: str,
        day: str,
        parameters: Mapping[str, str],
        tasks: Sequence[int] = (),
        dry: Sequence[int] = (),
    ) -> PeerFlow:
        """Start it, or only some of its nodes. Raises KeyError for a node that it does not have."""
        scripts = {self.task_of(flow, place): script for place, script in enumerate(FLOWS[flow])}
        for task in (*tasks, *dry):
            if task not in scripts:
                raise KeyError(task)
        begins = time.monotonic() + 0.02
        with self._lock:
            nodes: list[PeerNode] = []
            for task, script in scripts.items():
                if tasks and task not in tasks:
                    continue
                nodes.append(PeerNode(id=next(self._numbers), task=task, script=script, begins=begins, dry=task in dry))
                begins = nodes[-1].ends
            number = next(self._numbers)
            made = PeerFlow(
                id=number,
                flow=flow,
                name=name,
                env=env,
                day=day,
                parameters=parameters,
                nodes=nodes,
                operation=f"operation-{number}",
            )
            self.started.append(made)
        if flow == "remembers":
            threading.Thread(target=self._note, args=[made], daemon=True).start()
        return made

    def find(self, number: int) -> PeerFlow | None:
        """The flow of that number, if it was started here."""
        return next((flow for flow in self.started if flow.id == number), None)

    def node(self, number: int) -> tuple[PeerFlow, PeerNode] | None:
        """A node's instance, and its flow's."""
        return next(((flow, node) for flow in self.started for node in flow.nodes if node.id == number), None)

    @staticmethod
    def stop(node: PeerNode) -> bool:
        """End it. False: it is over."""
        now = time.monotonic()
        if node.stopped is not None or now >= node.ends:
            return False
        node.stopped = now
        return True

    @staticmethod
    def task_of(flow: str, place: int) -> int:
        """The id of the node at a place of a flow."""
        return _IDS[flow] * 100 + place + 1

    @staticmethod
    def workflow_of(flow: str) -> int:
        """The id of a flow."""
        return _IDS[flow]

    def _note(self, flow: PeerFlow) -> None:
        """Appends to the file that the parameters name, at the beginning and at the end."""
        run = (flow.parameters.get(MARK) or flow.name).partition(".")[0]
        for word in ("begin", "end"):
            with Path(flow.parameters["file"]).open("a") as lines:
                print(run, word, file=lines)
            if word == "begin":
                self.closing.wait(0.25)
