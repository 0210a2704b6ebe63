"""What an earlier shim of the folder wrote down, folded: which runs were alive, which ends nobody has acknowledged."""

from __future__ import annotations

from . import frames, journal

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


class Past:
    """The fold of a journal.

    `begun` are runs that a shim may have been starting when it died, with the tick of that time: all of a batch that is
    begun together, by spawners; else only the first that is not written down as started, because each is before the
    next is touched. `statuses` are of leaders
    reaped but not judged. `sown` are runs that were given to a process which a resident had forked. `named` are the
    processes (pid, start) of every run that was written down as started, also of those that are over.
    """

    __slots__ = ("_batch", "armed", "asked", "begun", "boot", "keeper", "live", "named", "over", "sown", "statuses")

    def __init__(self) -> None:
        self.boot: str | None = None
        self.keeper: str | None = None
        self.live: dict[str, dict[str, Any]] = {}
        self.over: dict[str, bytes] = {}
        self.begun: dict[str, int] = {}
        self.sown: dict[str, dict[str, Any]] = {}
        self.statuses: dict[str, int] = {}
        self.asked: dict[str, dict[str, Any]] = {}
        self.armed: dict[str, dict[str, Any]] = {}
        self.named: set[tuple[int, int]] = set()
        self._batch: list[str] = []

    def take(self, line: dict[str, Any]) -> None:
        """One line of the journal."""
        event, run = line.get("ev"), line.get("run", "")
        if event == "boot":
            self.boot, self.keeper = line["id"], line["keeper"]
        elif event == "starting":
            self.end_batch()
            batch = [name for name in line["runs"] if name not in self.live and name not in self.over]
            # A second line is of a shim that was still to find out what the first one's had done.
            self._batch = [name for name in batch if name not in self.begun and not line.get("together")]
            tick: int = line["tick"]
            for name in batch:
                self.begun.setdefault(name, tick)
        elif event == "sown":
            self.sown[run] = line
        elif event == "started":
            self.begun.pop(run, None)
            self.sown.pop(run, None)
            self.live[run] = line
            self.named.add((line["pid"], line["start"]))
        elif event == "gone":
            self.statuses[run] = line["status"]
        elif event == "asked":
            self.asked[run] = line
        elif event == "ended":
            self.begun.pop(run, None)
            for known in (self.live, self.sown, self.statuses, self.asked):
                known.pop(run, None)
            self.over[run] = frames.encode(line)
        elif event == "ack":
            for name in line["runs"]:
                self.over.pop(name, None)
        elif event == "armed":
            self.armed[line["key"]] = line
        elif event == "disarmed":
            self.armed.pop(line["key"], None)

    def end_batch(self) -> None:
        """The batch got no further: what comes after its first open run was surely not touched."""
        for name in [name for name in self._batch if name in self.begun][1:]:
            del self.begun[name]
        self._batch = []


def read(path: str) -> Past:
    """Fold the journal; no journal is no past."""
    past = Past()
    for line in journal.read(path):
        past.take(line)
    past.end_batch()
    return past
