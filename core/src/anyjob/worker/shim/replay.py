"""What an earlier shim of the folder wrote down, folded: which runs were alive, which ends nobody has acknowledged."""

from __future__ import annotations

from . import frames, journal

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


class Past:
    """The fold of a journal.

    `begun` are runs that were to be started when the shim died, in their order, each with the tick of that time: only the first may
    have begun, because a started one is written down before the next is touched. `statuses` are of leaders reaped but not judged.
    """

    __slots__ = ("armed", "asked", "begun", "boot", "live", "over", "statuses")

    def __init__(self) -> None:
        self.boot: str | None = None
        self.live: dict[str, dict[str, Any]] = {}
        self.over: dict[str, bytes] = {}
        self.begun: dict[str, int] = {}
        self.statuses: dict[str, int] = {}
        self.asked: dict[str, dict[str, Any]] = {}
        self.armed: dict[str, dict[str, Any]] = {}


def read(path: str) -> Past:
    """Fold the journal; no journal is no past."""
    past = Past()
    for line in journal.read(path):
        _take(past, line)
    return past


def _take(past: Past, line: dict[str, Any]) -> None:
    event, run = line.get("ev"), line.get("run", "")
    if event == "boot":
        past.boot = line["id"]
    elif event == "starting":
        past.begun |= {name: line["tick"] for name in line["runs"] if name not in past.live and name not in past.over}
    elif event == "started":
        past.begun.pop(run, None)
        past.live[run] = line
    elif event == "gone":
        past.statuses[run] = line["status"]
    elif event == "asked":
        past.asked[run] = line
    elif event == "ended":
        past.begun.pop(run, None)
        for known in (past.live, past.statuses, past.asked):
            known.pop(run, None)
        past.over[run] = frames.encode(line)
    elif event == "ack":
        for name in line["runs"]:
            past.over.pop(name, None)
    elif event == "armed":
        past.armed[line["key"]] = line
    elif event == "disarmed":
        past.armed.pop(line["key"], None)
