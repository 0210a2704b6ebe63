"""The numbers of the SchedulerX API for instances, tasks and triggers, with their labels.

The numbers are those of the 2019-04-30 API and its published Go worker. The newer 2024-06-24 API numbers instances
otherwise (6 paused, 8 rejected): the two must not be mixed.

Sources: SchedulerX API, GetJobInstanceList, "Status", "TriggerType"; SchedulerX worker for Go,
processor/instance_status.go and processor/taskstatus/task_status.go.
"""

from __future__ import annotations

from enum import IntEnum
from typing import Final

__all__ = ["InstanceStatus", "TaskStatus", "TriggerType"]


class _Labelled(IntEnum):
    @property
    def label(self) -> str:
        """The word that people read: `partial failed`."""
        return self.name.lower().replace("_", " ")


class InstanceStatus(_Labelled):
    """Where an instance stands."""

    UNKNOWN = 0
    WAITING = 1
    POOL = 2  # SchedulerX's worker calls it ready; its flow control page shows such instances as waiting in the pool
    RUNNING = 3
    SUCCESS = 4
    FAILED = 5
    KILLED = 6  # never an end: SchedulerX reports a stopped instance as failed
    PAUSED = 7
    SUBMITTED = 8
    REJECTED = 9
    ACCEPTED = 10
    PARTIAL_FAILED = 11
    SKIPPED = 12
    REMOVED = 99

    @property
    def finished(self) -> bool:
        """True for an end that never reopens."""
        return self in _FINISHED_INSTANCES


class TaskStatus(_Labelled):
    """Where a task of an instance stands."""

    UNKNOWN = 0
    INIT = 1
    PULLED = 2
    RUNNING = 3
    SUCCESS = 4
    FAILED = 5

    @property
    def finished(self) -> bool:
        """True for an end that never reopens."""
        return self in (TaskStatus.SUCCESS, TaskStatus.FAILED)


class TriggerType(_Labelled):
    """What fired an instance."""

    SCHEDULED = 1
    DATA_BACKFILL = 2
    API = 3
    MANUAL_RERUN = 4
    SYSTEM_RETRY = 5
    MANUAL_RUN = 6

    @property
    def label(self) -> str:
        """The word that people read: `data backfill`."""
        return "API" if self is TriggerType.API else super().label


_FINISHED_INSTANCES: Final = frozenset(
    {InstanceStatus.SUCCESS, InstanceStatus.FAILED, InstanceStatus.SKIPPED, InstanceStatus.REMOVED}
)
