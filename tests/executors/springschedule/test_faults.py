"""What goes wrong between an application and its worker."""

from __future__ import annotations

import signal
import time
from pathlib import Path

import pytest
from tests.executors.springschedule.conftest import Boots
from tests.executors.springschedule.town import TOKEN, Boot, Town, evidence, java, make_job, until

from anyjob.outcome import Cause, Strength
from anyjob_springschedule.sampleapp import SampleApp

pytestmark = [pytest.mark.needs("maven", "jdk17"), pytest.mark.timeout(180)]


@pytest.fixture
def boot(boots: Boots) -> Boot:
    return boots("boot3")


def started(app: SampleApp) -> None:
    until(lambda: "Started " in app.said)


class TestStart:
    def test_a_wrong_token_is_one_line_with_the_remedy(self, boot: Boot, tmp_path: Path) -> None:
        with Town(tmp_path) as town, town.app(boot, ANYJOB_APP_TOKEN="a-token-of-nobody") as app:
            until(lambda: "anyjob: " in app.said)
            started(app)
            time.sleep(0.5)
            (line,) = [line for line in app.said.splitlines() if " anyjob: " in line]
            assert "refuses this application" in line
            assert "its token is none of this worker's" in line
            assert "give it the token of its app group as ANYJOB_APP_TOKEN" in line
            assert app.process.poll() is None

    def test_no_worker_neither_delays_nor_fails_the_start(self, boot: Boot, tmp_path: Path) -> None:
        with Town(tmp_path) as town:
            town.silence()
            with town.app(boot) as app:
                started(app)
                until(lambda: "could not be reached" in app.said)
                time.sleep(1)
                assert app.said.count(" anyjob: ") == 1  # several dials, one line
                town.again("state")
                town.connected()

    def test_a_token_on_the_command_line_is_not_used(self, boot: Boot, tmp_path: Path) -> None:
        env = {"ANYJOB_APP": f"unix:{tmp_path}/apps.sock"}
        arguments = [f"--anyjob.app.token={TOKEN}"]
        with (
            Town(tmp_path) as town,
            SampleApp("demo.Demo", boot.classpath, env, home=java("17"), arguments=arguments) as app,
        ):
            until(lambda: "the token stands on the command line" in app.said)
            assert "set ANYJOB_APP_TOKEN" in app.said
            assert TOKEN not in app.said
            assert town.seen() == []

    @pytest.mark.parametrize(
        ("env", "said"),
        [
            ({"ANYJOB_APP": "here"}, "here"),
            ({"ANYJOB_SPRING_RELEASE": "soon"}, "anyjob.spring.release is 'soon'; write seconds, or a duration"),
        ],
    )
    def test_what_cannot_be_read_is_one_line(self, boot: Boot, tmp_path: Path, env: dict[str, str], said: str) -> None:
        with Town(tmp_path) as town, town.app(boot, **env) as app:
            started(app)
            until(lambda: "no job can call this application" in app.said)
            assert said in app.said
            assert app.process.poll() is None

    def test_without_scheduling_there_is_nothing_to_serve(self, boot: Boot, tmp_path: Path) -> None:
        env = {"ANYJOB_APP": f"unix:{tmp_path}/apps.sock", "ANYJOB_APP_TOKEN": TOKEN}
        with SampleApp("demo.Bare", boot.classpath, env, home=java("17")) as app:
            assert app.process.wait(60) == 0  # it ends as it did before
            assert "this application has no @EnableScheduling" in app.said


class TestRuns:
    def test_redeployed_in_the_middle(self, boot: Boot, tmp_path: Path) -> None:
        with Town(tmp_path) as town:
            with town.app(boot) as app:
                town.connected()
                run = town.begin("sleeps")
                until(lambda: town.hits().get("sleeps begins"))
                app.process.send_signal(signal.SIGTERM)
                outcome = town.end(run)
                assert app.process.wait(30) == 143
            assert outcome.cause is Cause.EVICTED, outcome
            assert outcome.result == "the application ended and interrupted the code"
            with town.app(boot):
                assert town.call("text").cause is Cause.SUCCEEDED  # the new one is waited for

    def test_killed_in_the_middle(self, boot: Boot, tmp_path: Path) -> None:
        with Town(tmp_path, reconnect=1) as town, town.app(boot) as app:
            town.connected()
            run = town.begin("sleeps")
            until(lambda: town.hits().get("sleeps begins"))
            app.process.kill()
            outcome = town.end(run)
            assert outcome.cause is Cause.UNKNOWN
            assert "demo" in evidence(outcome)

    def test_a_worker_that_is_restarted_in_the_middle_finds_it_and_it_ran_once(
        self, boot: Boot, tmp_path: Path
    ) -> None:
        with Town(tmp_path) as town, town.app(boot, ANYJOB_SPRING_LOG="true"):
            town.connected()
            town.hits()
            run = town.begin("pausesBriefly")
            time.sleep(0.3)
            town.silence()
            town.again("state")
            found = town.resumed(run)
            assert town.end(found).cause is Cause.SUCCEEDED
            hits = town.hits()
            assert (hits["brief begins"], hits["brief ends"]) == (1, 1)

    def test_two_of_one_name_share_the_work_and_both_take(self, boot: Boot, tmp_path: Path) -> None:
        with Town(tmp_path) as town, town.app(boot), town.app(boot):
            both = town.connected(2)
            assert [app.name for app in both] == ["demo", "demo"]
            town.enable(make_job("tick", "demo.Demo$Plain"))
            name = "demo.Demo$Plain#tick@plain"
            until(lambda: all(_taken(app.details[name]) for app in town.connected(2)))
            runs = [town.begin("sleeps", XAttrs={"grace": 1}) for _ in range(2)]
            until(lambda: [app.runs for app in town.seen()] == [1, 1])
            for run in runs:
                assert town.stop(run).cause is Cause.STOPPED

    def test_a_stop_while_the_worker_was_away(self, boot: Boot, tmp_path: Path) -> None:
        with Town(tmp_path) as town, town.app(boot):
            town.connected()
            run = town.begin("sleeps", XAttrs={"grace": 2})
            until(lambda: town.hits().get("sleeps begins"))
            town.silence()
            town.again("state")
            outcome = town.stop(town.resumed(run))
            assert outcome.stop is not None
            assert (outcome.cause, outcome.stop.strength) == (Cause.STOPPED, Strength.REPORTED)


def _taken(said: object) -> bool:
    assert isinstance(said, dict)
    return bool(said["taken"])  # pyright: ignore[reportUnknownArgumentType] - JSON
