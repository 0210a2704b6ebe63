"""One job of a tour, and how it stands."""

from __future__ import annotations

import enum
import time
from dataclasses import dataclass
from pathlib import Path

from anyjob.outcome import Cause, Json
from anyjob_server.cli.tour.beside import Beside
from anyjob_server.client.instanceinfo import InstanceInfo
from anyjob_server.client.jobfile import JobFile

__all__ = ["Row", "State"]


class State(enum.Enum):
    """Where a job is on its way."""

    WAITING = "waiting"
    RUNNING = "running"
    OVER = "over"
    ABSENT = "not here"
    """What it needs is not on this machine."""
    REFUSED = "refused"
    """The server did not take it."""
    STOPPED = "stopped"
    """By a signal to this command."""
    SKIPPED = "not run"
    """A signal came before its turn."""
    LEFT = "left"
    """Nobody waits for its end any more."""


@dataclass(slots=True, eq=False)
class Row:
    """`meant`: the cause with which it is to end."""

    job: JobFile
    file: Path
    beside: Beside
    meant: Cause = Cause.SUCCEEDED
    state: State = State.WAITING
    began: float = 0.0
    info: InstanceInfo | None = None
    """Of its end."""
    why: str = ""
    """Why it is absent or refused, or where it was left."""

    @property
    def type(self) -> str:
        """As its file has it."""
        return self.job.text("JobType")

    @property
    def as_meant(self) -> bool:
        """Whether it ran to the end it is to have."""
        return self.state is State.OVER and self.info is not None and self.info.ended.cause is self.meant

    @property
    def wrong(self) -> bool:
        """Whether it ran to another end, or was refused."""
        return self.state is State.REFUSED or (self.state is State.OVER and not self.as_meant)

    @property
    def seconds(self) -> float | None:
        """From its start, to its end if it has one."""
        if self.info is not None:
            return self.info.seconds
        return time.monotonic() - self.began if self.state is State.RUNNING else None

    def to_json(self) -> dict[str, Json]:
        """For `--json`: that of its instance, where there was one, and what the tour knows."""
        said: dict[str, Json] = {} if self.info is None else dict(self.info.to_json())
        here: dict[str, Json] = {"job": self.job.name, "type": self.type, "file": str(self.file)}
        return {
            **here,
            **said,
            "ran": self.state is State.OVER,
            "meant": self.meant.value,
            "as_meant": self.as_meant,
            "why": self.why,
        }
