"""The time zone that a job names.

Sources: SchedulerX API, CreateJob, "Timezone"; Java API, java.util.TimeZone, custom time zone ids; IANA time zone
database, names.
"""

from __future__ import annotations

import re
import zoneinfo
from datetime import timedelta, timezone, tzinfo
from functools import lru_cache
from typing import Final

from anyjob.nearest import did_you_mean
from anyjob.problem import WrongValue

__all__ = ["check_timezone", "parse_timezone"]

# Java's custom ids: GMT+8, GMT+08, GMT+0800, GMT+08:00. SchedulerX's notification policies write UTC+08:00.
_OFFSET: Final = re.compile(r"(?:GMT|UTC)([+-])([0-9]{1,2})(?::?([0-9]{2}))?")
_LEGAL: Final = "write an IANA name such as Asia/Shanghai, or GMT+8, or UTC+08:00"


@lru_cache(maxsize=256)
def parse_timezone(name: str) -> tzinfo:
    """The zone of an IANA name, `GMT+8` or `UTC+08:00`. The sign is the everyday one: `GMT+8` is east of Greenwich.

    Raises WrongValue, whose text is the remedy. Java turns a name that it does not know into GMT; a job that fires
    eight hours late is worse than one that is refused.
    """
    if offset := _OFFSET.fullmatch(name):
        sign, hours, minutes = offset.groups()
        if int(hours) > 23 or int(minutes or 0) > 59:
            raise WrongValue("is no offset from GMT; hours go to 23 and minutes to 59")
        ahead = timedelta(hours=int(hours), minutes=int(minutes or 0))
        return timezone(ahead if sign == "+" else -ahead, name)
    try:
        return zoneinfo.ZoneInfo(name)
    except (ValueError, OSError, zoneinfo.ZoneInfoNotFoundError):
        pass
    known = zoneinfo.available_timezones()
    if not known:
        raise WrongValue("cannot be looked up: this machine has no time zone database; install the package tzdata")
    hint = did_you_mean(name, [*known, *_short_offsets()], limit=1)
    raise WrongValue(f"is not a time zone; {hint or _LEGAL}")


def check_timezone(name: str) -> str:
    """The name itself, if it is one that `parse_timezone` takes."""
    parse_timezone(name)
    return name


def _short_offsets() -> list[str]:
    return [f"GMT{hour:+d}" for hour in range(-12, 15) if hour]
