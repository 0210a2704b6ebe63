"""Calendars: the days on which a job may fire.

Source: SchedulerX API, SDK, CreateSchedulerxCalendar, "MonthDaysContent".
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final, Protocol

__all__ = ["WORKDAY", "Calendar", "Calendars", "Listed", "Missing", "Workdays"]

WORKDAY: Final = "workday"
_SPELLINGS: Final = {"工作日": WORKDAY}
"""As old examples of the API write it."""
_LAST: Final = date(2099, 12, 31)


class Calendar(Protocol):
    """The days on which a job may fire. Days are those of the job's zone."""

    @property
    def name(self) -> str:
        """As jobs name it."""
        ...

    def following(self, day: date) -> date | None:
        """The first day of the calendar after this one; None: it has no more."""
        ...

    def refusal(self, day: date) -> str:
        """Why nothing fires on that day; empty for a day of the calendar."""
        ...


@dataclass(frozen=True, slots=True)
class Workdays:
    """Monday to Friday of every year, without holidays: what `workday` is until the settings say something else.

    Implements `Calendar`.
    """

    name: str = WORKDAY

    def following(self, day: date) -> date | None:
        if day >= _LAST:
            return None
        return day + timedelta(days=(1, 1, 1, 1, 3, 2, 1)[day.weekday()])

    def refusal(self, day: date) -> str:
        return "" if day.weekday() < 5 else f"skipped by calendar {self.name}"


class Listed:
    """A calendar of years whose days are listed. In a year without an entry nothing fires. Implements `Calendar`."""

    def __init__(self, name: str, years: Mapping[int, Iterable[tuple[int, int]]]) -> None:
        """`years`: the months and days of each year. Raises ValueError for a day that there is not."""
        self._name, self._years = name, frozenset(years)
        self._days = sorted({date(year, month, day) for year, days in years.items() for month, day in days})

    @property
    def name(self) -> str:
        return self._name

    def following(self, day: date) -> date | None:
        at = bisect_left(self._days, day + timedelta(days=1))
        return self._days[at] if at < len(self._days) else None

    def refusal(self, day: date) -> str:
        at = bisect_left(self._days, day)
        if at < len(self._days) and self._days[at] == day:
            return ""
        if day.year not in self._years:
            return f"calendar {self._name} has no year {day.year}: no run"
        return f"skipped by calendar {self._name}"


@dataclass(frozen=True, slots=True)
class Missing:
    """A calendar that a stored job names and the settings no longer have: nothing fires. Implements `Calendar`."""

    name: str

    def following(self, day: date) -> date | None:
        del day

    def refusal(self, day: date) -> str:
        del day
        return f"calendar {self.name} is not in the settings: no run"


class Calendars:
    """Every calendar of this server: `workday`, and those of the settings."""

    def __init__(self, own: Sequence[Calendar] = ()) -> None:
        """One of `own` that is called `workday` takes the place of the shipped one."""
        self._by_name: dict[str, Calendar] = {WORKDAY: Workdays(), **{one.name: one for one in own}}

    @property
    def names(self) -> list[str]:
        """As jobs may name them, in the order of the alphabet."""
        return sorted(self._by_name)

    def has(self, name: str) -> bool:
        """Whether a job may name it."""
        return self._known(name) in self._by_name

    def get(self, name: str) -> Calendar:
        """The calendar of that name; a Missing for one that there is not."""
        return self._by_name.get(self._known(name)) or Missing(name)

    def _known(self, name: str) -> str:
        return name if name in self._by_name else _SPELLINGS.get(name, name)
