"""standalone: one task, on one worker."""

from __future__ import annotations

from collections.abc import Sequence

from anyjob.executor.capabilities import Phase
from anyjob.job import Job
from anyjob.modes.mode import PLAIN, Mode, TaskPlan
from anyjob.outcome import Outcome

__all__ = ["StandaloneMode"]


class StandaloneMode(Mode):
    """The instance is its task."""

    def plan(self, job: Job, instance_parameters: str, phases: frozenset[Phase] = PLAIN) -> list[TaskPlan]:
        del instance_parameters, phases
        return [TaskPlan(task=0, attempts=job.max_attempt, interval=job.attempt_interval)]

    def fold(self, outcomes: Sequence[tuple[TaskPlan, Outcome]]) -> Outcome:
        return outcomes[0][1]
