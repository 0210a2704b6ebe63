"""A cron expression in the dialect of Quartz, and when it fires.

Source: Quartz, CronExpression.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from dataclasses import dataclass, field
from datetime import tzinfo
from functools import lru_cache
from typing import Final

from anyjob_server.timing.badcron import BadCron
from anyjob_server.timing.crondays import DayRule, days_of_month, days_of_week
from anyjob_server.timing.cronfield import FIELDS, Fault, items_of, values_of
from anyjob_server.timing.crontab import in_quartz
from anyjob_server.timing.localtime import Wall, epoch_of, wall_after, wall_of

__all__ = ["Cron"]

_FIELD: Final = re.compile(r"[^ \t]+")
_DAY, _WEEKDAY, _YEAR = 3, 5, 6
_FIRST_EPOCH: Final = -172_800
_LAST_EPOCH: Final = 4_102_531_200
"""30 December 1969 and 2 January 2100: outside all years in every zone."""


@dataclass(frozen=True, slots=True)
class Cron:
    """A cron expression that was read. Made by `Cron.parse`.

    `text` is the expression in capitals with one blank between its fields; `Cron.parse(cron.text) == cron`. The other
    fields are what it means, ascending.
    """

    text: str
    seconds: tuple[int, ...] = field(compare=False, repr=False)
    minutes: tuple[int, ...] = field(compare=False, repr=False)
    hours: tuple[int, ...] = field(compare=False, repr=False)
    days: DayRule = field(compare=False, repr=False)
    months: tuple[int, ...] = field(compare=False, repr=False)
    years: tuple[int, ...] = field(compare=False, repr=False)

    @classmethod
    def parse(cls, text: str) -> Cron:
        """The expression of six or seven fields. Case does not count. Raises BadCron, also for one that never fires."""
        return _read(text)

    def after(self, epoch: int, zone: tzinfo) -> int | None:
        """The first epoch second strictly after `epoch` at which it fires, on the clocks of `zone`; None: never again.

        A local time that the zone skips does not fire; one that comes twice fires the second time.
        """
        if not _FIRST_EPOCH <= epoch < _LAST_EPOCH:
            return None if epoch > 0 else self.after(_FIRST_EPOCH, zone)
        wall = wall_of(epoch + 1, zone)
        while True:
            found = self._next(*wall)
            if found is None:
                return None
            at = epoch_of(found, zone)
            if at is not None:
                return at
            wall = wall_after(found, zone)

    def _next(self, year: int, month: int, day: int, hour: int, minute: int, second: int) -> Wall | None:
        """The first local time from this one on, whether the zone has it or not."""
        found = self.first_day(year, month, day)
        if found is None:
            return None
        if found == (year, month, day):
            time = self._time(hour, minute, second)
            if time is not None:
                return (*found, *time)
            found = self.first_day(year, month, day + 1)
            if found is None:
                return None
        return (*found, self.hours[0], self.minutes[0], self.seconds[0])

    def _time(self, hour: int, minute: int, second: int) -> tuple[int, int, int] | None:
        """The first time of a day from this one on."""
        hours, minutes, seconds = self.hours, self.minutes, self.seconds
        at = bisect_left(hours, hour)
        if at < len(hours) and hours[at] == hour:
            to = bisect_left(minutes, minute)
            if to < len(minutes) and minutes[to] == minute:
                if second <= seconds[-1]:
                    return hour, minute, seconds[bisect_left(seconds, second)]
                to += 1
            if to < len(minutes):
                return hour, minutes[to], seconds[0]
            at += 1
        return (hours[at], minutes[0], seconds[0]) if at < len(hours) else None

    def first_day(self, year: int, month: int, day: int) -> tuple[int, int, int] | None:
        """The first day from this one on; `day` may be one more than the month has."""
        years, months, rule = self.years, self.months, self.days
        at = bisect_left(years, year)
        if at == len(years):
            return None
        if years[at] == year:
            to = bisect_left(months, month)
            if to < len(months) and months[to] != month:
                day = 1
        else:
            to, day = 0, 1
        while True:
            year = years[at]
            while to < len(months):
                days = rule.days(year, months[to])
                if days and day <= days[-1]:
                    return year, months[to], days[bisect_left(days, day)]
                to, day = to + 1, 1
            at, to, day = at + 1, 0, 1
            if at == len(years):
                return None


@lru_cache(maxsize=4096)
def _read(text: str) -> Cron:
    """Many jobs have the same expression: it is read once."""
    found = [(match.group(), match.start()) for match in _FIELD.finditer(text)]
    if len(found) not in (6, 7):
        raise _wrong_count(text, found)
    fields = [one.upper() if one.isascii() else one for one, _ in found]
    sets: dict[int, tuple[int, ...]] = {_YEAR: _values(_YEAR, "*")}
    for number, one in enumerate(fields):
        try:
            if number not in (_DAY, _WEEKDAY):
                sets[number] = _values(number, one)
        except Fault as fault:
            raise _bad(text, found, number, fault) from None
    days = _day_rule(text, found, fields)
    cron = Cron(" ".join(fields), sets[0], sets[1], sets[2], days, sets[4], sets[_YEAR])
    if cron.first_day(cron.years[0], 1, 1) is None:
        raise _never(text, found, fields)
    return cron


@lru_cache(maxsize=4096)
def _values(number: int, text: str) -> tuple[int, ...]:
    kind = FIELDS[number]
    return tuple(sorted({value for item in items_of(text) for value in values_of(kind, item)}))


_Found = list[tuple[str, int]]


def _day_rule(text: str, found: _Found, fields: list[str]) -> DayRule:
    """Of the two day fields the one that is not `?`. Quartz takes neither two that say something nor two `?`."""
    rules: list[DayRule] = []
    for number, read in ((_DAY, days_of_month), (_WEEKDAY, days_of_week)):
        try:
            if fields[number] != "?":
                rules.append(read(fields[number]))
        except Fault as fault:
            raise _bad(text, found, number, fault) from None
    if len(rules) == 1:
        return rules[0]
    number = _DAY if fields[_DAY] == "*" and fields[_WEEKDAY] not in ("*", "?") else _WEEKDAY
    remedy = "says a day, and the other day field says one too; write ? here" if rules else "is in both; write * here"
    raise BadCron(text, found[number][1], FIELDS[number].name, found[number][0], remedy)


def _bad(text: str, found: _Found, number: int, fault: Fault) -> BadCron:
    return BadCron(text, found[number][1] + fault.at, FIELDS[number].name, fault.value, fault.remedy)


def _wrong_count(text: str, found: _Found) -> BadCron:
    if len(found) > 7:
        one, at = found[7]
        return BadCron(text, at, "expression", one, f"is one field too many: it has {len(found)}; write 6 or 7")
    also = _also(in_quartz([one for one, _ in found]))
    remedy = f"has {len(found)} fields; write 6 or 7: second minute hour day-of-month month day-of-week [year]{also}"
    return BadCron(text, len(text), "expression", "", remedy)


def _never(text: str, found: _Found, fields: list[str]) -> BadCron:
    number = _DAY if fields[_WEEKDAY] == "?" else _WEEKDAY
    years = f" of the year {fields[_YEAR]}" if len(fields) == 7 and fields[_YEAR] != "*" else ""
    remedy = f"never comes in month {fields[4]}{years}; write a day that there is"
    return BadCron(text, found[number][1], FIELDS[number].name, found[number][0], remedy)


def _also(text: str) -> str:
    """For a remedy: what was meant, if it is a cron at all."""
    try:
        return f'; what crontab says so is "{Cron.parse(text).text}" here' if text else ""
    except BadCron:
        return ""
