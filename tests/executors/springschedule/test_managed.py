"""Applications that the worker starts for its runs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from tests.executors.springschedule.conftest import Boots
from tests.executors.springschedule.town import Town, executable, make_job, until

from anyjob.job import BadJob, Job
from anyjob.outcome import Cause, Strength

pytestmark = [pytest.mark.needs("maven", "jdk17", "jdk25"), pytest.mark.timeout(180)]


@pytest.fixture(params=[("boot2", "17"), ("boot4", "25")], ids=["boot 2.7 on 17", "boot 4.0 on 25"])
def xattrs(request: pytest.FixtureRequest, boots: Boots, tmp_path: Path) -> dict[str, Any]:
    name, home = request.param
    jar = executable(boots(name), tmp_path / "jars")
    return {"jar": str(jar), "javaHome": home, "jvmArgs": ["-Xmx128m", "-XX:TieredStopAtLevel=1"]}


def job(method: str, xattrs: dict[str, Any], class_name: str = "demo.Answers", **more: Any) -> Job:
    return make_job(method, class_name, XAttrs={"grace": 2, **xattrs}, **more)


class TestManaged:
    def test_one_process_for_all_runs_and_only_they_call_it(self, tmp_path: Path, xattrs: dict[str, Any]) -> None:
        allowed = {"apps": {"shop": {"jars": [str(tmp_path / "jars")]}}}
        with Town(tmp_path, executor=allowed) as town:
            town.enable(job("tick", xattrs, "demo.Demo$Plain"))  # nothing is to be taken over
            printed = town.submit(job("prints", xattrs))
            assert town.end(printed).cause is Cause.SUCCEEDED
            assert town.log(printed) == b"from the method\n"
            (app,) = town.seen()
            assert app.resident
            assert app.name == "application"

            again = town.submit(job("text", xattrs))
            assert town.end(again).result == "中 <text>"
            assert [one.id for one in town.seen()] == [app.id]
            assert town.end(town.submit(job("hits", xattrs, "demo.Demo"))).outputs == {}  # Spring fired nothing

            wrong = town.end(town.submit(job("texxt", xattrs)))
            assert wrong.cause is Cause.BAD_CONFIG
            assert 'Content.method: "texxt" is no @Scheduled method of demo.Answers; it has text' in wrong.result

    def test_a_stop_and_what_the_settings_do_not_allow(self, tmp_path: Path, xattrs: dict[str, Any]) -> None:
        allowed = {"apps": {"shop": {"jars": [str(tmp_path / "jars")]}}}
        with Town(tmp_path, executor=allowed) as town:
            run = town.submit(job("sleeps", xattrs))
            until(lambda: town.seen() and town.seen()[0].runs == 1)
            until(lambda: town.end(town.submit(job("hits", xattrs, "demo.Demo"))).outputs.get("sleeps begins"))
            outcome = town.stop(run)
            assert outcome.stop is not None
            assert (outcome.cause, outcome.stop.strength) == (Cause.STOPPED, Strength.REPORTED)

            refused = town.end(town.submit(job("text", {**xattrs, "jar": "/srv/other.jar"})))
            assert refused.cause is Cause.DEPENDENCY_MISSING
            assert "XAttrs.jar" in refused.result
            with pytest.raises(BadJob, match=r"XAttrs\.jvmArgs"):
                town.submit(job("text", {**xattrs, "jvmArgs": ["-Dloader.path=/tmp"]}))
