"""One process for many runs, through the real worker."""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import time
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import pytest
from tests.executors.go.runs import Go, evidence

from anyjob.job import Job
from anyjob.outcome import Cause, Evidence, Outcome, Strength
from anyjob.testing.rig import Finished
from anyjob.worker.states import RunState
from anyjob.worker.worker import LiveRun, Worker
from anyjob_go.ends import with_crash

pytestmark = pytest.mark.needs("go")


def shared(go: Go, name: str, parameters: str = "", **xattrs: Any) -> Job:
    return go.job(name, parameters, isolation="shared", **xattrs)


def live(go: Go, case: Callable[[Worker], Coroutine[None, None, None]]) -> None:
    async def life() -> None:
        async with go.rig.worker() as worker:
            await case(worker)

    asyncio.run(life())


async def begun(go: Go, worker: Worker, name: str, parameters: str = "", **xattrs: Any) -> LiveRun:
    run = await go.rig.submit(worker, go.rig.order(shared(go, name, parameters, **xattrs)))
    await go.rig.until(lambda: b"ready" in go.rig.log(run), f"{name} is not ready")
    return run


def residents(program: Path) -> list[int]:
    """Numbers of its processes that run under a worker's state."""
    found: list[int] = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            alive = (folder / "stat").read_text().rpartition(")")[2].split()[0] != "Z"
            if alive and Path(os.readlink(folder / "exe")) == program:
                found.append(int(folder.name))
        except OSError:
            continue
    return found


def test_runs_share_one_process(go: Go) -> None:
    async def case(worker: Worker) -> None:
        for wanted in ("1", "2", "3"):
            got = await go.rig.finish(await go.rig.submit(worker, go.rig.order(shared(go, "Counts"))))
            assert (got.outcome.cause, got.outcome.result) == (Cause.SUCCEEDED, wanted), got.said
        assert len(residents(go.programs.odd)) == 1

    live(go, case)


def test_another_build_is_another_process(go: Go) -> None:
    program = Path(shutil.copy2(go.programs.odd, go.programs.folder / "rebuilt"))

    async def counted(worker: Worker) -> str:
        order = go.rig.order(go.job("Counts", program=program, isolation="shared"))
        return (await go.rig.finish(await go.rig.submit(worker, order))).outcome.result

    async def case(worker: Worker) -> None:
        assert [await counted(worker), await counted(worker)] == ["1", "2"]
        new = program.with_suffix(".new")
        shutil.copy2(go.programs.odd, new)
        os.utime(new, (1, 1))
        new.replace(program)
        assert await counted(worker) == "1"

    live(go, case)


@pytest.mark.parametrize(
    ("name", "cause", "says"),
    [
        ("Panics", Cause.FAILED, "main.panics"),
        ("Errs", Cause.FAILED, "Process returned an error"),
        ("Nothing", Cause.FAILED, "Process returned nil"),
        ("Helo", Cause.DEPENDENCY_MISSING, "did you mean Hello?"),
    ],
)
def test_a_fault_of_one_run_harms_no_other(go: Go, name: str, cause: Cause, says: str) -> None:
    async def case(worker: Worker) -> None:
        beside = await begun(go, worker, "Slow", "600")
        got = await go.rig.finish(await go.rig.submit(worker, go.rig.order(shared(go, name))))
        assert got.outcome.cause is cause, got.said
        assert says in evidence(got)
        assert (await go.rig.finish(beside)).outcome.ok

    live(go, case)


def test_what_is_printed_is_not_the_runs_log(go: Go) -> None:
    got = go.run(shared(go, "Prints"))
    assert got.outcome.ok
    assert got.log == b"", "nobody can know whose it is"


def test_a_stop_is_reported_with_the_step_that_ended_it(go: Go) -> None:
    async def case(worker: Worker) -> None:
        run = await begun(go, worker, "Flag")
        run.stop()
        got = await go.rig.finish(run)
        assert got.outcome.cause is Cause.STOPPED, got.said
        assert got.outcome.stop is not None
        assert got.outcome.stop.strength is Strength.REPORTED
        assert got.outcome.stop.by == "Process returned after Kill was called and its context cancelled"

    live(go, case)


def test_a_run_that_ignores_its_context_takes_the_process_with_it(go: Go) -> None:
    async def case(worker: Worker) -> None:
        run = await begun(go, worker, "Ignores", grace=0.3)
        run.stop()
        got = await go.rig.finish(run)
        assert got.outcome.cause is Cause.STOPPED, got.said
        await go.rig.until(lambda: not residents(go.programs.odd), "its process is alive")
        assert (await go.rig.finish(await go.rig.submit(worker, go.rig.order(shared(go, "Hello"))))).outcome.ok

    live(go, case)


def test_a_deadline_is_on_the_context(go: Go) -> None:
    async def case(worker: Worker) -> None:
        await go.rig.finish(await go.rig.submit(worker, go.rig.order(shared(go, "Hello"))))  # all that is slow once
        order = go.rig.order(shared(go, "Deadline"), deadline=time.time() + 2)
        got = await go.rig.finish(await go.rig.submit(worker, order))
        assert got.outcome.cause is Cause.TIMED_OUT, got.said
        assert got.outcome.stop is not None
        assert got.outcome.stop.strength is Strength.REPORTED

    live(go, case)


def test_a_panic_beside_is_told_in_its_own_words(go: Go) -> None:
    async def case(worker: Worker) -> None:
        beside = await begun(go, worker, "Waits")
        guilty = await go.rig.submit(worker, go.rig.order(shared(go, "PanicsBeside", "x")))
        for run in (guilty, beside):
            got = await go.rig.finish(run)
            assert got.outcome.result == "panic: beside x", got.said
            assert "crash: panic: beside x\n" in evidence(got)
            assert "main.panicsBeside" in evidence(got)

    live(go, case)


@pytest.mark.parametrize("text", ["/etc/passwd", "/nowhere/crash", "a\0b/crash", "what it was"])
def test_what_an_application_calls_a_crash_opens_no_other_file(text: str) -> None:
    told = Outcome(cause=Cause.FAILED, evidence=[Evidence(source="crash", text=text)])
    assert with_crash(told) == told


@pytest.mark.parametrize("how", ["killed", "os.Exit(0)", "a panic beside"])
def test_the_end_of_the_process_is_no_success(go: Go, how: str) -> None:
    async def case(worker: Worker) -> None:
        run = await begun(go, worker, "Waits")
        if how == "killed":
            (pid,) = residents(go.programs.odd)
            os.kill(pid, signal.SIGKILL)
        else:
            name = "ExitsWell" if how == "os.Exit(0)" else "PanicsBeside"
            other = await go.rig.submit(worker, go.rig.order(shared(go, name, "x")))
            assert not (await go.rig.finish(other)).outcome.ok
        got = await go.rig.finish(run)
        assert not got.outcome.ok
        wanted = {"killed": "was ended by signal 9", "os.Exit(0)": "ended with exit code 0", "a panic beside": "code 2"}
        assert wanted[how] in evidence(got), got.said
        assert (await go.rig.finish(await go.rig.submit(worker, go.rig.order(shared(go, "Hello"))))).outcome.ok

    live(go, case)


def test_a_program_without_the_sdk_never_says_hello(go: Go) -> None:
    path = go.programs.folder / "silent"
    path.write_text("#!/bin/sh\necho what is this\n")
    path.chmod(0o755)
    got = go.run(go.job("Hello", program=path, isolation="shared"))
    assert got.outcome.cause is Cause.START_FAILED, got.said
    assert "ended before it had dialled in" in evidence(got)


def test_a_run_goes_on_without_its_worker_and_is_begun_once(go: Go) -> None:
    order = go.rig.order(shared(go, "Slow", "1000"))

    async def first() -> None:
        async with go.rig.worker() as worker:
            run = await go.rig.submit(worker, order)
            await go.rig.until(lambda: b"ready" in go.rig.log(run), "it is not ready")
            await go.rig.until(lambda: run.record.state is RunState.RUNNING, "it is not running")

    async def second() -> Finished:
        async with go.rig.worker() as worker:
            return await go.rig.resumed(worker, order)

    asyncio.run(first())
    got = asyncio.run(second())
    assert (got.outcome.cause, got.outcome.result) == (Cause.SUCCEEDED, "slow"), got.said
    assert got.log == b"ready\nover\n"


def test_many_at_one_time_in_one_process(go: Go) -> None:
    async def case(worker: Worker) -> None:
        runs = [await go.rig.submit(worker, go.rig.order(shared(go, "Slow", "500"))) for _ in range(200)]
        ended = await asyncio.gather(*(go.rig.finish(run) for run in runs))
        assert [got.outcome.cause for got in ended] == [Cause.SUCCEEDED] * 200
        assert len(residents(go.programs.odd)) == 1

    live(go, case)
