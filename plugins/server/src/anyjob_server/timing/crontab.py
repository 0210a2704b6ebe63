"""What an expression of crontab's dialect is in Quartz's, for a remedy.

Sources: cronie, crontab(5); Quartz, CronExpression.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from types import MappingProxyType
from typing import Final

__all__ = ["in_quartz"]

_WORDS: Final = MappingProxyType(
    {
        "@yearly": "0 0 0 1 1 ?",
        "@annually": "0 0 0 1 1 ?",
        "@monthly": "0 0 0 1 * ?",
        "@weekly": "0 0 0 ? * SUN",
        "@daily": "0 0 0 * * ?",
        "@midnight": "0 0 0 * * ?",
        "@hourly": "0 0 * * * ?",
    }
)
_NAMES: Final = ("SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT")


def in_quartz(fields: Sequence[str]) -> str:
    """The same in six fields; empty where there is none: both day fields say something, or it is no crontab at all.

    Crontab has no seconds, counts Sunday as 0 or 7 where Quartz has 1, and takes `*` in both day fields.
    """
    if len(fields) == 1:
        return _WORDS.get(fields[0].lower(), "")
    if len(fields) != 5:
        return ""
    minute, hour, day, month, weekday = fields
    if weekday == "*":
        weekday = "?"
    elif day == "*" and "/" not in weekday:
        day, weekday = "?", re.sub(r"\b[0-7]\b", lambda found: _NAMES[int(found.group()) % 7], weekday)
    elif weekday != "?":
        return ""
    return f"0 {minute} {hour} {day} {month} {weekday}"
