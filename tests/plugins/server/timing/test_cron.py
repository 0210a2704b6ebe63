"""Cron expressions: the dialect, what is refused and where, and when they fire."""

from __future__ import annotations

import pickle
from datetime import datetime, timedelta, timezone
from random import Random
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from tests.plugins.server.timing.expressions import ZONES, changed, frequent, legal, moment
from tests.plugins.server.timing.reader import Reader

from anyjob_server.timing.badcron import BadCron
from anyjob_server.timing.cron import Cron

ALL_DAYS = set(range(1, 32))
DIALECT = [
    # seconds, minutes and hours: what they hold
    ("0 0 0 * * ?", 0, {0}),
    ("*/15 0 0 * * ?", 0, {0, 15, 30, 45}),
    ("/15 0 0 * * ?", 0, {0, 15, 30, 45}),
    ("5/20 0 0 * * ?", 0, {5, 25, 45}),
    ("58-1 0 0 * * ?", 0, {58, 59, 0, 1}),
    ("0 10-20/5,59 0 * * ?", 1, {10, 15, 20, 59}),
    ("0 55-10/5 0 * * ?", 1, {55, 0, 5, 10}),
    ("0 0 22-2 * * ?", 2, {22, 23, 0, 1, 2}),
    ("0 0 007 * * ?", 2, {7}),
    ("0 0 0 1 NOV-FEB ?", 4, {11, 12, 1, 2}),
    ("0 0 0 1 jan,Mar,5 ?", 4, {1, 3, 5}),
    ("0 0 0 1 11-2/2 ?", 4, {11, 1}),
    ("0 0 0 1 */5 ?", 4, {1, 6, 11}),
    ("0 0 0 1 1 ? 2026-2030/2,2099", 6, {2026, 2028, 2030, 2099}),
    ("0 0 0 1 1 ? 2090/4", 6, {2090, 2094, 2098}),
    ("0\t0  0 1 1 ? *", 6, set(range(1970, 2100))),
]
DAYS_2026 = [
    # day fields: the days of a month of 2026. January begins on a Thursday, February and March on a Sunday.
    ("1,15 * ?", 1, {1, 15}),
    ("28-3 * ?", 1, {28, 29, 30, 31, 1, 2, 3}),
    ("*/10 * ?", 2, {1, 11, 21}),
    ("31 * ?", 4, set[int]()),
    ("L * ?", 2, {28}),
    ("L-3 * ?", 4, {27}),
    ("L-30 * ?", 4, set[int]()),
    ("L-30 * ?", 1, {1}),
    ("LW * ?", 1, {30}),
    ("LW * ?", 5, {29}),
    ("L-3W * ?", 3, {27}),
    ("15W * ?", 1, {15}),
    ("15W * ?", 2, {16}),
    ("14W * ?", 2, {13}),
    ("1W * ?", 2, {2}),
    ("1W * ?", 8, {3}),
    ("31W * ?", 5, {29}),
    ("31W * ?", 4, set[int]()),
    ("L,15 * ?", 1, {15, 31}),
    ("10W,20W,5 * ?", 2, {5, 10, 20}),
    ("? * MON-FRI", 2, {2, 3, 4, 5, 6, 9, 10, 11, 12, 13, 16, 17, 18, 19, 20, 23, 24, 25, 26, 27}),
    ("? * 1", 2, {1, 8, 15, 22}),
    ("? * FRI-MON", 1, {2, 3, 4, 5, 9, 10, 11, 12, 16, 17, 18, 19, 23, 24, 25, 26, 30, 31}),
    ("? * 2/3", 1, {1, 5, 8, 12, 15, 19, 22, 26, 29}),
    ("? * L", 1, {3, 10, 17, 24, 31}),
    ("? * 6L", 1, {30}),
    ("? * sunl", 2, {22}),
    ("? * 2#1", 1, {5}),
    ("? * thu#5", 1, {29}),
    ("? * MON#5", 2, set[int]()),
]
REFUSED = [
    ("60 * * * * ?", 0, "second", "60", "is out of range; write 0 to 59"),
    ("0 61 * * * ?", 2, "minute", "61", "is out of range; write 0 to 59"),
    ("0 0 24 * * ?", 4, "hour", "24", "is out of range; write 0 to 23; midnight is 0"),
    ("0 0 0 32 * ?", 6, "day-of-month", "32", "is out of range; write 1 to 31"),
    ("0 0 0 1,0 * ?", 8, "day-of-month", "0", "is out of range; write 1 to 31"),
    ("0 0 0 1 0 ?", 8, "month", "0", "write 1 (JAN) to 12 (DEC)"),
    ("0 0 0 ? * 0", 10, "day-of-week", "0", "write 1 (SUN) to 7 (SAT); Sunday is 1 here"),
    ("0 0 0 * * ? 2100", 12, "year", "2100", "is out of range; write 1970 to 2099"),
    ("0 0 0 * * ? 2030-2020", 12, "year", "2030-2020", "ends before it begins"),
    ("0 0 0 ? JULY ?", 8, "month", "JULY", "did you mean JUL?"),
    ("0 0 0 ? * MONDAY", 10, "day-of-week", "MONDAY", "did you mean MON?"),
    ("0 0 0 ? * MON-5", 10, "day-of-week", "MON-5", "mixes a name and a number; write 2-5"),
    ("0 0 0 ? * MON-FRI/2", 10, "day-of-week", "MON-FRI/2", "write 2-6/2"),
    ("0 0/0 0 * * ?", 4, "minute", "0", "is no step; write 1 to 59 behind the /"),
    ("0 0 */24 * * ?", 6, "hour", "24", "is no step; write 1 to 23 behind the /"),
    ("0 0 0 5- * ?", 6, "day-of-month", "5-", "lacks a value"),
    ("0 0 0 1,,2 * ?", 7, "day-of-month", "1,,2", "has a comma with nothing beside it"),
    ("0 0 0 L-31 * ?", 6, "day-of-month", "L-31", "write L-0 to L-30"),
    ("0 0 0 3,32W * ?", 8, "day-of-month", "32", "is out of range"),
    ("0 0 L * * ?", 4, "hour", "L", "is only for day-of-month"),
    ("0 0 0 1W 3W ?", 9, "month", "3W", "is only for day-of-month"),
    ("0 0 0 ? * 2#6", 12, "day-of-week", "6", "write 1 to 5 behind the #"),
    ("0 0 0 ? * 2#1,3", 10, "day-of-week", "2#1", "stands alone"),
    ("0 0 0 ? * 3,6L", 12, "day-of-week", "6L", "stands alone"),
    ("0 0 0 ? * L,3", 10, "day-of-week", "L", "write 7 for Saturday"),
    ("0 ? 0 * * ?", 2, "minute", "?", "is only for one of the two day fields"),
    ("5X 0 0 * * ?", 0, "second", "5X", "is no second"),
    ("0 0 0 * * *", 10, "day-of-week", "*", "write ? here"),
    ("0 0 0 * * MON", 6, "day-of-month", "*", "write ? here"),
    ("0 0 0 15 * MON", 11, "day-of-week", "MON", "write ? here"),
    ("0 0 0 ? * ?", 10, "day-of-week", "?", "is in both; write * here"),
    ("0 0 0 30 2 ?", 6, "day-of-month", "30", "never comes in month 2"),
    ("0 0 0 29 FEB ? 2025-2027", 6, "day-of-month", "29", "never comes in month FEB of the year 2025-2027"),
    ("0 0 0 31W 4,6 ?", 6, "day-of-month", "31W", "never comes"),
    ("* * * * *", 9, "expression", "", "has 5 fields; write 6 or 7"),
    ("", 0, "expression", "", "has 0 fields"),
    ("0 0 0 * * ? 2026 *", 17, "expression", "*", "is one field too many"),
    (f"{'9' * 5000} 0 0 * * ?", 0, "second", "9" * 5000, "is out of range"),
    ("0 0 0 * * ? ١٩٩٩", 12, "year", "١٩٩٩", "is no year"),
    ("0 0 0 ? * ſun", 10, "day-of-week", "ſun", "is no day-of-week"),
]


def fires(text: str, after: str, zone: str, count: int = 5) -> list[str]:
    """The next local times, with their offsets."""
    there = ZoneInfo(zone)
    at: int | None = int(datetime.fromisoformat(after).timestamp())
    cron, found = Cron.parse(text), list[str]()
    for _ in range(count):
        assert at is not None
        at = cron.after(at, there)
        if at is None:
            break
        found.append(datetime.fromtimestamp(at, there).isoformat(" "))
    return found


@pytest.mark.parametrize(("text", "field", "values"), DIALECT)
def test_a_plain_field(text: str, field: int, values: set[int]) -> None:
    cron = Cron.parse(text)
    read = {0: cron.seconds, 1: cron.minutes, 2: cron.hours, 4: cron.months, 6: cron.years}[field]
    assert list(read) == sorted(values)


@pytest.mark.parametrize(("fields", "month", "days"), DAYS_2026)
def test_a_day_field(fields: str, month: int, days: set[int]) -> None:
    assert set(Cron.parse(f"0 0 0 {fields}").days.days(2026, month)) == days


@pytest.mark.parametrize(
    ("text", "position", "field", "value", "remedy"), REFUSED, ids=[row[0][:30] for row in REFUSED]
)
def test_what_is_refused_names_field_value_place_and_remedy(
    text: str, position: int, field: str, value: str, remedy: str
) -> None:
    with pytest.raises(BadCron) as caught:
        Cron.parse(text)
    wrong = caught.value
    assert (wrong.position, wrong.field, wrong.value) == (position, field, value)
    assert remedy in wrong.remedy
    assert remedy in wrong.problem().remedy
    assert str(pickle.loads(pickle.dumps(wrong))) == str(wrong)


def test_the_place_is_marked() -> None:
    with pytest.raises(BadCron) as caught:
        Cron.parse("0 0 25 * * ?")
    assert str(caught.value) == (
        'Cron "0 0 25 * * ?" cannot be used:\n'
        '  hour: "25" is out of range; write 0 to 23\n'
        "      0 0 25 * * ?\n"
        "          ^"
    )
    assert str(caught.value.problem()) == (
        'TimeExpression: "0 0 25 * * ?" is no cron: hour "25" is out of range; write 0 to 23'
    )


class TestTimes:
    def test_a_fire_is_strictly_after(self) -> None:
        cron, noon = Cron.parse("0 0 12 * * ?"), 1_795_003_200
        assert datetime.fromtimestamp(noon, ZoneInfo("UTC")).isoformat() == "2026-11-18T12:00:00+00:00"
        assert cron.after(noon - 1, ZoneInfo("UTC")) == noon
        assert cron.after(noon, ZoneInfo("UTC")) == noon + 86400

    def test_leap_days_and_long_waits(self) -> None:
        assert fires("0 0 0 29 2 ?", "2096-03-01T00:00+00:00", "UTC") == []
        assert fires("0 0 0 ? 2 1#5", "2026-01-01T00:00+00:00", "UTC", 2) == [
            "2032-02-29 00:00:00+00:00",
            "2060-02-29 00:00:00+00:00",
        ]

    def test_a_later_month_begins_with_its_first_day(self) -> None:
        assert fires("0 0 0 5 3 ? 2026,2028", "2026-01-20T00:00+00:00", "UTC") == [
            "2026-03-05 00:00:00+00:00",
            "2028-03-05 00:00:00+00:00",
        ]

    def test_the_years_end_with_2099(self) -> None:
        assert fires("0 0 0 1 1 ?", "2098-06-01T00:00+08:00", "Asia/Shanghai") == ["2099-01-01 00:00:00+08:00"]
        assert Cron.parse("* * * * * ?").after(2**60, ZoneInfo("UTC")) is None
        assert Cron.parse("0 0 0 1 1 ? 1970").after(-(2**60), ZoneInfo("UTC")) == 0

    def test_a_zone_of_a_fixed_offset(self) -> None:
        east = timezone(timedelta(hours=8), "GMT+8")
        at = Cron.parse("0 30 6 * * ?").after(1_795_003_200, east)
        assert at is not None
        assert datetime.fromtimestamp(at, east).isoformat() == "2026-11-19T06:30:00+08:00"


class TestClocksThatChange:
    """As Quartz has it: what is skipped does not fire; what comes twice fires the second time."""

    def test_a_time_that_is_skipped(self) -> None:
        assert fires("0 30 2 * * ?", "2026-03-28T03:00+01:00", "Europe/Berlin", 1) == ["2026-03-30 02:30:00+02:00"]

    def test_times_round_a_skipped_hour(self) -> None:
        assert fires("0 0/30 1-3 * * ?", "2026-03-29T01:00+01:00", "Europe/Berlin", 3) == [
            "2026-03-29 01:30:00+01:00",
            "2026-03-29 03:00:00+02:00",
            "2026-03-29 03:30:00+02:00",
        ]

    def test_a_time_that_comes_twice(self) -> None:
        assert fires("0 30 2 * * ?", "2026-10-24T12:00+02:00", "Europe/Berlin", 2) == [
            "2026-10-25 02:30:00+01:00",
            "2026-10-26 02:30:00+01:00",
        ]

    def test_every_minute_waits_an_hour_for_the_second(self) -> None:
        assert fires("0 * * * * ?", "2026-10-25T01:58+02:00", "Europe/Berlin", 3) == [
            "2026-10-25 01:59:00+02:00",
            "2026-10-25 02:00:00+01:00",
            "2026-10-25 02:01:00+01:00",
        ]

    def test_asked_within_the_first_of_two_hours_nothing_is_left_out(self) -> None:
        """The one place where Quartz itself forgets a firing: it would say 26 October."""
        assert fires("0 30 2 * * ?", "2026-10-25T02:45+02:00", "Europe/Berlin", 1) == ["2026-10-25 02:30:00+01:00"]

    def test_half_an_hour(self) -> None:
        assert fires("0 15,45 2 * * ?", "2026-10-04T00:00+10:30", "Australia/Lord_Howe", 2) == [
            "2026-10-04 02:45:00+11:00",
            "2026-10-05 02:15:00+11:00",
        ]

    def test_a_midnight_that_is_skipped(self) -> None:
        assert fires("0 0 0 * * ?", "2018-11-03T12:00-03:00", "America/Sao_Paulo", 1) == ["2018-11-05 00:00:00-02:00"]
        assert fires("0 0/30 * * * ?", "2018-11-03T23:30-03:00", "America/Sao_Paulo", 1) == [
            "2018-11-04 01:00:00-02:00"
        ]

    def test_a_day_that_is_skipped(self) -> None:
        assert fires("0 0 9 * * ?", "2011-12-29T08:00-10:00", "Pacific/Apia", 2) == [
            "2011-12-29 09:00:00-10:00",
            "2011-12-31 09:00:00+14:00",
        ]


@given(st.text(max_size=60) | st.integers().map(lambda seed: changed(Random(seed))))
@example("0 0 0 ? * SAT#")
@example("0 0 0 L-999999999999W * ?")
@example("0 0 0 * * ? 2020-")
def test_whatever_is_read_is_a_cron_or_a_bad_cron(text: str) -> None:
    """And the second reader takes what the first takes, if it ever fires, and nothing else."""
    second, cron, wrong = second_reading(text), None, None
    try:
        cron = Cron.parse(text)
    except BadCron as error:
        wrong = error
    assert (cron is not None) == (second is not None and second.fires_ever())
    if cron is not None:
        assert Cron.parse(cron.text) == cron
        assert Cron.parse(cron.text).text == cron.text
    if wrong is not None:
        assert 0 <= wrong.position <= len(text)
        assert wrong.value.upper() in text.upper()
        assert wrong.remedy


def second_reading(text: str) -> Reader | None:
    try:
        return Reader(text)
    except ValueError:
        return None


@given(st.integers())
def test_the_next_time_is_that_of_the_slow_reader(seed: int) -> None:
    chance = Random(seed)
    zone = chance.choice(list(ZONES))
    after, text = moment(chance, zone), frequent(chance) if chance.random() < 0.7 else legal(chance)
    try:
        cron = Cron.parse(text)
    except BadCron:
        assert not Reader(text).fires_ever()
        return
    last = after + 7200
    found = cron.after(after, ZoneInfo(zone))
    expected = Reader(text).between(after + 1, last, zone)
    assert (found if found is not None and found < last else None) == expected, (text, zone, after)
