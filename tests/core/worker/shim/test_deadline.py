"""The deadline is the shim's own: it needs no worker."""

from __future__ import annotations

import asyncio
import os
import signal
import time

from tests.core.worker.shim.yard import Yard, alive, until

from anyjob.worker.local.shimclient import Ended, Started
from anyjob.worker.shim.kernel import boottime


def test_kept_while_no_worker_is_there(any_yard: Yard) -> None:
    async def main() -> None:
        async with any_yard.client() as client:
            order = any_yard.sh("a", "trap '' TERM; echo ready; sleep 60", deadline=boottime() + 0.3, grace=0.2)
            started = await client.start(order)
            assert isinstance(started, Started)
        await until(lambda: not alive(started.pid), "the end by the deadline")
        async with any_yard.client() as client:
            ended = await client.ended("a")
        assert ended.cause == "timed_out"
        assert ended.stop_asked is None
        assert os.waitstatus_to_exitcode(ended.status or 0) == -signal.SIGKILL
        assert ended.proof.strength == "PROVEN"
        assert any(source == "deadline" for source, _ in ended.evidence)

    asyncio.run(main())


def test_a_run_that_heeds_the_signal_keeps_its_code(any_yard: Yard) -> None:
    async def main() -> None:
        async with any_yard.client() as client:
            script = "trap 'echo tidy; exit 3' INT; echo ready; while :; do sleep 0.01; done"
            await client.start(any_yard.sh("a", script, deadline=boottime() + 0.3, grace=30.0, stop_signal=2))
            ended = await client.ended("a")
        assert (ended.cause, os.waitstatus_to_exitcode(ended.status or 0)) == ("timed_out", 3)
        assert any_yard.log("a") == "ready\ntidy\n"

    asyncio.run(main())


def test_a_run_in_time_is_not_touched(any_yard: Yard) -> None:
    async def main() -> None:
        async with any_yard.client() as client:
            await client.start(any_yard.order("a", "true", deadline=boottime() + 60))
            ended = await client.ended("a")
        assert (ended.cause, ended.status) == (None, 0)

    asyncio.run(main())


def test_a_deadline_in_the_past_starts_nothing(any_yard: Yard) -> None:
    async def main() -> None:
        async with any_yard.client() as client:
            got = await client.start(any_yard.sh("a", "echo begun", deadline=boottime() - 1))
        assert isinstance(got, Ended)
        assert (got.cause, got.pid) == ("timed_out", None)
        assert not (any_yard.folder / "a.log").exists()

    asyncio.run(main())


def test_deadlines_of_many_runs_are_kept_one_by_one(yard: Yard) -> None:
    async def main() -> None:
        async with yard.client() as client:
            wall = time.time()  # before the other, so that a pause between them makes nothing seem early
            now = boottime()
            for number in range(40):
                # The later ones first, so that the timer must be set to earlier times.
                deadline = now + 0.2 + (40 - number) * 0.01
                await client.start(yard.order(f"run{number}", "sleep", "60", deadline=deadline))
            ends = [await client.ended(f"run{number}") for number in range(40)]
        assert {end.cause for end in ends} == {"timed_out"}
        early = [end.run for number, end in enumerate(ends) if end.ended - wall < 0.19 + (40 - number) * 0.01]
        assert early == []

    asyncio.run(main())


def test_an_armed_command_runs_without_a_worker(any_yard: Yard) -> None:
    async def main() -> None:
        path = {"PATH": os.environ["PATH"]}
        log = str(any_yard.folder / "armed.log")
        async with any_yard.client() as client:
            await client.arm("k", at=boottime() + 0.2, argv=["sh", "-c", "echo fired; exit 5"], env=path, log=log)
            await client.arm("never", at=boottime() + 0.2, argv=["sh", "-c", "echo never"], env=path, log=log)
            await client.disarm("never")
        await until(lambda: os.path.exists(log) and "fired" in any_yard.log("armed"), "the armed command")
        async with any_yard.client() as client:
            ended = await client.ended("arm:k")
            assert os.waitstatus_to_exitcode(ended.status or 0) == 5
            assert set(client.known) == {"arm:k"}
        assert any_yard.log("armed") == "fired\n"

    asyncio.run(main())
