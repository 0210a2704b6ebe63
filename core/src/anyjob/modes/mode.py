"""What a mode is."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from anyjob.errors import AnyJobError
from anyjob.executor.capabilities import Phase
from anyjob.job import Job
from anyjob.job.rules import listed
from anyjob.outcome import Outcome
from anyjob.run import Shard

__all__ = ["PLAIN", "Mode", "ModeRefused", "TaskPlan", "tries", "tuned"]

PLAIN: Final = frozenset({Phase.PROCESS})
"""The phases of a type that frames nothing."""


class ModeRefused(AnyJobError):
    """The job's ExecuteMode cannot run here."""

    def __init__(self, job: str, mode: str, known: Sequence[str]) -> None:
        self.job, self.mode, self.known = job, mode, tuple(known)
        super().__init__(f'Job {job!r}: ExecuteMode: "{mode}" does not run here yet; use {listed([*known], "or")}')


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskPlan:
    """One task of an instance. `attempts`: how often it is tried again at most; `interval`: seconds between tries.

    The tasks of `PRE` end before any of `PROCESS` begins, and those of `POST` begin when all of these are over. After a
    `PRE` that failed nothing follows.
    """

    task: int
    name: str = ""
    shard: Shard | None = None
    attempts: int = 0
    interval: float = 0
    phase: Phase = Phase.PROCESS


def tuned(job: Job, key: str, field: int) -> int:
    """A tuning number of the mode: the key of XAttrs wins over the API's field, which always has a default."""
    value = job.xattrs.get(key, field)
    return value if isinstance(value, int) else field


def tries(job: Job) -> tuple[int, float]:
    """How often a task of many is tried again, and the seconds between: by the task's own budget, or the job's where it
    has none for its tasks."""
    own = tuned(job, "taskMaxAttempt", job.task_max_attempt)
    if own:
        return own, tuned(job, "taskAttemptInterval", job.task_attempt_interval)
    return job.max_attempt, job.attempt_interval


class Mode(ABC):
    """Pure: no clock, no files, no network."""

    @abstractmethod
    def plan(self, job: Job, instance_parameters: str, phases: frozenset[Phase] = PLAIN) -> list[TaskPlan]:
        """The tasks of one instance. `phases`: those that the job's executor has. Raises BadJob."""

    @abstractmethod
    def fold(self, outcomes: Sequence[tuple[TaskPlan, Outcome]]) -> Outcome:
        """What the last outcomes of all tasks that began make of the instance; at least one."""
