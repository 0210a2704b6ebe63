"""Who fires: Spring, or the worker alone. Counts of firings, in every generation of Spring Boot."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest
from tests.executors.springschedule.conftest import Boots
from tests.executors.springschedule.town import Town, make_job, until

pytestmark = [pytest.mark.needs("maven", "jdk17"), pytest.mark.timeout(180)]

# Those that Spring fires several times a second.
_ALL = {
    "One.go",
    "Two.go",
    "a.Same.run",
    "asyn.fire on task",
    "asyn.future",
    "b.Same.run",
    "jdk.facing",
    "plain.report",
    "plain.secret",
    "plain.tick",
    "tx.work",
}
_THOSE = {"plain.tick", "plain.report", "plain.secret", "jdk.facing", "Two.go", "b.Same.run"}
_SOME = "plain,demo.Demo$Jdk#facing,demo.Demo$Base#go@two,demo.b.Same"


class TestFromTheStart:
    @pytest.mark.parametrize(
        ("boot", "take", "never"),
        [
            ("boot4", "", set[str]()),
            ("boot2", _SOME, _THOSE),
            ("boot3", _SOME, _THOSE),
            ("boot4", _SOME, _THOSE),
            ("boot4", "*", _ALL),
        ],
        ids=["none", "some of 2.7", "some of 3.5", "some of 4.0", "all"],
    )
    def test_what_is_named_never_fires_and_all_else_does(
        self, boots: Boots, tmp_path: Path, boot: str, take: str, never: set[str]
    ) -> None:
        with Town(tmp_path) as town, town.app(boots(boot), ANYJOB_SPRING_TAKE=take):
            town.connected()
            # Not after the first count: what is not to fire must not have fired at the start either.
            seen = dict(town.hits())
            until(lambda: _add(seen, town.hits()) and set(seen) >= _ALL - never)
            assert set(seen) & _ALL == _ALL - never
            if never:
                town.enable()  # no job wants any; these stay with nobody but the worker
                assert not set(town.hits_for(1.2)) & never


class TestByJobs:
    @pytest.mark.parametrize("boot", ["boot2", "boot3", "boot4"])
    def test_only_what_an_enabled_job_names_and_only_for_so_long(self, boots: Boots, tmp_path: Path, boot: str) -> None:
        tick = make_job("tick", "demo.Demo$Plain")
        two = make_job("go", "demo.Demo$Base", content={"bean": "two"})
        both = make_job("run", "demo.b.Same")
        with Town(tmp_path) as town, town.app(boots(boot)):
            town.connected()
            town.enable(tick, two, both)
            until(lambda: len(town.taken()) == 3)
            assert town.taken() == {"demo.Demo$Plain#tick@plain", "demo.Demo$Two#go@two", "demo.b.Same#run@sameB"}
            hits = town.hits_for(1.5)
            assert set(hits) & _ALL == _ALL - {"plain.tick", "Two.go", "b.Same.run"}
            assert hits["One.go"] > 1

            town.enable(two)
            until(lambda: town.taken() == {"demo.Demo$Two#go@two"})
            hits = town.hits_for(1.5)
            assert set(hits) & _ALL == _ALL - {"Two.go"}
            assert 1 < hits["plain.tick"] < 1.7 * hits["One.go"]  # at its own rate, and not by two schedules

            town.enable()
            until(lambda: not town.taken())
            assert set(town.hits_for(1.5)) & _ALL == _ALL


class TestDetails:
    def test_a_name_that_several_beans_have_takes_none(self, boots: Boots, tmp_path: Path) -> None:
        with Town(tmp_path) as town, town.app(boots("boot3")):
            town.connected()
            town.enable(make_job("go", "demo.Demo$Base"), make_job("tick", "demo.Demo$Plain"))
            until(town.taken)
            assert town.taken() == {"demo.Demo$Plain#tick@plain"}

    def test_a_lazy_bean_is_taken_before_it_fires(self, boots: Boots, tmp_path: Path) -> None:
        with Town(tmp_path) as town, town.app(boots("boot3")):
            town.connected()
            town.enable(make_job("late", "demo.Demo$Late"), make_job("tick", "demo.Demo$Plain"))
            until(town.taken)
            town.hits()
            town.call("makesLate", "demo.Demo")
            until(lambda: "demo.Demo$Late#late@lazy" in town.taken())
            assert "lazy.late" not in town.hits_for(1)

    def test_spring_does_not_fire_what_a_run_is_busy_with(self, boots: Boots, tmp_path: Path) -> None:
        """Also without any job that is enabled: `anyjob run`."""
        with Town(tmp_path) as town, town.app(boots("boot3"), SLOW_DELAY="PT0.5S"):
            town.connected()
            until(lambda: "slow ends" in town.hits())  # the next would begin in the middle of the run
            run = town.begin("slowly", "demo.Slow")
            until(lambda: "slow begins" in town.hits())
            until(town.taken)
            assert town.taken() == {"demo.Slow#slowly@slow"}
            assert town.end(run).result == "1 at one time"
            until(lambda: not town.taken())
            until(lambda: "slow begins" in town.hits())  # Spring's again

    def test_a_firing_that_is_going_is_not_interrupted(self, boots: Boots, tmp_path: Path) -> None:
        with Town(tmp_path) as town, town.app(boots("boot3"), SLOW_DELAY="PT0.5S"):
            town.connected()
            until(lambda: "slow begins" in town.hits())
            town.enable(make_job("slowly", "demo.Slow"))
            until(town.taken)
            seen: dict[str, int] = {}
            until(lambda: _add(seen, town.hits()) and "slow ends" in seen)
            assert "slow interrupted" not in seen

    def test_an_application_that_comes_back_is_told_again(self, boots: Boots, tmp_path: Path) -> None:
        tick = make_job("tick", "demo.Demo$Plain")
        with Town(tmp_path) as town:
            town.enable(tick)
            with town.app(boots("boot3")):
                until(lambda: town.connected() and town.taken())
            with town.app(boots("boot3")):
                until(lambda: any(app.connected for app in town.seen()))
                until(lambda: town.taken() == {"demo.Demo$Plain#tick@plain"})

    def test_one_whose_connection_was_lost_is_told_again(self, boots: Boots, tmp_path: Path) -> None:
        with Town(tmp_path) as town, town.app(boots("boot3"), ANYJOB_SPRING_RELEASE="0") as app:
            town.connected()
            town.enable(make_job("tick", "demo.Demo$Plain"))
            until(town.taken)
            town.drop()
            until(lambda: "Spring fires its methods itself again" in app.said)
            until(lambda: any(one.connected for one in town.seen()) and town.taken())

    def test_without_a_worker_for_long_enough_spring_fires_again(self, boots: Boots, tmp_path: Path) -> None:
        tick = make_job("tick", "demo.Demo$Plain")
        with Town(tmp_path) as town, town.app(boots("boot3"), ANYJOB_SPRING_RELEASE="1") as app:
            town.connected()
            town.enable(tick)
            until(town.taken)
            town.silence()
            until(lambda: "Spring fires its methods itself again" in app.said)
            town.again("other")
            town.connected()
            assert not town.taken()
            assert "plain.tick" in town.hits()

    def test_by_default_they_stay_taken(self, boots: Boots, tmp_path: Path) -> None:
        tick = make_job("tick", "demo.Demo$Plain")
        with Town(tmp_path) as town, town.app(boots("boot3")) as app:
            town.connected()
            town.enable(tick)
            until(town.taken)
            town.hits()
            town.silence()
            until(lambda: " has ended. It is dialled again" in app.said)
            town.again("state")
            town.connected()
            assert town.taken() == {"demo.Demo$Plain#tick@plain"}
            assert "plain.tick" not in town.hits()


def _add(seen: dict[str, int], more: Mapping[str, int]) -> bool:
    for name, count in more.items():
        seen[name] = seen.get(name, 0) + count
    return True
