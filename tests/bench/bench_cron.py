"""The next time of a cron expression, and of a thousand that are due in one second.

    python -m tests.bench.bench_cron [--calls 5000] [--pairs 11]

Held against the bare limit: one conversion of epoch seconds to local time and back by `datetime` and `zoneinfo`, which
every reader of cron needs that has no memory of the zone. A ratio over 1 is the price of the rest; pairs are adjacent.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from datetime import datetime
from zoneinfo import ZoneInfo

from tests.bench.row import tell

from anyjob.job import Job
from anyjob.job.words import TimeType
from anyjob_server.timing import Calendars, Cron, Fire, missed, timeline_of

BEGIN = 1_795_760_000
ZONE = ZoneInfo("Europe/Berlin")
EXPRESSIONS = (
    "* * * * * ?",
    "0 0/10 * * * ?",
    "0 30 2 * * ?",
    "0 0 9-17 ? * MON-FRI",
    "0 0 12 15W,L * ?",
    "0 0 0 29 2 ?",
    "0 0 12 ? 2 2#5",
)


def microseconds(call: Callable[[int], object], calls: int) -> float:
    """A call, at as many different seconds."""
    begun = time.perf_counter()
    for at in range(BEGIN, BEGIN + calls):
        call(at)
    return (time.perf_counter() - begun) / calls * 1e6


def bare(at: int) -> float:
    """To local time and back."""
    local = datetime.fromtimestamp(at, ZONE)
    there = datetime(local.year, local.month, local.day, local.hour, local.minute, local.second, tzinfo=ZONE)
    return there.timestamp()


def row(name: str, call: Callable[[int], object], calls: int, pairs: int) -> None:
    """The row of an expression: microseconds for its next time."""
    times, limits, ratios = list[float](), list[float](), list[float]()
    for _ in range(pairs):
        limit, taken = microseconds(bare, calls), microseconds(call, calls)
        times.append(taken)
        limits.append(limit)
        ratios.append(taken / limit)
    what = f"the next time of `{name}`"
    tell(what, times, "us", peer="to local time and back", of_peer=limits, ratio=ratios, issue=4)


def main() -> None:
    words = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    words.add_argument("--calls", type=int, default=5000)
    words.add_argument("--pairs", type=int, default=11)
    given = words.parse_args()
    for text in EXPRESSIONS:
        cron = Cron.parse(text)
        row(text, lambda at, cron=cron: cron.after(at, ZONE), given.calls, given.pairs)
    many(given.pairs)
    week()
    reading()


def many(pairs: int) -> None:
    """A thousand different crons that are due every second: what one tick costs, with calendar and all."""
    texts = [f"* 0-{at // 24 + 10} 0-23 * * ? 2026-{2056 + at % 24}" for at in range(1000)]
    lines = [timeline_of(job(text, calendar="workday"), 0, Calendars(), ZONE) for text in texts]
    took: list[float] = []
    for tick in range(pairs):
        now = (BEGIN + tick) * 1000
        begun = time.perf_counter()
        for line in lines:
            line.next_fire(now)
        took.append((time.perf_counter() - begun) * 1000)
    tell("the next times of 1 000 different crons with a calendar, due each second", took, "ms a second", issue=4)


def week() -> None:
    """What the start of a server costs for a job of every second, after a week."""
    line, now = timeline_of(job("* * * * * ?"), 0, Calendars(), ZONE), BEGIN * 1000
    begun = time.perf_counter()
    found = missed(line, now - 7 * 86_400_000, now, 60_000)
    took = (time.perf_counter() - begun) * 1000
    assert found.more
    assert isinstance(found.next, Fire)
    tell("a job of every second is back after a week", took, "ms", issue=4)


def reading() -> None:
    """Expressions that nobody has read before."""
    texts = [f"{at % 60} {at // 60 % 60} {at // 3600 % 24} ? * MON-FRI" for at in range(10_000)]
    begun = time.perf_counter()
    for text in texts:
        Cron.parse(text)
    took = (time.perf_counter() - begun) / len(texts) * 1e6
    tell("reading a cron expression that nobody read before", took, "us", issue=4)


def job(text: str, calendar: str = "") -> Job:
    return Job(name="bench", job_type="shell", time_type=TimeType.CRON, time_expression=text, calendar=calendar)


if __name__ == "__main__":
    main()
