"""The words and numbers that CreateJob lets a field hold, and the other spellings in which they arrive.

Sources: SchedulerX API, CreateJob, "JobType", "ExecuteMode", "TimeType", "Priority"; SchedulerX API, SDK, the older
spellings.
"""

from __future__ import annotations

import re
from enum import IntEnum, StrEnum
from typing import Final, TypeAlias

from anyjob.nearest import did_you_mean
from anyjob.problem import WrongValue

__all__ = [
    "Channel",
    "ExecuteMode",
    "JobStatus",
    "JobType",
    "Priority",
    "TaskDispatchMode",
    "TimeType",
    "parse_job_type",
]

JobType: TypeAlias = str
"""The canonical word of a job type: `[a-z0-9][a-z0-9._-]*`, at most 64 characters. Open: a plugin may bring any."""

_JOB_TYPE: Final = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}")
_JOB_TYPE_ALIASES: Final = {"xxl-job": "xxljob", "golang": "go", "kubernetes": "k8s"}
_API_JOB_TYPES: Final = ("java", "python", "shell", "go", "http", "xxljob", "dataworks", "k8s", "springschedule")


def parse_job_type(word: str) -> JobType:
    """The canonical word of a JobType. Case does not count; the display names of SchedulerX's pages are understood.

    Raises WrongValue, whose text is the remedy. Whether a plugin serves the type is the plugin host's question.
    """
    canonical = word.lower() if word.isascii() else word
    canonical = _JOB_TYPE_ALIASES.get(canonical, canonical)
    if not _JOB_TYPE.fullmatch(canonical):
        hint = did_you_mean(canonical, _API_JOB_TYPES)
        raise WrongValue(
            "is not a job type; " + (hint or "write 1 to 64 of a-z, 0-9, '.', '_' and '-', a letter or digit first")
        )
    return canonical


class ExecuteMode(StrEnum):
    """How an instance becomes tasks."""

    STANDALONE = "standalone"
    BROADCAST = "broadcast"
    PARALLEL = "parallel"
    GRID = "grid"
    BATCH = "batch"
    SHARDING = "sharding"

    @property
    def maps(self) -> bool:
        """Whether its tasks may make further ones."""
        return self in (ExecuteMode.PARALLEL, ExecuteMode.GRID, ExecuteMode.BATCH)


class TimeType(IntEnum):
    """What fires a job."""

    NONE = -1
    CRON = 1
    FIXED_RATE = 3
    SECOND_DELAY = 4
    ONE_TIME = 5
    API = 100


class Priority(IntEnum):
    """The place in the queue of an app group whose running instances are limited."""

    LOW = 1
    MEDIUM = 5
    HIGH = 10
    VERY_HIGH = 15


class JobStatus(IntEnum):
    """Whether a job's time fires it."""

    DISABLED = 0
    ENABLED = 1


class TaskDispatchMode(StrEnum):
    """Who moves the tasks of an instance that has many: the one that deals them, or the workers that have room."""

    PUSH = "push"
    PULL = "pull"


class Channel(StrEnum):
    """A way for an alert. `default` leaves the choice to the app group, so it stands alone."""

    DEFAULT = "default"
    SMS = "sms"
    MAIL = "mail"
    PHONE = "phone"
    WEBHOOK = "webhook"
