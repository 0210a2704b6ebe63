"""What a mode is."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass

from anyjob.errors import AnyJobError
from anyjob.job import Job
from anyjob.outcome import Outcome
from anyjob.run import Shard

__all__ = ["Mode", "ModeRefused", "TaskPlan", "tuned"]


class ModeRefused(AnyJobError):
    """The job's ExecuteMode cannot run here."""

    def __init__(self, job: str, mode: str, known: Sequence[str]) -> None:
        self.job, self.mode, self.known = job, mode, tuple(known)
        super().__init__(f'Job {job!r}: ExecuteMode: "{mode}" does not run here yet; use {" or ".join(known)}')


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskPlan:
    """One task of an instance. `attempts`: how often it is tried again at most; `interval`: seconds between tries."""

    task: int
    name: str = ""
    shard: Shard | None = None
    attempts: int = 0
    interval: float = 0


def tuned(job: Job, key: str, field: int) -> int:
    """A tuning number of the mode: the key of XAttrs wins over the API's field, which always has a default."""
    value = job.xattrs.get(key, field)
    return value if isinstance(value, int) else field


class Mode(ABC):
    """Pure: no clock, no files, no network."""

    @abstractmethod
    def plan(self, job: Job, instance_parameters: str) -> list[TaskPlan]:
        """The tasks of one instance. Raises BadJob."""

    @abstractmethod
    def fold(self, outcomes: Sequence[tuple[TaskPlan, Outcome]]) -> Outcome:
        """What the last outcomes of all tasks make of the instance; at least one."""
