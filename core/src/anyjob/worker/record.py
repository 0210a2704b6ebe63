"""What is durable about one run: the fold of its marks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from anyjob.executor.handle import Handle
from anyjob.outcome import Json, Outcome
from anyjob.plugins.binding import Binding
from anyjob.worker.order import RunOrder
from anyjob.worker.states import Mark, RunState, advance

__all__ = ["RunRecord"]


@dataclass(slots=True, kw_only=True)
class RunRecord:
    """One run, as a later worker would read it. `started`, `asked` and `ended` are epoch seconds; `stop` says why
    it is to stop, and `asked` when the run was asked, from which its grace counts."""

    order: RunOrder
    binding: Binding
    state: RunState = RunState.NEW
    handle: Handle | None = None
    saved: Json = None
    stop: str | None = None
    asked: float | None = None
    outcome: Outcome | None = None
    started: float | None = None
    ended: float | None = None
    starts: int = 0
    policies: list[str] = field(default_factory=list[str])
    """What policies changed about the newest start, one line each."""
    cursors: dict[str, tuple[str, int]] = field(default_factory=dict[str, tuple[str, int]])

    def advance(self, mark: Mark) -> None:
        """Move on by one mark. Raises IllegalMark and changes nothing then."""
        self.state = advance(self.order.name, self.state, mark)

    def replay(self, mark: Mark, said: Mapping[str, Any]) -> None:
        """Take one mark out of a journal. Raises IllegalMark."""
        self.advance(mark)
        match mark:
            case Mark.STARTING:
                self.started = said["at"]
                self.starts += 1
                self.policies = said.get("policies", [])
            case Mark.HANDLE:
                self.handle = Handle.from_json(said["handle"])
            case Mark.SAVED:
                self.saved = said["data"]
            case Mark.STOP:
                self.stop = said["why"]
            case Mark.ENDED:
                self.ended = said["at"]
                self.outcome = Outcome.from_json(said["outcome"])
            case Mark.ACCEPTED:
                pass

    def lines(self) -> list[dict[str, Any]]:
        """The fewest marks that fold to this record: what compaction keeps."""
        run = self.order.name
        out: list[dict[str, Any]] = []
        starting: dict[str, Any] = {"m": Mark.STARTING.value, "run": run, "at": self.started}
        if self.policies:
            starting["policies"] = self.policies
        out += [starting] * self.starts
        if self.saved is not None:
            out.append({"m": Mark.SAVED.value, "run": run, "data": self.saved})
        if self.handle is not None:
            out.append({"m": Mark.HANDLE.value, "run": run, "handle": self.handle.to_json()})
        if self.stop is not None:
            out.append({"m": Mark.STOP.value, "run": run, "why": self.stop})
        if self.asked is not None:
            out.append({"m": "asked", "run": run, "at": self.asked})
        out += [{"m": "cursor", "run": run, "source": k, "cursor": v, "size": n} for k, (v, n) in self.cursors.items()]
        if self.outcome is not None:
            out.append({"m": Mark.ENDED.value, "run": run, "at": self.ended, "outcome": self.outcome.to_json()})
        return out
