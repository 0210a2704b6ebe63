"""What a TimeExpression must look like for its TimeType. What a cron expression means is the scheduler's to say.

Source: SchedulerX API, CreateJob, "TimeExpression".
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Final

from anyjob.job.words import TimeType
from anyjob.problem import WrongValue

__all__ = ["check_time_expression"]

_LEGAL: Final[Mapping[TimeType, str]] = {
    TimeType.CRON: "6 or 7 cron fields, for example 0 0/10 * * * ?",
    TimeType.FIXED_RATE: "the seconds between two starts, for example 30",
    TimeType.SECOND_DELAY: "the seconds between an end and the next start, 1 to 60",
    TimeType.ONE_TIME: "a time as yyyy-MM-dd HH:mm:ss, or milliseconds since 1970",
}
_DIGITS: Final = re.compile(r"[0-9]{1,15}")
_MOMENT: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2} [0-9]{2}:[0-9]{2}:[0-9]{2}")


def check_time_expression(time_type: TimeType, expression: str) -> None:
    """Raises WrongValue, whose text is the remedy. The types `api` and `none` take any text: no time fires them."""
    if time_type not in _LEGAL:
        return
    kind, legal = f"TimeType {time_type.value} ({time_type.name.lower()})", _LEGAL[time_type]
    if not expression:
        raise WrongValue(f"is missing; {kind} needs {legal}")
    if not _FITS[time_type](expression):
        raise WrongValue(f"does not fit {kind}; write {legal}")


def _cron(text: str) -> bool:
    return len(text.split()) in (6, 7)


def _seconds(text: str) -> bool:
    return bool(_DIGITS.fullmatch(text)) and 0 < int(text) < 2**31


def _delay(text: str) -> bool:
    return bool(_DIGITS.fullmatch(text)) and 1 <= int(text) <= 60


def _moment(text: str) -> bool:
    if _DIGITS.fullmatch(text):
        return int(text) > 0
    if not _MOMENT.fullmatch(text):
        return False
    try:
        datetime.strptime(text, "%Y-%m-%d %H:%M:%S")  # noqa: DTZ007 the job's zone is the scheduler's business
    except ValueError:
        return False
    return True


_FITS: Final = {
    TimeType.CRON: _cron,
    TimeType.FIXED_RATE: _seconds,
    TimeType.SECOND_DELAY: _delay,
    TimeType.ONE_TIME: _moment,
}
