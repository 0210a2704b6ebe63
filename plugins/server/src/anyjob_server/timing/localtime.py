"""Local time and back, as Quartz has it: what a zone skips never is, what comes twice is meant the second time.

Quartz computes on a lenient java.util.GregorianCalendar: a local time that a zone's clocks skip becomes another one,
which then does not fit, so the firing is left out; one that comes twice is read by the offset after the change.

Sources: Quartz, CronExpression.getTimeAfter; OpenJDK, sun.util.calendar.ZoneInfo.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta, tzinfo
from functools import lru_cache
from typing import Final

__all__ = ["Wall", "epoch_of", "first_second", "wall_after", "wall_of"]

Wall = tuple[int, int, int, int, int, int]
"""Year, month, day, hour, minute, second on the zone's clocks."""

_EPOCH_DAY: Final = datetime(1970, 1, 1).toordinal()  # noqa: DTZ001 - a day, in no zone
_SECOND: Final = timedelta(seconds=1)


@lru_cache(maxsize=4096)
def _day_of(days: int) -> tuple[int, int, int]:
    """Year, month and day, so many days after 1 January 1970."""
    day = date.fromordinal(_EPOCH_DAY + days)
    return day.year, day.month, day.day


@lru_cache(maxsize=4096)
def _steady_offset(days: int, zone: tzinfo) -> int | None:
    """Seconds by which the zone is ahead of UTC, if that is the same the day before and the day after, days of UTC.

    Most questions are about such a day, and need no date to be made. None: the clocks change.
    """
    ends = [datetime.fromtimestamp((days + more) * 86400, zone).utcoffset() for more in (-1, 2)]
    assert ends[0] is not None
    return ends[0] // _SECOND if ends[0] == ends[1] else None


def wall_of(epoch: int, zone: tzinfo) -> Wall:
    """The earliest local time whose firings are all at `epoch` seconds or later, and none between is left out.

    That is the local time of `epoch`; in an hour that will come again, the begin of that hour, because what is in it
    fires when it comes the second time.
    """
    steady = _steady_offset(epoch // 86400, zone)
    if steady is not None:
        days, second = divmod(epoch + steady, 86400)
        return (*_day_of(days), second // 3600, second // 60 % 60, second % 60)
    local = datetime.fromtimestamp(epoch, zone)
    if local.fold == 0 and (again := local.replace(fold=1)).utcoffset() != local.utcoffset():
        local = datetime.fromtimestamp(_change(epoch, _epoch(again), zone), zone)
    return local.year, local.month, local.day, local.hour, local.minute, local.second


def epoch_of(wall: Wall, zone: tzinfo) -> int | None:
    """Epoch seconds of a local time, the second one where it comes twice. None: the zone skips it."""
    year, month, day, hour, minute, second = wall
    days = date(year, month, day).toordinal() - _EPOCH_DAY
    offset = _steady_offset(days, zone)
    if offset is None:
        local = datetime(year, month, day, hour, minute, second, tzinfo=zone, fold=1)
        ahead, before = local.utcoffset(), local.replace(fold=0).utcoffset()
        assert ahead is not None
        assert before is not None
        if before < ahead:
            return None
        offset = ahead // _SECOND
    return days * 86400 + hour * 3600 + minute * 60 + second - offset


def wall_after(gap: Wall, zone: tzinfo) -> Wall:
    """The first local time after the skipped ones of which `gap` is one."""
    local = datetime(*gap, tzinfo=zone)
    change = _change(_epoch(local.replace(fold=1)), _epoch(local), zone)
    return wall_of(change, zone)


def first_second(day: date, zone: tzinfo) -> int:
    """Epoch seconds at which a day begins, also where its midnight is skipped."""
    return _epoch(datetime(day.year, day.month, day.day, tzinfo=zone))


def _epoch(local: datetime) -> int:
    return int(local.timestamp())


def _change(before: int, after: int, zone: tzinfo) -> int:
    """The first second at which the offset is no longer that of `before`, up to `after`."""
    old = datetime.fromtimestamp(before, zone).utcoffset()
    while after - before > 1:
        middle = (before + after) // 2
        if datetime.fromtimestamp(middle, zone).utcoffset() == old:
            before = middle
        else:
            after = middle
    return after
