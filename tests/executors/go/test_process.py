"""A process a run: every way in which code can end, told as what it was."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from pathlib import Path

import pytest
from tests.executors.go.runs import Go, evidence

from anyjob.executor.capabilities import Phase
from anyjob.job import Job
from anyjob.outcome import Cause, Retry, Strength
from anyjob.run import Shard
from anyjob.testing.processes import alive
from anyjob.testing.rig import Finished
from anyjob.worker.settings import SecretSource
from anyjob.worker.states import RunState
from anyjob.worker.worker import LiveRun, Worker

pytestmark = pytest.mark.needs("go")


def test_every_fact_of_a_run(go: Go) -> None:
    deadline = float(int(time.time()) + 600)
    got = go.run(
        Job.from_wire(
            {
                "Name": "名",
                "JobType": "golang",
                "GroupId": "shop",
                "Content": '{"jobName": "Facts"}',
                "Parameters": "a/b",
                "XAttrs": {"binary": str(go.programs.odd), "grace": 3},
            }
        ),
        instance_parameters="由谁",
        attempt=2,
        payload={"page": 7},
        upstream=[{"job": "a", "data": "1"}],
        deadline=deadline,
        shard=Shard(id=1, parameter="b", total=2),
        schedule_time=1_700_000_000_000,
        job_id=42,
        task=3,
        task_name="third",
    )
    run = got.order
    assert got.outcome.result.split("|") == [
        run.name, run.key, "Facts", "名", "go", "42", "shop", "standalone", str(run.instance), "3", "third", "2",
        "PROCESS", "a/b", "由谁", "1/2 b", '{"page": 7}', '[{"job": "a", "data": "1"}]', "2023-11-14T22:13:20Z",
        "true true", "3s", '{"jobName": "Facts"}', "",
    ], got.said  # fmt: skip


@pytest.mark.parametrize(
    ("name", "result", "says", "retry"),
    [
        ("Nothing", "Process returned no result", "go: Process returned nil and no error", None),
        ("Fails", "not all of it", "go: Process returned a result that says it failed", None),
        ("Errs", "no such order: file does not exist", "(*fmt.wrapError): no such order", Retry(again=False)),
        ("Again", "busy", "go: Process returned an error", Retry(again=True)),
        ("Wrapped", "outer: file does not exist", "go: Process returned an error", Retry(again=True, after=3)),
        ("BadOutputs", "", "go: the outputs cannot be written as JSON: json: unsupported value: NaN", None),
        ("Goexits", "Process ended its goroutine", "go: Process called runtime.Goexit", None),
        ("Panics", "panic: runtime error: index out of range [7] with length 0", "main.panics(", None),
        ("ExitsWell", "main begins", "go: the code called os.Exit, or main has returned", None),
        ("Large", "x" * 40, "go: the outcome has 17", Retry(again=False)),
    ],
)
def test_a_failure_is_told_as_what_it_was(go: Go, name: str, result: str, says: str, retry: Retry | None) -> None:
    got = go.run(name)
    assert got.outcome.cause is Cause.FAILED, got.said
    assert got.outcome.result.startswith(result)
    assert says in evidence(got)
    assert got.outcome.retry == retry


def test_a_panic_has_its_stack_in_the_log(go: Go) -> None:
    log = go.run("Panics").log.decode()
    assert "panic: runtime error: index out of range" in log
    assert "main.panics(" in log


def test_outputs_of_a_failed_result_are_kept(go: Go) -> None:
    assert go.run("Fails").outcome.outputs == {"done": 3}


def test_a_panic_of_another_goroutine_ends_the_process_and_is_named(go: Go) -> None:
    got = go.run(go.job("PanicsBeside", "x"))
    assert got.outcome.cause is Cause.EXIT_CODE, got.said
    assert got.outcome.code == 2
    assert got.outcome.result == "panic: beside x"
    assert "crash: panic: beside x" in evidence(got)
    assert "main.panicsBeside" in evidence(got)


def test_what_is_printed_is_the_log_of_a_process_of_ones_own(go: Go) -> None:
    assert go.run("Prints").log.decode() == "main begins\non stdout\non stderr\n"


def test_an_unregistered_name_is_no_attempt_and_the_nearest_is_told(go: Go) -> None:
    got = go.run("Helo")
    assert got.outcome.cause is Cause.DEPENDENCY_MISSING, got.said
    assert got.outcome.result.startswith(
        f'Content.jobName: "Helo" is not registered in {go.programs.odd}; did you mean Hello? it serves Again, BadKill'
    )
    assert got.log == b"", "no process of the run was started"


def test_without_asking_the_program_says_so_itself(go: Go) -> None:
    made = Go(go.rig.folder / "beside", go.programs, folders=[str(go.programs.folder)], ask=False)
    with made.rig:
        got = made.run("Helo")
    assert got.outcome.cause is Cause.BAD_CONFIG, got.said
    said = 'jobName "Helo" is not registered in this program; did you mean "Hello"? It serves Again, BadKill, '
    assert got.outcome.result.startswith(said)
    assert got.outcome.retry == Retry(again=False)


def test_a_name_that_is_registered_late_is_waited_for(go: Go) -> None:
    assert go.run("Late").outcome.result == "hello "


def test_a_secret(go: Go, tmp_path: Path) -> None:
    file = tmp_path / "secret"
    file.write_text("s3cret wörds\n")
    got = go.run(go.job("Secret", secrets={"TOKEN": "db"}), secrets={"db": SecretSource(file=file, groups=["*"])})
    assert (got.outcome.cause, got.outcome.result) == (Cause.SUCCEEDED, "13"), got.said


def test_progress_and_checkpoint(go: Go) -> None:
    assert go.run("Progress").outcome.ok
    got = go.run("Checkpoints")
    assert (got.outcome.cause, got.outcome.result) == (Cause.SUCCEEDED, "kept"), got.said


def test_maps_are_lines_and_not_lost_in_a_success(go: Go) -> None:
    got = go.run("Maps")
    assert got.outcome.result == "mapped"
    # A standalone job takes no tasks, and that must not be lost in a success.
    assert got.outcome.cause is Cause.FAILED
    assert "none of them was run" in evidence(got)


def test_phases(go: Go) -> None:
    assert go.run(go.job("Broadcast"), phase=Phase.PRE).outcome.ok
    assert go.run(go.job("Broadcast"), phase=Phase.POST).outcome.result == "0"
    got = go.run(go.job("Hello"), phase=Phase.POST)
    assert got.outcome.ok
    assert "anyjob.Func has no PostProcess: nothing was called" in evidence(got)
    assert go.run(go.job("Broadcast", "bad"), phase=Phase.PRE).outcome.result == "nothing to prepare"


# ---------------------------------------------------------------- stops


async def _ready(go: Go, worker: Worker, name: str, *, grace: float = 5, **facts: object) -> LiveRun:
    run = await go.rig.submit(worker, go.rig.order(go.job(name, grace=grace), **facts))
    await go.rig.until(lambda: b"ready" in go.rig.log(run), f"{name} is not ready")
    return run


def stopped(go: Go, name: str, *, grace: float = 5) -> Finished:
    async def life() -> Finished:
        async with go.rig.worker() as worker:
            run = await _ready(go, worker, name, grace=grace)
            run.stop()
            got = await go.rig.finish(run)
            assert not alive(run.name)
            return got

    return asyncio.run(life())


@pytest.mark.parametrize(
    ("name", "steps"),
    [
        ("Waits", ["the context was cancelled"]),
        ("Flag", ["the context was cancelled", "Kill was called and has returned"]),
        ("BadKill", ["the context was cancelled", "Kill panicked: implement me"]),
    ],
)
def test_a_stop_is_proven_and_says_which_step_ended_it(go: Go, name: str, steps: list[str]) -> None:
    got = stopped(go, name)
    assert got.outcome.cause is Cause.STOPPED, got.said
    assert got.outcome.stop is not None
    assert got.outcome.stop.strength is Strength.PROVEN
    said = [item.text for item in got.outcome.stop.evidence if item.source == "go"]
    assert [step for step in steps if any(step in text for text in said)] == steps, said


def test_the_context_is_cancelled_with_a_cause(go: Go) -> None:
    assert b"cause: the run was asked to stop" in stopped(go, "Waits").log


def test_code_that_ignores_its_context_is_killed(go: Go) -> None:
    got = stopped(go, "Ignores", grace=0.3)
    assert got.outcome.cause is Cause.STOPPED, got.said
    assert got.outcome.stop is not None
    assert got.outcome.stop.strength is Strength.PROVEN


def test_the_stop_signal_of_the_job_is_understood(go: Go) -> None:
    async def life() -> Finished:
        async with go.rig.worker() as worker:
            order = go.rig.order(go.job("Waits", stopSignal="USR1", grace=20))
            run = await go.rig.submit(worker, order)
            await go.rig.until(lambda: b"ready" in go.rig.log(run), "it is not ready")
            run.stop()
            return await go.rig.finish(run)

    got = asyncio.run(life())
    assert got.outcome.cause is Cause.STOPPED
    assert b"cause: the run was asked to stop" in got.log


@pytest.mark.parametrize("name", ["Deadline", "Ignores"])
def test_a_deadline(go: Go, name: str) -> None:
    async def life() -> Finished:
        async with go.rig.worker() as worker:
            first = await go.rig.submit(worker, go.rig.order(go.job(name, grace=0)))
            await go.rig.until(lambda: b"ready" in go.rig.log(first), "it is not ready")  # all that is slow once
            first.stop()
            await go.rig.finish(first)
            order = go.rig.order(go.job(name, grace=0.5), deadline=time.time() + 2)
            return await go.rig.finish(await go.rig.submit(worker, order))

    got = asyncio.run(life())
    assert got.outcome.cause is Cause.TIMED_OUT, got.said
    assert b"ready" in got.log


def _processes(run: LiveRun) -> list[int]:
    found: list[int] = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            if f"ANYJOB_RUN={run.name}".encode() in (folder / "environ").read_bytes():
                found.append(int(folder.name))
        except OSError:
            continue
    return found


@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 143), (signal.SIGKILL, 137)])
def test_a_signal_of_somebody_else_is_no_stop(go: Go, number: int, code: int) -> None:
    async def life() -> Finished:
        async with go.rig.worker() as worker:
            run = await _ready(go, worker, "Waits")
            (pid,) = _processes(run)
            os.kill(pid, number)
            return await go.rig.finish(run)

    got = asyncio.run(life())
    assert (got.outcome.cause, got.outcome.code) == (Cause.SIGNAL, code), got.said


def test_a_run_outlives_its_worker_and_its_result_is_not_lost(go: Go) -> None:
    order = go.rig.order(go.job("Slow", "1200"))

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
    assert got.log.decode() == "main begins\nready\nover\n"
