"""One field of a cron expression that holds plain values: lists, ranges, steps, names.

Source: Quartz, CronExpression, lists, ranges, steps and names.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

from anyjob.nearest import did_you_mean

__all__ = ["FIELDS", "Fault", "FieldKind", "Item", "items_of", "number_of", "values_of"]

_NUMBER: Final = re.compile(r"[0-9]+")
_WORD: Final = re.compile(r"[A-Z]+")
_LONGEST: Final = 9
"""Digits of a number that is looked at: the rest is out of every range, and Python does not read thousands of them."""

_MONTHS: Final = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")
_DAYS: Final = ("SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT")


_MARKS: Final = {
    "#": ("day-of-week", "2#1 or MON#1"),
    "W": ("day-of-month", "15W, LW or L-3W"),
    "?": ("one of the two day fields", "alone"),
    "*": ("a whole field", "* or */10"),
    "L": ("day-of-month", "L, L-3 or LW, and as day-of-week 6L or FRIL"),
}


class Fault(Exception):
    """What is wrong with a field. `at` counts from the field's first character. Cron.parse makes a BadCron of it."""

    def __init__(self, at: int, value: str, remedy: str) -> None:
        self.at, self.value, self.remedy = at, value, remedy
        super().__init__(at, value, remedy)


@dataclass(frozen=True, slots=True)
class FieldKind:
    """One of the seven fields. `most` is the largest step; `wraps`: a range may run over the end (22-2)."""

    name: str
    low: int
    high: int
    most: int
    names: Mapping[str, int] = field(default_factory=dict[str, int])
    wraps: bool = True

    @property
    def legal(self) -> str:
        """`0 to 59`, `1 (SUN) to 7 (SAT)`."""
        word = {number: f" ({name})" for name, number in self.names.items()}
        return f"{self.low}{word.get(self.low, '')} to {self.high}{word.get(self.high, '')}"


FIELDS: Final = (
    FieldKind("second", 0, 59, 59),
    FieldKind("minute", 0, 59, 59),
    FieldKind("hour", 0, 23, 23),
    FieldKind("day-of-month", 1, 31, 31),
    FieldKind("month", 1, 12, 12, {name: number for number, name in enumerate(_MONTHS, 1)}),
    FieldKind("day-of-week", 1, 7, 7, {name: number for number, name in enumerate(_DAYS, 1)}),
    FieldKind("year", 1970, 2099, 129, wraps=False),
)
"""In their order. The steps are Quartz's; it takes years to a hundred from now, which is not the same every year."""


@dataclass(frozen=True, slots=True)
class Item:
    """One element of a list, and where it begins in its field: `at`, in characters."""

    text: str
    at: int

    def fault(self, remedy: str, value: str | None = None, at: int = 0) -> Fault:
        """About the whole element, or about `value`, which begins `at` characters into it."""
        return Fault(self.at + at, self.text if value is None else value, remedy)


def items_of(text: str) -> Iterator[Item]:
    """The elements of a list. Raises Fault for an empty one."""
    at = 0
    for part in text.split(","):
        if not part:
            raise Fault(max(at - 1, 0), text, "has a comma with nothing beside it; take it out")
        yield Item(part, at)
        at += len(part) + 1


def values_of(kind: FieldKind, item: Item) -> list[int]:
    """The values of an element without L, W, # and ?: `*`, `5`, `MON`, `22-2`, `FRI-MON`, `0/10`, `/10`, `1-30/7`.

    Raises Fault.
    """
    span, slash, by = item.text.partition("/")
    step = _step(kind, item, by, len(span) + 1) if slash else 1
    if span == "*" or (slash and not span):
        return list(range(kind.low, kind.high + 1, step))
    first, dash, last = span.partition("-")
    begin = number_of(kind, item, first, 0)
    if slash and _WORD.search(span):
        numbers = "-".join(str(number_of(kind, item, part, 0)) for part in span.split("-"))
        raise item.fault(f"steps from a name, which Quartz would not do; write {numbers}/{by}")
    if not dash:
        return list(range(begin, kind.high + 1, step)) if slash else [begin]
    end = number_of(kind, item, last, len(first) + 1)
    if first.isdigit() != last.isdigit():
        raise item.fault(f"mixes a name and a number; write {begin}-{end}")
    if end >= begin:
        return list(range(begin, end + 1, step))
    if not kind.wraps:
        raise item.fault("ends before it begins; write the earlier year first")
    size = kind.high - kind.low + 1
    return [(value - kind.low) % size + kind.low for value in range(begin, end + size + 1, step)]


def number_of(kind: FieldKind, item: Item, text: str, at: int) -> int:
    """The value of a number or name that begins `at` characters into the element. Raises Fault."""
    if _NUMBER.fullmatch(text):
        number = int(text) if len(text) <= _LONGEST else kind.high + 1
        if kind.low <= number <= kind.high:
            return number
        raise item.fault(_out_of_range(kind, number), text, at)
    if text in kind.names:
        return kind.names[text]
    raise item.fault(_no_value(kind, text), text or item.text, at if text else 0)


def _step(kind: FieldKind, item: Item, text: str, at: int) -> int:
    step = int(text) if _NUMBER.fullmatch(text) and len(text) <= _LONGEST else 0
    if 1 <= step <= kind.most:
        return step
    raise item.fault(f"is no step; write 1 to {kind.most} behind the /", text or item.text, at if text else 0)


def _out_of_range(kind: FieldKind, number: int) -> str:
    also = ""
    if kind.name == "day-of-week" and number == 0:
        also = "; Sunday is 1 here"
    elif kind.name == "hour" and number == 24:
        also = "; midnight is 0"
    elif kind.high == 59 and number == 60:
        also = "; every full one is 0"
    return f"is out of range; write {kind.legal}{also}"


def _no_value(kind: FieldKind, text: str) -> str:
    if not text:
        return f"lacks a value; write {kind.legal}"
    hint = did_you_mean(text, kind.names) if kind.names and _WORD.fullmatch(text) else ""
    if not hint:
        for mark, (name, forms) in _MARKS.items():
            if mark in text:
                where = "is written" if kind.name == name else f"is only for {name}:"
                return f"is not understood; {mark} {where} {forms}"
    return f"is no {kind.name}; {hint or f'write {kind.legal}'}"
