"""The keys of [server] that are of time."""

from __future__ import annotations

import re
import tomllib
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from anyjob.spec.wording import explain
from anyjob_server.timing import TimeSettings
from anyjob_server.timing.machinezone import NoMachineZone


def problems(values: dict[str, object]) -> list[str]:
    with pytest.raises(ValidationError) as caught:
        TimeSettings.model_validate(values)
    found = explain(caught.value, TimeSettings, values, lambda name: f"server.{name}" if name else "server")
    return [str(problem) for problem in found]


WRONG: list[tuple[dict[str, Any], str]] = [
    ({"timezone": "Berlin"}, 'server.timezone: "Berlin" is not a time zone; did you mean Europe/Berlin?'),
    ({"misfire_grace": -1}, "server.misfire_grace"),
    ({"calendars": {"x": {"1969": []}}}, "1969"),
    ({"calendars": {"x": {"nonsense": []}}}, "nonsense"),
    ({"calendars": {"x": {"2026": [{"month": 13, "days": []}]}}}, "server.calendars.x.2026[0].month"),
    ({"calendars": {"x": {"2026": [{"month": 1, "days": [0]}]}}}, "server.calendars.x.2026[0].days[0]"),
    ({"calendars": {"x": {"2026": [{"moth": 1, "days": []}]}}}, "did you mean month?"),
    ({"calendars": {"x": {"2026": [{"month": 1, "days": [1]}, {"month": 1, "days": [2]}]}}}, "month 1 twice"),
    ({"calendars": {"x": {"2026": [{"month": 2, "days": [28, 29]}]}}}, "the day 29 in month 2, which has 28"),
    ({"calendars": {"x" * 46: {}}}, "server.calendars"),
]


@pytest.mark.parametrize(("values", "says"), WRONG)
def test_a_wrong_value_is_named(values: dict[str, object], says: str) -> None:
    assert says in " ".join(problems(values))


def test_the_zone_is_that_of_the_settings_else_the_machine_s(monkeypatch: pytest.MonkeyPatch) -> None:
    import tzlocal

    assert str(TimeSettings(timezone="GMT+8").zone) == "GMT+8"
    monkeypatch.setenv("TZ", "America/New_York")
    tzlocal.reload_localzone()
    assert str(TimeSettings().zone) == "America/New_York"
    monkeypatch.undo()
    tzlocal.reload_localzone()


def test_a_machine_whose_zone_has_no_name(monkeypatch: pytest.MonkeyPatch) -> None:
    import tzlocal.unix

    monkeypatch.setattr(tzlocal.unix, "_cache_tz", None)
    monkeypatch.setenv("TZ", "CET-1CEST")
    with pytest.raises(NoMachineZone, match="TZ is 'CET-1CEST'"):
        _ = TimeSettings().zone


def test_the_page_s_settings_are_settings() -> None:
    page = (Path(__file__).parents[4] / "plugins/server/docs/time.md").read_text()
    (text,) = re.findall(r"```toml\n(.*?)```", page, re.DOTALL)
    calendars = TimeSettings.model_validate(tomllib.loads(text)["server"]).made_calendars()
    assert calendars.names == ["settlement", "workday"]
    assert calendars.get("workday").refusal(date(2026, 10, 8)) == "skipped by calendar workday"
    assert calendars.get("settlement").refusal(date(2027, 1, 1)) == "calendar settlement has no year 2027: no run"
