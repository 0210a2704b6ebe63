"""Firings whose time passed while nobody was there: which one still runs, and how many are left out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from anyjob_server.timing.timeline import Fire, Never, Timeline

__all__ = ["Missed", "missed"]

_COUNTED: Final = 1000


@dataclass(frozen=True, slots=True)
class Missed:
    """`late`: the one that still runs, if any. `skipped`: how many do not; where `more` is true more than that, because
    counting stops at a thousand. `first` and `last` are when the first and the last of those were, None where there are
    none. `next` is what comes after now. Times are epoch milliseconds.
    """

    next: Fire | Never
    late: Fire | None = None
    skipped: int = 0
    more: bool = False
    first: int | None = None
    last: int | None = None

    @property
    def reason(self) -> str:
        """For the record and `why`; empty where nothing was left out."""
        if not self.skipped:
            return ""
        count = (
            f"more than {self.skipped} times" if self.more else "once" if self.skipped == 1 else f"{self.skipped} times"
        )
        return f"missed {count}: nobody was there to fire it, and it was too late to do so afterwards"


def missed(timeline: Timeline, last: int, now: int, grace: int) -> Missed:
    """What to do about the firings after `last` (the last one that was dealt with) up to `now`, epoch milliseconds.

    At most one runs late, the newest, and only when it is not more than `grace` milliseconds late. A chained timeline
    misses nothing: it counts from now. A `now` before `last`, as after the clock was put back, has missed nothing
    either, and `next` is the one after `last`, so that no firing comes twice.
    """
    if timeline.chained:
        return Missed(timeline.next_fire(now))
    first = timeline.next_fire(last)
    if isinstance(first, Never) or first.schedule_time > now:
        return Missed(first)
    before, newest, count, more = first, first, 1, False
    while True:
        following = timeline.next_fire(newest.schedule_time)
        if isinstance(following, Never) or following.schedule_time > now:
            break
        if count == _COUNTED:
            before, newest, more = following, _newest(timeline, following, now), True
            following = timeline.next_fire(newest.schedule_time)
            break
        before, newest, count = newest, following, count + 1
    late = newest if now - newest.schedule_time <= grace else None
    skipped = count if more or late is None else count - 1
    if not skipped:
        return Missed(following, late)
    last_skipped = newest if late is None else before
    return Missed(following, late, skipped, more, first.schedule_time, last_skipped.schedule_time)


def _newest(timeline: Timeline, known: Fire, now: int) -> Fire:
    """The last firing up to `now`, from one that is known: the first moment after which nothing comes until then."""
    low, high = known.schedule_time, now
    while low < high:
        middle = (low + high) // 2
        found = timeline.next_fire(middle)
        if isinstance(found, Never) or found.schedule_time > now:
            high = middle
        else:
            known, low = found, found.schedule_time
    return known
