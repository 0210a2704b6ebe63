"""What is done about times that passed while nobody was there."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.plugins.server.timing.clocks import BERLIN, ms, shown

from anyjob.job import Job
from anyjob.job.words import TimeType
from anyjob_server.timing import Calendars, Fire, Missed, Never, Timeline, missed, timeline_of

LAST = ms("2026-11-27 09:00:00")


def timeline(expression: str, time_type: TimeType = TimeType.CRON, calendar: str = "") -> Timeline:
    job = Job(name="j", job_type="shell", time_type=time_type, time_expression=expression, calendar=calendar)
    return timeline_of(job, LAST, Calendars(), BERLIN)


def after(found: Missed) -> str:
    assert isinstance(found.next, Fire)
    return shown(found.next.schedule_time)


def late(found: Missed) -> str:
    return "" if found.late is None else shown(found.late.schedule_time)


def test_nothing_is_missed_while_the_next_is_to_come() -> None:
    found = missed(timeline("0 0 * * * ?"), LAST, ms("2026-11-27 09:59:59"), 60_000)
    assert (late(found), found.skipped, found.reason, after(found)) == ("", 0, "", "2026-11-27 10:00:00")


def test_within_the_grace_the_newest_still_runs() -> None:
    found = missed(timeline("0 0 * * * ?"), LAST, ms("2026-11-27 12:01:00"), 60_000)
    assert (late(found), found.skipped, after(found)) == ("2026-11-27 12:00:00", 2, "2026-11-27 13:00:00")
    assert found.first is not None
    assert shown(found.first) == "2026-11-27 10:00:00"
    assert found.reason.startswith("missed 2 times")


def test_beyond_the_grace_none_runs() -> None:
    found = missed(timeline("0 0 * * * ?"), LAST, ms("2026-11-27 10:01:00.001"), 60_000)
    assert (late(found), found.skipped, after(found)) == ("", 1, "2026-11-27 11:00:00")
    assert found.reason.startswith("missed once")
    assert late(missed(timeline("0 0 * * * ?"), LAST, ms("2026-11-27 10:00:00"), 0)) == "2026-11-27 10:00:00"


def test_a_week_of_seconds_is_not_counted_to_its_end() -> None:
    found = missed(timeline("* * * * * ?"), LAST, ms("2026-12-04 09:00:00.500"), 1000)
    assert (late(found), found.skipped, found.more) == ("2026-12-04 09:00:00", 1000, True)
    assert after(found) == "2026-12-04 09:00:01"
    assert found.reason.startswith("missed more than 1000 times")
    assert late(missed(timeline("* * * * * ?"), LAST, ms("2026-12-04 09:00:00"), 0)) == "2026-12-04 09:00:00"


def test_what_the_calendar_takes_is_not_missed() -> None:
    found = missed(timeline("0 0 9 * * ?", calendar="workday"), LAST, ms("2026-11-30 08:00:00"), 60_000)
    assert (found.skipped, after(found)) == (0, "2026-11-30 09:00:00")


def test_a_one_time_job_runs_late_or_never() -> None:
    of = timeline("2026-11-27 10:00:00", TimeType.ONE_TIME)
    found = missed(of, LAST, ms("2026-11-27 10:00:30"), 60_000)
    assert (late(found), found.skipped) == ("2026-11-27 10:00:00", 0)
    assert isinstance(found.next, Never)
    found = missed(of, LAST, ms("2026-11-27 11:00:00"), 60_000)
    assert (late(found), found.skipped) == ("", 1)


def test_second_delay_misses_nothing() -> None:
    found = missed(timeline("5", TimeType.SECOND_DELAY), LAST, ms("2026-11-27 12:00:00"), 60_000)
    assert (found.skipped, after(found)) == (0, "2026-11-27 12:00:05")


def test_a_clock_that_was_put_back_does_not_fire_again() -> None:
    found = missed(timeline("0 0 * * * ?"), LAST, ms("2026-11-27 07:30:00"), 60_000)
    assert (late(found), found.skipped, after(found)) == ("", 0, "2026-11-27 10:00:00")


@pytest.mark.parametrize("expression", ["0/7 * * * * ?", "0 0/3 9-10 * * ?", "13 */2 * ? * 2-6"])
@given(away=st.integers(0, 40_000_000), grace=st.integers(0, 4_000_000))
def test_it_says_what_a_walk_from_firing_to_firing_says(expression: str, away: int, grace: int) -> None:
    of, now, at, passed = timeline(expression), LAST + away, LAST, list[int]()
    while isinstance(answer := of.next_fire(at), Fire) and answer.schedule_time <= now:
        at = answer.schedule_time
        passed.append(at)
    found = missed(of, LAST, now, grace)
    assert found.next == of.next_fire(at)
    assert (found.late is not None) == bool(passed and now - passed[-1] <= grace)
    if found.late is not None:
        assert found.late.schedule_time == passed[-1]
    left = len(passed) - (found.late is not None)
    assert found.skipped == (1000 if found.more else left)
    assert found.more == (len(passed) > 1000)
