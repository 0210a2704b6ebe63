"""Whatever a program does, its runs end with a named error, and no other type is harmed."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from tests.core.apps.yard import Yard, host, order, told

from anyjob.outcome import Cause, Outcome, Strength
from anyjob.worker.settings import SecretSource


def both(yard: Yard, what: str = "", **fields: Any) -> Outcome:
    """The outcome of a run of `bad`; runs of `good` go on beside it, and one after it ends well."""

    async def life() -> Outcome:
        async with yard.worker() as worker:
            going = await worker.submit(order("good", "wait", instance=2))
            outcome = await (await worker.submit(order("bad", what, **fields))).outcome()
            assert (await (await worker.submit(order("good", "fine", instance=3))).outcome()).result == "fine"
            assert going.record.outcome is None
            going.stop()
            assert (await going.outcome()).cause is Cause.STOPPED
            return outcome

    return asyncio.run(asyncio.wait_for(life(), 60))


@pytest.mark.parametrize(
    ("part", "said"),
    [
        ("garbage", 'sent a line that is no message: "Traceback: \\x1b[31mnot JSON" is not JSON'),
        ("not-utf8", "is not UTF-8 at byte 10"),
        ("wrong-field", "sent a `log` that cannot be used: log holds base64 that cannot be read"),
        ("long-line", "sent a line of more than 16777216 bytes"),
        ("exits", "ended by itself with exit code 7. It said last: the disk is on fire"),
        ("hangs", "has not answered `start` within 2 s"),
        ("deaf", "does not read its input"),
        ("other-version", "speaks protocol 7, and this anyjob speaks 1"),
        ("silent", "has not answered `hello` within 2 s"),
        ("no-hello", 'type: "ok" is not the first message; begin with hello'),
        ("exits-at-once", "ended by itself with exit code 1. It said last: no licence"),
    ],
)
def test_each_fault_is_named_and_harms_its_own_type_alone(tmp_path: Path, part: str, said: str) -> None:
    outcome = both(Yard(tmp_path, part))
    assert outcome.cause is Cause.START_FAILED
    assert said in told(outcome)
    assert "The executable of JobType 'bad'" in told(outcome)


def test_a_command_that_is_not_there_is_a_missing_dependency(tmp_path: Path) -> None:
    yard = Yard(tmp_path, "")
    text = yard.files[1].read_text()
    yard.files[1].write_text(text.replace(text.splitlines()[1], 'command = ["./not-there"]'))
    outcome = both(yard)
    assert outcome.cause is Cause.DEPENDENCY_MISSING
    assert "./not-there" in outcome.result


def test_a_program_that_dies_whenever_it_is_asked_is_given_up_with_evidence(tmp_path: Path) -> None:
    yard = Yard(tmp_path, "dies-in-watch")

    async def life() -> Outcome:
        async with yard.worker() as worker:
            run = await worker.submit(order("bad", "wait"))
            while not yard.lines("requests"):
                await asyncio.sleep(0.01)
            pid = int(yard.lines("requests")[0].split()[0])
            while run.record.handle is None:
                await asyncio.sleep(0.01)
            os.kill(pid, 9)
            return await run.outcome()

    outcome = asyncio.run(asyncio.wait_for(life(), 60))
    assert outcome.cause is Cause.UNKNOWN
    assert "after 3 faults in a row" in told(outcome)
    assert "ended by itself with exit code 9" in told(outcome)


@pytest.mark.parametrize(
    ("said", "field"),
    [
        ('{"outcome": {"cause": "fine"}}', 'outcome.cause: "fine"'),
        ('{"outcome": {}}', "outcome.cause is missing"),
        ("{}", "outcome is missing"),
    ],
)
def test_a_result_that_cannot_be_read_ends_that_run_alone(tmp_path: Path, said: str, field: str) -> None:
    yard = Yard(tmp_path, "")

    async def life() -> Outcome:
        async with yard.worker() as worker:
            other = await worker.submit(order("bad", "wait", instance=2))
            run = await worker.submit(order("bad", said))
            outcome = await run.outcome()
            (yard.folder / f"{other.name}.over").touch()
            assert (await other.outcome()).ok
            return outcome

    outcome = asyncio.run(asyncio.wait_for(life(), 60))
    assert outcome.cause is Cause.UNKNOWN
    assert field in told(outcome)
    assert len({line.split()[0] for line in yard.lines("requests")}) == 1, "the process was not let go for it"


def test_a_stop_that_is_called_proven_is_kept_as_reported(tmp_path: Path) -> None:
    yard = Yard(tmp_path, "")
    stop: dict[str, Any] = {"strength": "PROVEN", "by": "me", "evidence": [], "survivors": []}
    said: Mapping[str, Any] = {"outcome": {"cause": "failed", "stop": stop}}

    async def life() -> Outcome:
        async with yard.worker() as worker:
            import json

            return await (await worker.submit(order("bad", json.dumps(said)))).outcome()

    outcome = asyncio.run(asyncio.wait_for(life(), 60))
    assert outcome.stop is not None
    assert outcome.stop.strength is Strength.REPORTED
    assert "cannot be checked" in outcome.stop.evidence[0].text


def test_a_program_with_the_least_of_verbs_runs_jobs(tmp_path: Path) -> None:
    assert both(Yard(tmp_path, "bare"), "x").result == "x"


def test_its_environment_is_the_allow_list(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ANYTHING_OF_THE_WORKER", "leak")
    outcome = both(Yard(tmp_path, ""), "environment")
    assert outcome.outputs["ANYJOB_PROTOCOL"] == "1"
    assert outcome.outputs["ANYJOB_JOB_TYPE"] == "bad"
    assert "ANYTHING_OF_THE_WORKER" not in outcome.outputs


def test_its_standard_error_is_bounded_and_harmless(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO")
    both(Yard(tmp_path, "noisy"))
    lines = [line.getMessage() for line in caplog.records if line.getMessage().startswith("bad: ")]
    assert "\\x1b[2Jbell\\x07 yyy" in lines[0]
    assert all(line.isprintable() and len(line) < 600 for line in lines)
    assert len(lines) <= 101


def test_a_secret_reaches_the_job_that_names_it_and_no_log(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO")
    yard = Yard(tmp_path, "says-secret")
    (tmp_path / "token").write_text("7f3a9c-hidden")
    source = {"s": SecretSource(file=tmp_path / "token", groups=["*"])}

    async def life() -> Outcome:
        async with yard.worker(source) as worker:
            job = order("bad", "facts", xattrs={"secrets": {"TOKEN": "s"}})
            return await (await worker.submit(job)).outcome()

    outcome = asyncio.run(asyncio.wait_for(life(), 60))
    assert outcome.outputs["secrets"] == {"TOKEN": "[secret]"}, "it had it, and the outcome hides it"
    assert "bad: the token is [secret]" in caplog.messages
    assert "7f3a9c-hidden" not in caplog.text


def test_nothing_counts_after_the_end(tmp_path: Path) -> None:
    yard = Yard(tmp_path, "")
    assert both(yard, "late").ok
    assert not (yard.state / "runs" / order("bad").name / "log").exists()


@pytest.mark.parametrize(
    ("part", "state", "why"),
    [("", "healthy", ""), ("bare", "healthy", ""), ("exits-at-once", "unhealthy", "no licence")],
)
def test_health_is_asked_where_no_worker_is(tmp_path: Path, part: str, state: str, why: str) -> None:
    said = asyncio.run(host(*Yard(tmp_path, part).files).executor("bad").health())
    assert said.state == state
    assert why in said.why


def test_health_without_the_command_is_undetected(tmp_path: Path) -> None:
    (tmp_path / "executor.toml").write_text('job_type = "bad"\ncommand = ["no-such-command-anywhere"]')
    said = asyncio.run(host(tmp_path).executor("bad").health())
    assert said.state == "undetected"
    assert "no-such-command-anywhere" in said.why
