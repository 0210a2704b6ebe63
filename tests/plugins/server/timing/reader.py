"""A second reader of cron expressions: slow, simple, and written without the first. It looks at every second."""

from __future__ import annotations

import calendar
import re
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from tests.plugins.server.timing.expressions import DAYS, MONTHS

_LOW_HIGH = ((0, 59), (0, 59), (0, 23), (1, 31), (1, 12), (1, 7), (1970, 2099))
_NAMES = {4: MONTHS, 5: DAYS}
_STEPS = (59, 59, 23, 31, 12, 7, 129)


class Reader:
    """What the documentation of Quartz says of an expression. Raises ValueError for one that it does not allow."""

    def __init__(self, text: str) -> None:
        fields = re.split("[ \t]+", text.upper().strip(" \t"))
        if len(fields) not in (6, 7) or (fields[3] == "?") == (fields[5] == "?"):
            raise ValueError(text)
        self.fields = [*fields, "*"][:7]
        plain = [number for number in range(7) if number not in (3, 5)]
        self.values = {number: _values(number, self.fields[number]) for number in plain}
        which = 5 if self.fields[3] == "?" else 3
        items = self.fields[which].split(",")
        for item in items:
            if which == 5 and len(items) > 1 and re.search("#|L", item):
                raise ValueError(item)
            days_of(item, which, 2024, 1)
        self.which, self.items = which, items

    def days(self, year: int, month: int) -> set[int]:
        """The days of a month on which it fires."""
        if month not in self.values[4] or year not in self.values[6]:
            return set()
        return set[int]().union(*(days_of(item, self.which, year, month) for item in self.items))

    def fires_ever(self) -> bool:
        return any(self.days(year, month) for year in sorted(self.values[6]) for month in self.values[4])

    def between(self, first: int, last: int, zone: str) -> int | None:
        """The first second of [first, last) at which it fires; epoch seconds."""
        there = ZoneInfo(zone)
        if not any(self.days(day.year, day.month) & {day.day} for day in _days(first, last, there)):
            return None
        for at in range(first, last):
            local = datetime.fromtimestamp(at, there)
            again = local.replace(fold=1).utcoffset() != local.utcoffset()
            if again or local.second not in self.values[0] or local.minute not in self.values[1]:
                continue
            if local.hour in self.values[2] and local.day in self.days(local.year, local.month):
                return at
        return None


def _days(first: int, last: int, zone: ZoneInfo) -> list[date]:
    day, end = datetime.fromtimestamp(first, zone).date(), datetime.fromtimestamp(last, zone).date()
    return [day + timedelta(days=number) for number in range((end - day).days + 1)]


def _values(number: int, text: str) -> set[int]:
    return set[int]().union(*(_item(number, item) for item in text.split(",")))


def _item(number: int, item: str) -> set[int]:
    low, high = _LOW_HIGH[number]
    names = "|".join(_NAMES.get(number, ["never"]))
    step = 1
    if found := re.fullmatch(r"([*0-9-]*)/([0-9]+)", item, re.ASCII):
        step, item = int(found[2]), found[1] or "*"
        if not 1 <= step <= _STEPS[number]:
            raise ValueError(item)
        if re.fullmatch("[0-9]+", item, re.ASCII):
            item = f"{item}-{high}"
            if int(item.partition("-")[0]) > high:
                raise ValueError(item)
    if item == "*":
        item = f"{low}-{high}"
    if not re.fullmatch(f"[0-9]+(-[0-9]+)?|({names})(-({names}))?", item, re.ASCII):
        raise ValueError(item)
    ends = [_NAMES[number].index(word) + 1 if word.isalpha() else int(word) for word in item.split("-")]
    if not all(low <= end <= high for end in ends) or (number == 6 and ends[-1] < ends[0]):
        raise ValueError(item)
    value, found_values = ends[0], set[int]()
    ring = high - low + 1
    length = (ends[-1] - ends[0]) % ring if len(ends) == 2 else 0
    for passed in range(0, length + 1, step):
        found_values.add((value + passed - low) % ring + low)
    return found_values


def days_of(item: str, which: int, year: int, month: int) -> set[int]:
    """The days of one month that an item of one of the two day fields means."""
    length = calendar.monthrange(year, month)[1]
    if which == 5:
        return _by_weekday(item, year, month, length)
    if found := re.fullmatch(r"L(?:-([0-9]+))?(W?)|([0-9]+)(W)", item, re.ASCII):
        if int(found[1] or 0) > 30 or (found[3] and not 1 <= int(found[3]) <= 31):
            raise ValueError(item)
        day = int(found[3]) if found[3] else length - int(found[1] or 0)
        if not 1 <= day <= length:
            return set()
        if not (found[2] or found[4]):
            return {day}
        workdays = [at for at in range(1, length + 1) if date(year, month, at).weekday() < 5]
        return {min(workdays, key=lambda at: (abs(at - day), at))}
    return {day for day in _item(3, item) if day <= length}


def _by_weekday(item: str, year: int, month: int, length: int) -> set[int]:
    if item == "L":
        item = "7"
    names = "|".join(DAYS)
    found = re.fullmatch(f"([1-7]|0+[1-7]|{names})(L|#[1-5])", item, re.ASCII)
    wanted = _item(5, found[1] if found else item)
    days = [at for at in range(1, length + 1) if date(year, month, at).isoweekday() % 7 + 1 in wanted]
    if found is None:
        return set(days)
    if found[2] == "L":
        return {days[-1]}
    return set(days[int(found[2][1]) - 1 :][:1])
