"""Runs are calls: of proxies, private and inherited methods, with their answers, in every generation of Spring Boot."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest
from tests.executors.springschedule.conftest import Boots
from tests.executors.springschedule.town import Town, evidence, make_job, until

from anyjob.outcome import Cause, Strength

pytestmark = [pytest.mark.needs("maven", "jdk17", "jdk25"), pytest.mark.timeout(180)]


@pytest.fixture(
    scope="class",
    params=[("boot2", "17"), ("boot3", "17"), ("boot4", "25")],
    ids=["boot 2.7 on 17", "boot 3.5 on 17", "boot 4.0 on 25"],
)
def town(request: pytest.FixtureRequest, boots: Boots, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    name, home = request.param
    # Spring fires nothing: what is counted are the calls.
    env = {"ANYJOB_SPRING_TAKE": "*", "ANYJOB_SPRING_LOG": "true"}
    with Town(tmp_path_factory.mktemp("town")) as town, town.app(boots(name), home=home, **env):
        town.connected()
        yield town


class TestCalls:
    @pytest.mark.parametrize(
        ("class_name", "method", "result"),
        [
            ("demo.Answers", "nothing", ""),
            ("demo.Answers", "text", "中 <text>"),
            ("demo.Answers", "map", '{"rows":3}'),
            ("demo.Answers", "good", "all of it"),
            ("demo.Answers", "future", "later"),
            ("demo.Demo$Plain", "report", ""),  # package-private
            ("demo.Demo$Plain", "secret", ""),  # private
            ("demo.Demo$Tx", "work", "active=true"),  # CGLIB
            ("demo.Demo$Jdk", "facing", "active=true"),
            ("demo.Demo$Asyn", "future", "future result"),
            ("demo.Demo$One", "go", "One.go"),  # inherited
            ("demo.b.Same", "run", "result of b"),
        ],
    )
    def test_what_a_method_returns_is_the_result(self, town: Town, class_name: str, method: str, result: str) -> None:
        outcome = town.call(method, class_name)
        assert (outcome.cause, outcome.result) == (Cause.SUCCEEDED, result), outcome

    def test_a_map_is_the_outputs(self, town: Town) -> None:
        assert town.call("map").outputs == {"rows": 3}

    def test_a_process_result_says_how_it_went(self, town: Town) -> None:
        outcome = town.call("bad")
        assert (outcome.cause, outcome.result) == (Cause.FAILED, "half of it")
        assert evidence(outcome) == "its status is FAILED"

    def test_what_was_thrown_is_the_original(self, town: Town) -> None:
        outcome = town.call("throwing")
        assert (outcome.cause, outcome.result) == (Cause.FAILED, "java.lang.IllegalStateException: no")
        assert "at demo.Answers.throwing(Answers.java:" in evidence(outcome)
        assert town.call("brokenFuture").result == "java.lang.IllegalStateException: late no"

    def test_the_same_name_in_two_packages(self, town: Town) -> None:
        town.hits()
        town.call("run", "demo.a.Same")
        assert town.hits() == {"a.Same.run": 1}

    def test_one_of_several_beans(self, town: Town) -> None:
        assert town.call("go", "demo.Demo$Base", content={"bean": "two"}).result == "Two.go"
        assert town.call("go", "demo.Demo$Base", content={"bean": "one"}).result == "One.go"

    def test_an_async_method_is_seen_to_its_end(self, town: Town) -> None:
        town.hits()
        assert town.call("fire", "demo.Demo$Asyn").cause is Cause.SUCCEEDED
        ((where, count),) = town.hits().items()
        assert where.startswith("asyn.fire on anyjob")
        assert count == 1

    def test_an_async_method_by_its_proxy_says_that_its_end_was_not_seen(self, town: Town) -> None:
        town.hits()
        outcome = town.call("fire", "demo.Demo$Asyn", XAttrs={"async": "proxy"})
        assert outcome.cause is Cause.SUCCEEDED
        assert "nobody saw its work end" in evidence(outcome)
        assert town.hits() == {}
        until(town.hits)  # it ends on Spring's own executor

    def test_its_transaction_stays_where_the_proxy_is_called(self, town: Town) -> None:
        (app,) = town.connected()
        said = app.details["demo.Demo$Asyn#both@asyn"]
        assert isinstance(said, dict)
        assert "without its @Transactional" in str(said["note"])

    def test_what_it_is_called_with(self, town: Town) -> None:
        job = make_job("parameters", Parameters="p ü")
        outcome = town.end(town.submit(job, instance_parameters="i"))
        assert outcome.result == "p ü|i"

    def test_what_it_prints_is_the_log(self, town: Town) -> None:
        run = town.begin("prints")
        town.end(run)
        assert town.log(run) == b"from the method\n"

    def test_reactive_results_are_refused(self, town: Town) -> None:
        outcome = town.call("reactive")
        assert outcome.cause is Cause.DEPENDENCY_MISSING
        assert "returns java.util.concurrent.Flow$Publisher, a reactive Publisher" in outcome.result
        hidden = town.call("hiddenReactive")
        assert (hidden.cause, "nobody subscribes" in hidden.result) == (Cause.FAILED, True)

    def test_a_lazy_bean_is_served_once_it_is_made(self, town: Town) -> None:
        assert town.call("late", "demo.Demo$Late").cause is Cause.DEPENDENCY_MISSING
        town.call("makesLate", "demo.Demo")
        until(lambda: "demo.Demo$Late#late" in town.connected()[0].names)
        assert town.call("late", "demo.Demo$Late").cause is Cause.SUCCEEDED

    def test_a_stop_interrupts(self, town: Town) -> None:
        run = town.begin("sleeps")
        until(lambda: town.hits().get("sleeps begins"))
        outcome = town.stop(run)
        assert outcome.cause is Cause.STOPPED
        assert outcome.stop is not None
        assert outcome.stop.strength is Strength.REPORTED
        assert "interrupt" in outcome.stop.by

    def test_a_future_that_was_given_up_proves_nothing(self, town: Town) -> None:
        run = town.begin("neverFuture")
        time.sleep(0.3)
        outcome = town.stop(run)
        assert outcome.stop is not None
        assert (outcome.cause, outcome.stop.strength, outcome.stop.by) == (Cause.STOPPED, Strength.ASKED, "cancel")

    def test_one_that_swallows_interrupts_is_only_asked(self, town: Town) -> None:
        run = town.begin("stubborn", XAttrs={"grace": 0.2})
        until(lambda: town.hits().get("stubborn begins"))
        outcome = town.stop(run)
        assert outcome.stop is not None
        assert (outcome.cause, outcome.stop.strength) == (Cause.STOPPED, Strength.ASKED)
        assert town.call("text").cause is Cause.SUCCEEDED  # the application is as it was

    @pytest.mark.parametrize(
        ("class_name", "method", "bean", "said"),
        [
            ("demo.Answer", "text", None, 'Content.className: "demo.Answer" has no @Scheduled method'),
            ("demo.Answers", "texxt", None, "is no @Scheduled method of demo.Answers; did you mean text?"),
            ("demo.Demo$Base", "go", None, "is on several beans; write one of one, two"),
            ("demo.Demo$Base", "go", "three", "is no bean with demo.Demo$Base#go; write one or two"),
            (
                "demo.Answers",
                "pause",
                None,
                "is no @Scheduled method of demo.Answers",
            ),  # it is there, and takes arguments
        ],
    )
    def test_what_is_not_there(self, town: Town, class_name: str, method: str, bean: str | None, said: str) -> None:
        outcome = town.call(method, class_name, content={} if bean is None else {"bean": bean})
        assert outcome.cause is Cause.DEPENDENCY_MISSING
        assert said in outcome.result
