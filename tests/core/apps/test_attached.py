"""Runs in an application of the user's own, which has dialled in."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from tests.core.apps.town import callee, log_of, order, outcome_of, told, town, until

from anyjob.outcome import Cause, Strength


@pytest.mark.parametrize("listen", ["unix", "tcp"])
def test_a_run_from_its_start_to_its_end(tmp_path: Path, listen: str) -> None:
    address = f"unix:{tmp_path}/apps.sock" if listen == "unix" else "tcp:127.0.0.1:0"
    code = """
run.log("begun\\n")
run.progress(1, 2)
run.checkpoint({"row": 1})
run.result(cause="succeeded", result=run.facts["parameters"], outputs={"rows": 3, "called": run.called})
"""

    async def life() -> None:
        async with town(tmp_path, listen=[address]) as worker:
            with callee(worker.apps.addresses[0]):
                run = await worker.submit(order(code, Parameters="hello"))
                outcome = await outcome_of(run)
                assert (outcome.cause, outcome.result) == (Cause.SUCCEEDED, "hello"), told(outcome)
                assert outcome.outputs == {"rows": 3, "called": "main"}
                assert run.progress == (1, 2)
                assert run.record.saved == {"row": 1}
                assert log_of(tmp_path, run) == b"begun\n"
                await until(lambda: not worker.apps.book.given)

    asyncio.run(life())


def test_a_stop_is_asked_then_forced_and_the_application_says_which_step_ended_it(tmp_path: Path) -> None:
    async def life() -> None:
        async with town(tmp_path) as worker:
            with callee(worker.apps.addresses[0]):
                gentle = await worker.submit(order("run.log('x'); run.stopping.wait(60)"))
                await until(lambda: log_of(tmp_path, gentle))
                gentle.stop()
                outcome = await outcome_of(gentle)
                assert outcome.cause is Cause.STOPPED
                assert outcome.stop is not None
                assert (outcome.stop.strength, outcome.stop.by) == (Strength.REPORTED, "flag")
                deaf = "run.log('x')\nwhile True: time.sleep(0.01)"
                stubborn = await worker.submit(order(deaf, instance=2, xattrs={"grace": 0.2}))
                await until(lambda: log_of(tmp_path, stubborn))
                stubborn.stop()
                outcome = await outcome_of(stubborn)
                assert outcome.stop is not None
                assert (outcome.stop.strength, outcome.stop.by) == (Strength.REPORTED, "interrupt")

    asyncio.run(life())


def test_a_run_that_somebody_else_ended_may_be_tried_again(tmp_path: Path) -> None:
    async def life() -> None:
        async with town(tmp_path) as worker:
            with callee(worker.apps.addresses[0]):
                outcome = await outcome_of(await worker.submit(order("run.result(cause='stopped')")))
                assert outcome.cause is Cause.EVICTED
                assert "no stop was asked for" in told(outcome)

    asyncio.run(life())


def test_an_exception_of_the_code_is_its_end(tmp_path: Path) -> None:
    async def life() -> None:
        async with town(tmp_path) as worker:
            with callee(worker.apps.addresses[0]):
                outcome = await outcome_of(await worker.submit(order("1/0")))
                assert (outcome.cause, outcome.result) == (Cause.FAILED, "ZeroDivisionError: division by zero")

    asyncio.run(life())
