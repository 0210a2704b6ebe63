"""When a job fires, all told: its schedule within StartTime and EndTime, on the days of its calendar.

Sources: SchedulerX API, SDK, "StartTime" and "EndTime"; SchedulerX user guide, data offset.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, tzinfo
from typing import Final

from anyjob_server.timing.calendar import Calendar
from anyjob_server.timing.localtime import first_second
from anyjob_server.timing.schedule import OnDemand, OneTime, Schedule

__all__ = ["LAST", "Fire", "Never", "Skip", "Timeline"]

LAST: Final = 253_402_128_000_000
"""Epoch milliseconds, two days before the end of the year 9999: beyond it there are no dates."""


@dataclass(frozen=True, slots=True)
class Skip:
    """Firings that are left out: why (`skipped by calendar workday`), and when the first of them would have been."""

    reason: str
    first: int
    """Epoch milliseconds."""


@dataclass(frozen=True, slots=True)
class Fire:
    """The next firing. Times are epoch milliseconds; `skipped` is what is left out before it, for the record."""

    schedule_time: int
    data_time: int
    skipped: tuple[Skip, ...] = ()


@dataclass(frozen=True, slots=True)
class Never:
    """Time does not fire the job any more, and why, for people: `EndTime has passed`."""

    reason: str
    skipped: tuple[Skip, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Timeline:
    """All that decides when a job fires by itself. Made by `timeline_of`. Pure, no clock.

    `start` and `end` are epoch milliseconds, None for no such bound; `data_offset` is in seconds.
    """

    schedule: Schedule
    zone: tzinfo
    start: int | None = None
    end: int | None = None
    data_offset: int = 0
    calendar: Calendar | None = None

    @property
    def chained(self) -> bool:
        """Whether it is asked at the end of each run, not before (second_delay)."""
        return self.schedule.chained

    def next_fire(self, after: int) -> Fire | Never:
        """The first firing strictly after `after`, in epoch milliseconds.

        For a chained timeline `after` is the end of the last run, else now. What StartTime, EndTime or the calendar
        exclude is passed over; `skipped` says what the calendar took.
        """
        if self.start is not None and after < self.start:
            after = self.start - 1
        at = self.schedule.next(after)
        skipped: list[Skip] = []
        while at is not None and at < LAST:
            if self.end is not None and at > self.end:
                return Never(f"EndTime {self._shown(self.end)} comes before the next time", tuple(skipped))
            if self.calendar is None:
                return Fire(at, at + self.data_offset * 1000)
            day = self._day(at)
            reason = self.calendar.refusal(day)
            if not reason:
                return Fire(at, at + self.data_offset * 1000, tuple(skipped))
            if not skipped or skipped[-1].reason != reason:
                skipped.append(Skip(reason, at))
            following = self.calendar.following(day)
            if following is None:
                return Never(self._no_more(reason, day), tuple(skipped))
            at = self.schedule.next(first_second(following, self.zone) * 1000 - 1)
        return Never(self._over(skipped), tuple(skipped))

    def _day(self, at: int) -> date:
        return datetime.fromtimestamp(at // 1000, self.zone).date()

    def _shown(self, at: int) -> str:
        return datetime.fromtimestamp(min(at, LAST) // 1000, self.zone).strftime("%Y-%m-%d %H:%M:%S")

    def _no_more(self, reason: str, day: date) -> str:
        assert self.calendar is not None
        if reason.endswith("no run"):
            return reason
        return f"calendar {self.calendar.name} has no more days from {day} on"

    def _over(self, skipped: list[Skip]) -> str:
        if isinstance(self.schedule, OnDemand):
            return "only ExecuteJob and manual runs start it"
        if not skipped or self.calendar is None:
            return "its last time has passed"
        if isinstance(self.schedule, OneTime):
            return skipped[-1].reason
        return f"none of the times to come is on a day of calendar {self.calendar.name}"
