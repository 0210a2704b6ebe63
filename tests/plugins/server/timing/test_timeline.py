"""When jobs fire: every TimeType, StartTime and EndTime, calendars, data time."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from tests.plugins.server.timing.clocks import BERLIN, ms, shown

from anyjob.job import BadJob, Job
from anyjob.job.words import TimeType
from anyjob_server.timing import Calendars, Fire, Never, Timeline, TimeSettings, time_problems, timeline_of

NOW = ms("2026-11-27 06:00:00.700")
OWN = TimeSettings.model_validate(
    {
        "calendars": {
            "market": {
                "2026": [{"month": 12, "days": [1, 24]}, {"month": 11, "days": [30]}],
                "2028": [{"month": 1, "days": [3]}],
            }
        }
    }
).made_calendars()


def job(time_type: TimeType, expression: str = "", **fields: Any) -> Job:
    return Job(name="j", job_type="shell", time_type=time_type, time_expression=expression, **fields)


def cron(expression: str, **fields: Any) -> Job:
    return job(TimeType.CRON, expression, **fields)


def timeline(of: Job, calendars: Calendars = OWN) -> Timeline:
    return timeline_of(of, NOW, calendars, BERLIN)


def times(of: Job, count: int, after: int = NOW) -> list[str]:
    """The next local times, and why there is no more."""
    line, found = timeline(of), list[str]()
    for _ in range(count):
        answer = line.next_fire(after)
        if isinstance(answer, Never):
            return [*found, answer.reason]
        after = answer.schedule_time
        found.append(shown(after))
    return found


def fire(of: Job, after: int = NOW) -> Fire:
    answer = timeline(of).next_fire(after)
    assert isinstance(answer, Fire), answer
    return answer


def never(of: Job, after: int = NOW) -> Never:
    answer = timeline(of).next_fire(after)
    assert isinstance(answer, Never), answer
    return answer


class TestTimeTypes:
    def test_cron_is_in_the_zone_of_the_job_else_of_the_server(self) -> None:
        assert times(cron("0 0 9 * * ?"), 2) == ["2026-11-27 09:00:00", "2026-11-28 09:00:00"]
        assert times(cron("0 0 9 * * ?", timezone="GMT+8"), 1) == ["2026-11-28 02:00:00"]
        assert times(cron("0 0 9 * * ?", timezone="America/New_York"), 1) == ["2026-11-27 15:00:00"]

    def test_fixed_rate_counts_from_the_creation_and_first_fires_a_period_later(self) -> None:
        of = job(TimeType.FIXED_RATE, "2400")
        assert times(of, 2) == ["2026-11-27 06:40:00", "2026-11-27 07:20:00"]
        assert times(of, 1, ms("2026-11-28 00:00:00")) == ["2026-11-28 00:40:00"]

    def test_fixed_rate_counts_from_the_start_time_and_first_fires_there(self) -> None:
        of = job(TimeType.FIXED_RATE, "2400", start_time=ms("2026-12-01 08:00:00"))
        assert times(of, 2) == ["2026-12-01 08:00:00", "2026-12-01 08:40:00"]
        of = job(TimeType.FIXED_RATE, "2400", start_time=ms("2026-11-26 08:00:00"))
        assert times(of, 1) == ["2026-11-27 06:40:00"]

    def test_fixed_rate_does_not_look_at_clocks(self) -> None:
        of = job(TimeType.FIXED_RATE, "3600", start_time=ms("2026-10-25 00:30:00"))
        assert times(of, 3, ms("2026-10-25 01:30:00")) == [
            "2026-10-25 02:30:00",
            "2026-10-25 02:30:00",
            "2026-10-25 03:30:00",
        ]

    def test_second_delay_counts_from_the_end_of_the_run_before(self) -> None:
        of = job(TimeType.SECOND_DELAY, "60")
        assert timeline(of).chained
        assert fire(of, 5_500).schedule_time == 65_500
        assert not timeline(cron("* * * * * ?")).chained

    def test_one_time(self) -> None:
        assert times(job(TimeType.ONE_TIME, "2026-12-24 18:00:00"), 2) == [
            "2026-12-24 18:00:00",
            "its last time has passed",
        ]
        of = job(TimeType.ONE_TIME, "2026-12-24 18:00:00", timezone="UTC+08:00")
        assert times(of, 1) == ["2026-12-24 11:00:00"]
        assert fire(job(TimeType.ONE_TIME, "1795850000123")).schedule_time == 1_795_850_000_123

    def test_one_time_that_comes_twice_is_the_second(self) -> None:
        at = fire(job(TimeType.ONE_TIME, "2026-10-25 02:30:00"), 0).schedule_time
        assert at == ms("2026-10-25T02:30:00+01:00")

    @pytest.mark.parametrize("kind", [TimeType.API, TimeType.NONE])
    def test_no_time_fires_the_rest(self, kind: TimeType) -> None:
        assert never(job(kind, calendar="nowhere")).reason == "only ExecuteJob and manual runs start it"


class TestBounds:
    def test_a_firing_at_start_and_at_end_time_is_within(self) -> None:
        of = cron("0 0 9 * * ?", start_time=ms("2026-12-01 09:00:00"), end_time=ms("2026-12-02 09:00:00"))
        assert times(of, 5) == [
            "2026-12-01 09:00:00",
            "2026-12-02 09:00:00",
            "EndTime 2026-12-02 09:00:00 comes before the next time",
        ]

    def test_data_time_is_offset_and_the_firing_is_not(self) -> None:
        of = cron("0 0 9 * * ?", data_offset=-86_400)
        assert fire(of) == Fire(ms("2026-11-27 09:00:00"), ms("2026-11-26 09:00:00"))

    def test_moments_beyond_all_dates(self) -> None:
        far = 253_402_300_799_999
        assert never(job(TimeType.FIXED_RATE, "30", start_time=far, calendar="workday")).skipped == ()
        assert fire(job(TimeType.FIXED_RATE, "30", end_time=far)).schedule_time == ms("2026-11-27 06:00:30")
        assert never(job(TimeType.FIXED_RATE, "30", start_time=far - 90_000_000, end_time=far))


class TestCalendars:
    def test_workday_is_monday_to_friday(self) -> None:
        of = cron("0 0 9 * * ?", calendar="workday")
        assert times(of, 3) == ["2026-11-27 09:00:00", "2026-11-30 09:00:00", "2026-12-01 09:00:00"]
        (skip,) = fire(of, ms("2026-11-27 09:00:00")).skipped
        assert (skip.reason, shown(skip.first)) == ("skipped by calendar workday", "2026-11-28 09:00:00")
        assert fire(of).skipped == ()

    def test_each_workday_follows_the_one_before(self) -> None:
        day, found = date(2026, 11, 24), list[int]()
        for _ in range(6):
            following = OWN.get("workday").following(day)
            assert following is not None
            day = following
            found.append(day.day)
        assert found == [25, 26, 27, 30, 1, 2]
        assert OWN.get("workday").following(date(2026, 11, 28)) == date(2026, 11, 30)
        assert OWN.get("workday").following(date(2099, 12, 31)) is None

    def test_days_are_those_of_the_zone(self) -> None:
        of = cron("0 0 2 * * ?", calendar="工作日", timezone="Asia/Shanghai")
        assert times(of, 2) == ["2026-11-29 19:00:00", "2026-11-30 19:00:00"]

    def test_every_second_does_not_look_at_every_second_of_a_weekend(self) -> None:
        of = cron("* * * * * ?", calendar="workday")
        assert times(of, 2, ms("2026-11-27 23:59:58")) == ["2026-11-27 23:59:59", "2026-11-30 00:00:00"]

    def test_listed_days_and_years_without_an_entry(self) -> None:
        of = cron("0 0 9 * * ?", calendar="market")
        assert times(of, 5) == [
            "2026-11-30 09:00:00",
            "2026-12-01 09:00:00",
            "2026-12-24 09:00:00",
            "2028-01-03 09:00:00",
            "calendar market has no more days from 2028-01-04 on",
        ]
        skipped = fire(of, ms("2026-12-24 09:00:00")).skipped
        assert [(skip.reason, shown(skip.first)) for skip in skipped] == [
            ("skipped by calendar market", "2026-12-25 09:00:00")
        ]
        assert never(of, ms("2029-05-01 09:00:00")).reason == "calendar market has no year 2029: no run"

    def test_a_year_without_an_entry_is_told_where_it_is_met(self) -> None:
        of = cron("0 0 9 1 1 ?", calendar="market")
        skipped = fire(cron("0 0 9 1,3 1 ?", calendar="market")).skipped
        assert [skip.reason for skip in skipped] == ["calendar market has no year 2027: no run"]
        assert never(of).reason == "calendar market has no year 2029: no run"
        assert [skip.reason for skip in never(of).skipped] == [
            "calendar market has no year 2027: no run",
            "calendar market has no year 2029: no run",
        ]

    def test_a_calendar_that_the_settings_have_no_more(self) -> None:
        of = cron("0 0 9 * * ?", calendar="gone")
        assert never(of).reason == "calendar gone is not in the settings: no run"

    def test_the_settings_may_say_what_workday_is(self) -> None:
        own = TimeSettings.model_validate({"calendars": {"workday": {"2026": [{"month": 12, "days": [5]}]}}})
        answer = timeline(cron("0 0 9 * * ?", calendar="workday"), own.made_calendars()).next_fire(NOW)
        assert isinstance(answer, Fire)
        assert shown(answer.schedule_time) == "2026-12-05 09:00:00"

    def test_other_time_types_keep_to_the_days_too(self) -> None:
        saturday = ms("2026-11-28 12:00:00")
        assert times(job(TimeType.SECOND_DELAY, "30", calendar="workday"), 1, saturday) == ["2026-11-30 00:00:29"]
        assert times(job(TimeType.FIXED_RATE, "7200", calendar="workday"), 1, saturday) == ["2026-11-30 00:00:00"]
        one = job(TimeType.ONE_TIME, "2026-11-28 18:00:00", calendar="workday")
        assert never(one).reason == "skipped by calendar workday"

    def test_a_midnight_that_is_skipped_begins_the_day_later(self) -> None:
        of = cron("* 30 * * * ?", calendar="workday", timezone="America/Sao_Paulo")
        at = fire(of, ms("2017-10-14T12:00:00-03:00")).schedule_time
        assert at == ms("2017-10-16T00:30:00-02:00")


class TestProblems:
    """What CreateJob and UpdateJob refuse."""

    @pytest.mark.parametrize(
        ("of", "field", "remedy"),
        [
            (cron("0 0 25 * * ?"), "TimeExpression", 'is no cron: hour "25" is out of range; write 0 to 23'),
            (cron("0 0 0 30 2 ?"), "TimeExpression", 'is no cron: day-of-month "30" never comes in month 2'),
            (cron("0 0 0 * * ? 2025"), "TimeExpression", "never fires again: its last time has passed"),
            (cron("0 30 2 29 3 ? 2027", timezone="GMT+1"), "", ""),
            (cron("0 30 2 28 3 ? 2027"), "TimeExpression", "never fires again"),  # the clocks skip it
            (
                cron("0 0 9 ? * SAT", calendar="workday"),
                "TimeExpression",
                "never fires: none of the times to come is on a day of",
            ),
            (cron("0 0 9 * * ?", calendar="wrkday"), "Calendar", "is no calendar here; did you mean workday?"),
            (cron("0 0 9 * * ?", end_time=5), "EndTime", "has passed; write a later one, or -1"),
            (cron("0 0 9 * * ?", end_time=NOW + 5), "TimeExpression", "never fires: EndTime 2026-11-27 06:00:00"),
            (
                job(TimeType.ONE_TIME, "2026-11-27 06:00:00"),
                "TimeExpression",
                "has passed: it is 2026-11-27 06:00:00 in",
            ),
            (job(TimeType.ONE_TIME, "5"), "TimeExpression", "has passed"),
            (job(TimeType.ONE_TIME, "2027-03-28 02:30:00"), "TimeExpression", "write 2027-03-28 03:00:00 or later"),
            (job(TimeType.ONE_TIME, "9" * 15), "TimeExpression", "lies behind the year 9999"),
            (job(TimeType.FIXED_RATE, "30"), "", ""),
            (job(TimeType.SECOND_DELAY, "1"), "", ""),
            (job(TimeType.API, end_time=5), "", ""),
            (
                job(TimeType.API, calendar="holidays"),
                "Calendar",
                "is no calendar here; write market or workday, or add",
            ),
        ],
    )
    def test_a_new_job(self, of: Job, field: str, remedy: str) -> None:
        found = time_problems(of, NOW, OWN, BERLIN)
        assert [problem.field for problem in found] == ([field] if field else [])
        if field:
            assert remedy in found[0].remedy
            assert found[0].value

    def test_an_expression_of_another_time_type_is_not_read(self) -> None:
        with pytest.raises(BadJob, match="does not fit TimeType 4"):
            job(TimeType.SECOND_DELAY, "61")

    def test_a_stored_job_is_not_judged_again(self) -> None:
        for of in (cron("0 0 0 * * ? 2025"), cron("0 0 9 * * ?", calendar="gone"), job(TimeType.ONE_TIME, "5")):
            assert never(of).reason

    def test_a_wrong_cron_is_marked(self) -> None:
        with pytest.raises(BadJob) as caught:
            timeline(cron("0 0 25 * * ?"))
        assert caught.value.problems[0].excerpt == "0 0 25 * * ?\n    ^"
