"""What must be known of a run before it is sent, so that any later worker finds it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from anyjob.executor import Handle, Scope
from anyjob.outcome import Json
from anyjob_xxljob.calls import Place

__all__ = ["KIND", "ROOM", "Part", "Ticket"]

KIND: Final = "xxljob"
ROOM: Final = 4096
"""Bytes of JSON that a checkpoint or a handle may take."""
_LEAST: Final = 16
"""Bytes that an executor takes beside its address: as sent, in doubt or refused."""


@dataclass(frozen=True, slots=True)
class Part:
    """A run at one executor; a broadcast has several."""

    index: int
    place: Place
    log_id: int

    @property
    def key(self) -> str:
        """Under what its callback is delivered. An executor of another circle cannot say it."""
        return f"{self.place.circle}/{self.log_id}"


@dataclass(frozen=True, slots=True)
class Ticket:
    """One run: where it goes, as which jobId, and its log ids, the first of `len(addresses)` consecutive ones.

    `moment` (epoch milliseconds) names the day's folder in which the executor keeps the log.
    """

    circle: str
    app: str
    job_id: int
    log_id: int
    moment: int
    addresses: tuple[str, ...]
    doubts: frozenset[int] = field(default_factory=frozenset[int])
    """Parts that may have arrived: their executor has not answered."""
    refused: Mapping[int, str] = field(default_factory=dict[int, str])
    """Parts that surely were not taken, and why."""

    @property
    def parts(self) -> list[Part]:
        """The run's parts, one an address, each with its own log id."""
        return [
            Part(index, Place(self.circle, self.app, address), self.log_id + index)
            for index, address in enumerate(self.addresses)
        ]

    def to_json(self) -> dict[str, Json]:
        """As checkpoint and handle carry it."""
        said: dict[str, Json] = {
            "circle": self.circle,
            "app": self.app,
            "jobId": self.job_id,
            "logId": self.log_id,
            "time": self.moment,
            "to": list(self.addresses),
        }
        if self.doubts:
            said["doubts"] = [*sorted(self.doubts)]
        if self.refused:
            room = (ROOM - len(json.dumps(said)) - _LEAST) // len(self.refused) - _LEAST
            said["refused"] = {str(index): _short(text, room) for index, text in self.refused.items()}
        return said

    @property
    def size(self) -> int:
        """Bytes that it takes at least, whatever the executors answer."""
        return len(json.dumps(self.to_json())) + _LEAST * (len(self.addresses) + 3)

    def handle(self) -> Handle:
        """As the worker keeps it."""
        return Handle(kind=KIND, scope=Scope.NODE, data=self.to_json())

    @classmethod
    def from_json(cls, said: Mapping[str, Any]) -> Ticket:
        """What `to_json` gave."""
        return cls(
            circle=said["circle"],
            app=said["app"],
            job_id=said["jobId"],
            log_id=said["logId"],
            moment=said["time"],
            addresses=tuple(said["to"]),
            doubts=frozenset(said.get("doubts", ())),
            refused={int(index): text for index, text in said.get("refused", {}).items()},
        )


def _short(text: str, room: int) -> str:
    """A refusal in at most so many bytes of JSON."""
    return text.encode("ascii", "replace").decode().replace("\\", "/").replace('"', "'")[: max(0, min(room, 200))]
