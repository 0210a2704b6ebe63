"""When each TimeType fires, before StartTime, EndTime and calendar have their say. Times are epoch milliseconds.

Sources: SchedulerX user guide, fixed rate; SchedulerX user guide, second delay; SchedulerX user guide, one time.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import tzinfo
from functools import lru_cache
from typing import ClassVar, Protocol

from anyjob_server.timing.cron import Cron

__all__ = ["CronSchedule", "FixedRate", "OnDemand", "OneTime", "Schedule", "SecondDelay"]


class Schedule(Protocol):
    """When a job fires by its TimeType alone. Pure: the same question has the same answer."""

    chained: ClassVar[bool]
    """Whether a firing follows from the end of the run before it, not from the clock."""

    def next(self, after: int) -> int | None:
        """The first firing strictly after `after`; None: never again.

        Of a chained schedule `after` is the end of the last run, or now, where there was none.
        """
        ...


@dataclass(frozen=True, slots=True)
class CronSchedule:
    """TimeType 1: on the clocks of the job's zone. Implements `Schedule`."""

    cron: Cron
    zone: tzinfo
    chained: ClassVar[bool] = False

    def next(self, after: int) -> int | None:
        found = _after(self.cron, self.zone, after // 1000)
        return None if found is None else found * 1000


@lru_cache(maxsize=4096)
def _after(cron: Cron, zone: tzinfo, epoch: int) -> int | None:
    """Many jobs have the same expression, and are asked at the same tick."""
    return cron.after(epoch, zone)


@dataclass(frozen=True, slots=True)
class FixedRate:
    """TimeType 3: at `first` and every `period` from there, however long runs take. Implements `Schedule`."""

    first: int
    period: int
    chained: ClassVar[bool] = False

    def next(self, after: int) -> int | None:
        return self.first + max((after - self.first) // self.period + 1, 0) * self.period


@dataclass(frozen=True, slots=True)
class SecondDelay:
    """TimeType 4: `delay` after the end of the run before. Implements `Schedule`."""

    delay: int
    chained: ClassVar[bool] = True

    def next(self, after: int) -> int | None:
        return after + self.delay


@dataclass(frozen=True, slots=True)
class OneTime:
    """TimeType 5. Implements `Schedule`."""

    at: int
    chained: ClassVar[bool] = False

    def next(self, after: int) -> int | None:
        return self.at if self.at > after else None


@dataclass(frozen=True, slots=True)
class OnDemand:
    """TimeTypes 100 (api) and -1 (none): no time fires it. Implements `Schedule`."""

    chained: ClassVar[bool] = False

    def next(self, after: int) -> int | None:
        del after
