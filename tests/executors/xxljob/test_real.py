"""Real executors of four versions, called by a real worker."""

from __future__ import annotations

import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.executors.xxljob.conftest import VERSIONS
from tests.executors.xxljob.town import Jvm, Town, evidence

from anyjob.outcome import Cause, Strength
from anyjob.run import Shard

pytestmark = pytest.mark.needs("maven", "jdk17")


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    with Town(tmp_path_factory.mktemp("town"), lost=6) as town:
        yield town


@pytest.fixture(scope="module", params=VERSIONS)
def app(
    request: pytest.FixtureRequest,
    town: Town,
    versions: dict[str, list[Path]],
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[str]:
    """The appname under which an executor of the version has registered."""
    version: str = request.param
    with Jvm(versions[version], tmp_path_factory.mktemp("jvm"), town.admin, app=version) as jvm:
        town.registered(jvm.address)
        yield version


def test_a_handler_runs(town: Town, app: str) -> None:
    run = town.begin("hello", where=app, Parameters="wörld <b>")
    outcome = town.end(run)
    assert (outcome.cause, outcome.code, outcome.result) == (Cause.SUCCEEDED, 200, "hello wörld <b>")
    log = town.log(run).decode()
    assert "hello wörld <b> <b>中文" in log
    assert "<br>" not in log
    assert log.count("job execute end(finish)") == 1


def test_a_handler_fails(town: Town, app: str) -> None:
    outcome = town.call("fail", where=app)
    assert (outcome.cause, outcome.code, outcome.result) == (Cause.FAILED, 500, "said no")
    outcome = town.call("throws", where=app)
    assert outcome.cause is Cause.FAILED
    assert "no such <order>" in evidence(outcome)


def test_a_handler_that_is_nowhere(town: Town, app: str) -> None:
    outcome = town.call("nowhere", where=app)
    assert outcome.cause is Cause.DEPENDENCY_MISSING
    assert "job handler [nowhere] not found." in evidence(outcome)


def test_a_stop_is_reported_once_the_handler_has_returned(town: Town, app: str) -> None:
    run = town.begin("sleep", where=app, Parameters="60")
    town.says(run, "begun")
    outcome = town.stop(run)
    assert outcome.cause is Cause.STOPPED
    assert outcome.stop is not None
    assert outcome.stop.strength is Strength.REPORTED
    assert "scheduling center kill job" in evidence(outcome)
    assert outcome.stop.evidence == outcome.evidence


def test_a_handler_that_ignores_the_interrupt_was_only_asked(town: Town, app: str) -> None:
    run = town.begin("deaf", where=app, Parameters="4", XAttrs={"grace": 0.3})
    town.says(run, "begun")
    outcome = town.stop(run)
    assert outcome.cause is Cause.STOPPED
    assert outcome.stop is not None
    assert outcome.stop.strength is Strength.ASKED
    assert outcome.stop.survivors


def test_a_deadline_is_kept_here(town: Town, app: str) -> None:
    outcome = town.call("sleep", where=app, Parameters="60", facts={"deadline": time.time() + 0.5})
    assert outcome.cause is Cause.TIMED_OUT
    assert outcome.stop is not None
    assert outcome.stop.strength is Strength.REPORTED


def test_a_kill_hits_one_run(town: Town, app: str) -> None:
    """Two runs of one job at one time, in one executor: each has a jobId of its own."""
    job = {"where": app, "Parameters": "2"}
    stopped, other = town.begin("sleep", **job), town.begin("sleep", **job)
    town.says(stopped, "begun")
    town.says(other, "begun")
    assert town.stop(stopped).cause is Cause.STOPPED
    outcome = town.end(other)
    assert (outcome.cause, outcome.result) == (Cause.SUCCEEDED, "slept")


def test_a_number_is_taken_again_once_it_is_free(town: Town, app: str) -> None:
    """So the executor has as many threads as runs at one time, not as runs."""
    first = [town.begin("jobid", where=app, Parameters="500", Name=f"ids of {app}") for _ in range(2)]
    taken = {town.end(run).result for run in first}
    assert len(taken) == 2
    for _ in range(3):
        assert town.call("jobid", where=app, Name=f"ids of {app}").result in taken
    assert town.call("jobid", where=app, Name=f"another of {app}").result not in taken


def test_a_shard_knows_itself(town: Town, app: str) -> None:
    outcome = town.call("shard", where=app, facts={"shard": Shard(id=2, parameter="a b", total=5), "task": 2})
    assert outcome.result == "2 a b 5"


def test_a_log_is_fetched_as_it_grows(town: Town, app: str) -> None:
    """Also lines that were half written when they were looked at, and across two workers."""
    run = town.begin("count", where=app, Parameters="100")
    town.says(run, "number 20\n")
    town.silence()
    town.again()
    outcome = town.end(town.resumed(run))
    assert outcome.cause is Cause.SUCCEEDED
    lines = [line for line in town.log(run).decode().split("\n") if line.startswith("number")]
    assert lines == [f"number {number}" for number in range(1, 101)]


def test_an_executor_that_goes_says_so(
    town: Town, versions: dict[str, list[Path]], tmp_path_factory: pytest.TempPathFactory
) -> None:
    with Jvm(versions["2.5.0"], tmp_path_factory.mktemp("jvm"), town.admin, app="goes") as jvm:
        town.registered(jvm.address)
        run = town.begin("sleep", where="goes", Parameters="60")
        town.says(run, "begun")
        jvm.process.send_signal(signal.SIGTERM)
        outcome = town.end(run)
    assert outcome.cause is Cause.NODE_LOST
    assert "web container destroy" in evidence(outcome)
    assert outcome.stop is not None
    assert outcome.stop.strength is Strength.REPORTED
    assert jvm.address not in [seen.address for seen in town.executor.admin.registry.seen()]


def test_an_executor_that_is_killed_is_noticed(
    town: Town, versions: dict[str, list[Path]], tmp_path_factory: pytest.TempPathFactory
) -> None:
    with Jvm(versions["3.3.2"], tmp_path_factory.mktemp("jvm"), town.admin, app="killed") as jvm:
        town.registered(jvm.address)
        run = town.begin("sleep", where="killed", Parameters="60")
        town.says(run, "begun")
        jvm.process.kill()
        outcome = town.end(run)
    assert outcome.cause is Cause.NODE_LOST
    assert "no sign of it" in evidence(outcome)
    assert outcome.stop is not None
    assert outcome.stop.strength is Strength.ASKED


def test_sixty_megabytes_of_log(
    town: Town, versions: dict[str, list[Path]], tmp_path_factory: pytest.TempPathFactory
) -> None:
    """What an executor answers at one time is not held in memory at one time."""
    with Jvm(versions["2.5.0"], tmp_path_factory.mktemp("jvm"), town.admin, app="floods", heap="1g") as jvm:
        town.registered(jvm.address)
        run = town.begin("flood", where="floods", Parameters="1000000")
        assert town.end(run).cause is Cause.SUCCEEDED
    log = town.log(run)
    assert len(log) > 60_000_000, log[-1000:]
    assert log.count(b"\n" + b"0" * 55 + b"1234\n") == 100
