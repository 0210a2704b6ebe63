"""Spring's cron, in the dialect of jobs, which is Quartz's.

The two differ in three things: Spring counts days of the week from Monday = 1 (0 and 7 are Sunday), Quartz from Sunday
= 1; Quartz wants a `?` in one of the two day fields; and where both say something, Spring fires when both hold, which
Quartz cannot say.

Sources: Spring Framework, CronExpression.parse; Quartz, CronExpression.
"""

from __future__ import annotations

import re
from typing import Final

from anyjob.problem import WrongValue

__all__ = ["quartz_cron"]

_MACROS: Final = {
    "@yearly": "0 0 0 1 1 *",
    "@annually": "0 0 0 1 1 *",
    "@monthly": "0 0 0 1 * *",
    "@weekly": "0 0 0 * * 0",
    "@daily": "0 0 0 * * *",
    "@midnight": "0 0 0 * * *",
    "@hourly": "0 0 * * * *",
}
_DAYS: Final = ("SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT", "SUN")
"""By Spring's number."""
_ANY: Final = ("*", "?")
_SPECIAL: Final = re.compile(r"([0-7]|[A-Z]{3})(L|#[1-5])")


def quartz_cron(spring: str) -> str:
    """Raises WrongValue for what Quartz cannot say, or what is no cron of Spring's."""
    fields = _MACROS.get(spring.strip().lower(), spring).upper().split()
    if len(fields) != 6:
        raise WrongValue("is no cron of six fields")
    *times, day, month, weekday = fields
    if day not in _ANY and weekday not in _ANY:
        raise WrongValue("fires when its day of the month and its day of the week both hold, which a job cannot say")
    if weekday not in _ANY:
        return " ".join([*times, "?", month, ",".join(_weekdays(weekday))])
    return " ".join([*times, "*" if day == "?" else day, month, "?"])


def _weekdays(field: str) -> list[str]:
    """Names in place of numbers, and no steps: Quartz counts those from another day."""
    found: list[str] = []
    for part in field.split(","):
        special = _SPECIAL.fullmatch(part)
        if special:
            found.append(f"{_DAYS[_number(special[1])]}{special[2]}")
            continue
        span, slash, step = part.partition("/")
        first, dash, last = ("1", "-", "7") if span in _ANY else span.partition("-")
        begin = _number(first)
        end = _number(last) if dash else 7 if slash else begin
        if not slash and dash and span not in _ANY and begin < end:
            found.append(f"{_DAYS[begin]}-{_DAYS[end]}")
            continue
        if slash and not (step.isascii() and step.isdigit() and int(step)):
            raise WrongValue(f"has {part!r} as a day of the week")
        if begin > end and last in ("0", "SUN"):
            end = 7
        days = [_DAYS[number] for number in range(begin, end + 1, int(step) if slash else 1)]
        found += [day for day in days if day not in found]
    if not found:
        raise WrongValue(f"has {field!r} as its days of the week")
    return found


def _number(day: str) -> int:
    if day.isascii() and day.isdigit() and int(day) <= 7:
        return int(day)
    if day in _DAYS:
        return _DAYS.index(day)
    raise WrongValue(f"has {day!r} as a day of the week")
