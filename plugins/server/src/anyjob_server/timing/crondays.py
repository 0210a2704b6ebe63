"""Which days of a month a cron expression means: its day-of-month or its day-of-week field.

Source: Quartz, CronExpression, the characters L, W and #.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date
from functools import lru_cache
from typing import Final

from anyjob_server.timing.cronfield import FIELDS, Item, items_of, number_of, values_of

__all__ = ["DayRule", "days_of_month", "days_of_week", "length_of", "shape_of"]

_FIRST_YEAR: Final = FIELDS[6].low
_OF_MONTH: Final = FIELDS[3]
_OF_WEEK: Final = FIELDS[5]
_FROM_LAST: Final = re.compile(r"L(?:-([0-9]{1,9}))?(W)?")
_NEAR: Final = re.compile(r"([0-9]+)W")
_IN_MONTH: Final = re.compile(r"([0-9]+|[A-Z]{3})(?:(L)|#([0-9]*))")
_MOST_BEFORE_LAST: Final = 30

_Days = Callable[[int, int], tuple[int, ...]]


def _shapes() -> list[int]:
    found: list[int] = []
    for year in range(_FIRST_YEAR, FIELDS[6].high + 1):
        for month in range(1, 13):
            first = date(year, month, 1)
            after = date(year + month // 12, month % 12 + 1, 1)
            found.append(((after - first).days - 28) * 7 + first.isoweekday() % 7)
    return found


_SHAPES: Final = _shapes()
"""A month has one of 28 shapes, by its length and the day of the week on which it begins, Sunday 0."""


def shape_of(year: int, month: int) -> int:
    """The shape of a month of the years that a cron knows."""
    return _SHAPES[(year - _FIRST_YEAR) * 12 + month - 1]


def length_of(year: int, month: int) -> int:
    """Its days."""
    return 28 + shape_of(year, month) // 7


class DayRule:
    """The days of a month that a field means. `in_shape[shape]`, filled when first asked for, in order."""

    __slots__ = ("_days", "_found")

    def __init__(self, days: _Days) -> None:
        """`days(length, first)`: the days of a month of that length whose first day is `first`, Sunday 0."""
        self._days = days
        self._found: list[tuple[int, ...] | None] = [None] * 28

    def days(self, year: int, month: int) -> tuple[int, ...]:
        """The days of that month, in order; often none."""
        shape = _SHAPES[(year - _FIRST_YEAR) * 12 + month - 1]
        found = self._found[shape]
        if found is None:
            found = self._found[shape] = self._days(28 + shape // 7, shape % 7)
        return found


@lru_cache(maxsize=1024)
def days_of_month(text: str) -> DayRule:
    """The rule of a day-of-month field: plain days, `L`, `L-3`, `LW`, `L-3W`, `15W`, and lists of them.

    Quartz 2.5 allows lists with L and W, older ones do not. Raises Fault.
    """
    plain, last, near, near_last = set[int](), set[int](), set[int](), set[int]()
    for item in items_of(text):
        if found := _FROM_LAST.fullmatch(item.text):
            before = int(found[1] or 0)
            if before > _MOST_BEFORE_LAST:
                raise item.fault(f"goes too far back; write L-0 to L-{_MOST_BEFORE_LAST}")
            (near_last if found[2] else last).add(before)
        elif found := _NEAR.fullmatch(item.text):
            near.add(number_of(_OF_MONTH, item, found[1], 0))
        else:
            plain.update(values_of(_OF_MONTH, item))

    def days(length: int, first: int) -> tuple[int, ...]:
        made = {day for day in plain if day <= length}
        made.update(length - before for before in last if before < length)
        made.update(_nearest_weekday(day, length, first) for day in near if day <= length)
        made.update(_nearest_weekday(length - before, length, first) for before in near_last if before < length)
        return tuple(sorted(made))

    return DayRule(days)


@lru_cache(maxsize=1024)
def days_of_week(text: str) -> DayRule:
    """The rule of a day-of-week field: plain days, `L` (Saturday), or alone `6L`, `FRIL`, `2#1`, `MON#1`.

    Raises Fault.
    """
    items = list(items_of(text))
    for item in items:
        if found := _IN_MONTH.fullmatch(item.text):
            if len(items) > 1:
                raise item.fault(f"stands alone in Quartz, not in a list; write only {item.text}, or two jobs")
            return _in_month(item, found)
        if item.text == "L" and len(items) > 1:
            raise item.fault("stands alone in Quartz, not in a list; write 7 for Saturday")
    wanted = {day for item in items for day in ([7] if item.text == "L" else values_of(_OF_WEEK, item))}

    def days(length: int, first: int) -> tuple[int, ...]:
        return tuple(day for day in range(1, length + 1) if (first + day - 1) % 7 + 1 in wanted)

    return DayRule(days)


def _in_month(item: Item, found: re.Match[str]) -> DayRule:
    wanted = number_of(_OF_WEEK, item, found[1], 0)
    if found[2]:

        def last(length: int, first: int) -> tuple[int, ...]:
            return (length - (first + length - wanted) % 7,)

        return DayRule(last)
    which = int(found[3]) if len(found[3]) == 1 else 0
    if not 1 <= which <= 5:
        raise item.fault("counts to no such day; write 1 to 5 behind the #", found[3] or item.text, len(found[1]) + 1)

    def nth(length: int, first: int) -> tuple[int, ...]:
        day = (wanted - 1 - first) % 7 + 1 + 7 * (which - 1)
        return (day,) if day <= length else ()

    return DayRule(nth)


def _nearest_weekday(day: int, length: int, first: int) -> int:
    """Monday to Friday nearest to a day, in the same month."""
    weekday = (first + day - 1) % 7
    if weekday == 6:
        return day - 1 if day > 1 else day + 2
    if weekday == 0:
        return day + 1 if day < length else day - 2
    return day
