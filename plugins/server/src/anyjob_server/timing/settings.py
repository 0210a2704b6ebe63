"""What an operator sets of time: keys of the table `[server]`."""

from __future__ import annotations

import calendar
from collections.abc import Mapping
from datetime import tzinfo
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from anyjob.problem import WrongValue
from anyjob.timezone import check_timezone, parse_timezone
from anyjob_server.timing.calendar import Calendars, Listed
from anyjob_server.timing.machinezone import machine_zone

__all__ = ["MonthDays", "TimeSettings"]


class MonthDays(BaseModel):
    """The days of one month on which jobs of the calendar fire."""

    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True)

    month: Annotated[int, Field(ge=1, le=12)]
    days: tuple[Annotated[int, Field(ge=1, le=31)], ...]


def _year(months: tuple[MonthDays, ...]) -> tuple[MonthDays, ...]:
    twice = {one.month for one in months if [other.month for other in months].count(one.month) > 1}
    if twice:
        raise ValueError(f"has the month {min(twice)} twice; write all its days in one place")
    return months


def _zone(name: str) -> str:
    try:
        return check_timezone(name)
    except WrongValue as wrong:
        raise ValueError(wrong.remedy) from None


_Year = Annotated[int, Field(ge=1970, le=2099)]
_Name = Annotated[str, Field(min_length=1, max_length=45)]
_Months = Annotated[tuple[MonthDays, ...], AfterValidator(_year)]


class TimeSettings(BaseModel):
    """The keys of `[server]` that are of time. The whole model of that table is a child of this one.

    `timezone`: of jobs that name none; else the machine's. `misfire_grace`: seconds within which a firing whose time
    passed while the server was down still runs; 0 for none. `calendars.NAME.YEAR` lists the days on which jobs of that
    calendar fire; the name is the vendor's, at most 45 characters.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True)

    timezone: Annotated[str, AfterValidator(_zone)] | None = None
    misfire_grace: Annotated[int, Field(ge=0, le=86_400)] = 60
    calendars: Mapping[_Name, Mapping[_Year, _Months]] = {}

    @model_validator(mode="after")
    def _days_that_are(self) -> TimeSettings:
        for name, years in self.calendars.items():
            for year, months in years.items():
                for one in months:
                    length = calendar.monthrange(year, one.month)[1]
                    if wrong := [day for day in one.days if day > length]:
                        raise ValueError(
                            f"calendars.{name}.{year} has the day {wrong[0]} in month {one.month}, which has {length};"
                            " take it out"
                        )
        return self

    @property
    def zone(self) -> tzinfo:
        """The server's zone. Raises NoMachineZone."""
        return parse_timezone(self.timezone) if self.timezone else machine_zone()

    def made_calendars(self) -> Calendars:
        """With `workday`, unless it is among those of the settings."""
        return Calendars(
            [
                Listed(
                    name,
                    {year: [(one.month, day) for one in months for day in one.days] for year, months in years.items()},
                )
                for name, years in self.calendars.items()
            ]
        )
