"""Many runs in one JVM: what they share, and what one of them does to the others."""

from __future__ import annotations

import asyncio
import os
import re
import shutil
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tests.executors.java.byhand import Peer, host_command
from tests.executors.java.runs import Java, said

from anyjob.job import Job
from anyjob.outcome import Cause, Strength
from anyjob.testing.rig import Finished
from anyjob.worker.worker import LiveRun, Worker


@pytest.fixture
def shared(own: Java) -> Java:
    """Runs classes of anyjob.job in one JVM, on each Java."""
    own.isolation = "shared"
    return own


async def ready(java: Java, worker: Worker, job: Job, word: bytes = b"ready", **facts: Any) -> LiveRun:
    """A run whose log says so."""
    run = await java.rig.submit(worker, java.rig.order(job, **facts))
    await java.rig.until(lambda: word in java.rig.log(run), f"The class does not say {word!r}")
    return run


def beside(java: Java, job: Job, **facts: Any) -> tuple[Finished, Finished]:
    """The end of the job, and of a neighbour that was going on in the same JVM."""

    async def life() -> tuple[Finished, Finished]:
        async with java.rig.worker() as worker:
            neighbour = await ready(java, worker, java.job("Faults$Waits", "3000"))
            run = await java.rig.submit(worker, java.rig.order(job, **facts))
            return await java.rig.finish(run), await java.rig.finish(neighbour)

    return asyncio.run(life())


def pids(java: Java, jobs: list[Job]) -> list[str]:
    """The process of each of these runs, one after the other."""

    async def life() -> list[str]:
        async with java.rig.worker() as worker:
            runs = [await java.rig.finish(await java.rig.submit(worker, java.rig.order(job))) for job in jobs]
            return [run.outcome.result for run in runs]

    return asyncio.run(life())


def test_runs_share_a_jvm_and_keep_their_own_words(shared: Java) -> None:
    first, second, third = pids(shared, [shared.job("Process") for _ in range(3)])
    assert first == second == third != ""


def test_a_jvm_is_replaced_after_so_many_runs(shared: Java) -> None:
    shared.settings["runs"] = 2
    first, second, third = pids(shared, [shared.job("Process") for _ in range(3)])
    assert first == second != third


def test_a_new_jar_gets_a_new_jvm(shared: Java, demo: Path, tmp_path: Path) -> None:
    jar = tmp_path / "demo.jar"
    shutil.copy(demo, jar)
    job = shared.job("Process", classpath=[str(jar)])

    async def life() -> tuple[str, str]:
        async with shared.rig.worker() as worker:
            before = await shared.rig.finish(await shared.rig.submit(worker, shared.rig.order(job)))
            os.utime(jar, (1, 1))
            after = await shared.rig.finish(await shared.rig.submit(worker, shared.rig.order(job)))
            return before.outcome.result, after.outcome.result

    before, after = asyncio.run(life())
    assert before != after


def test_groups_and_arguments_have_jvms_of_their_own(shared: Java) -> None:
    jobs = [
        shared.job("Process"),
        shared.job("Process", fields={"GroupId": "other"}),
        shared.job("Process", jvmArgs=["-Xmx77m"]),
    ]
    assert len(set(pids(shared, jobs))) == 3


def test_an_exit_ends_the_neighbours_with_a_named_cause(shared: Java) -> None:
    got, neighbour = beside(shared, shared.job("Faults$Exits", "0"))
    assert got.outcome.cause is Cause.FAILED
    assert any("System.exit" in line and "demo.Faults$Exits.process" in line for line in said(got)), said(got)
    assert neighbour.outcome.cause is Cause.EVICTED
    assert any(got.order.name in line for line in said(neighbour)), said(neighbour)


def test_a_full_heap_is_named(shared: Java) -> None:
    got = shared.run(shared.job("Faults$Memory", jvmArgs=["-Xmx64m"]))
    assert (got.outcome.cause, got.outcome.result) == (
        Cause.OUT_OF_MEMORY,
        "java.lang.OutOfMemoryError: Java heap space",
    )


def test_a_jvm_whose_heap_was_full_is_replaced(shared: Java) -> None:
    """What filled it may be held for ever."""
    full = shared.job("Faults$Memory", jvmArgs=["-Xmx64m"])
    after = shared.job("Process", jvmArgs=["-Xmx64m"])
    before, _, later = pids(shared, [after, full, after])
    assert before != later


def test_threads_that_are_left_are_named(shared: Java) -> None:
    got, neighbour = beside(shared, shared.job("Faults$Threads"))
    assert got.outcome.ok
    assert any("worker-0" in line and "worker-1" in line for line in said(got)), said(got)
    assert neighbour.outcome.ok


def test_an_endless_loop_is_stopped_with_its_jvm(shared: Java) -> None:
    async def life() -> tuple[Finished, Finished]:
        async with shared.rig.worker() as worker:
            neighbour = await ready(shared, worker, shared.job("Faults$Waits", "60000"))
            run = await ready(shared, worker, shared.job("Stops", "spin", grace=0.5))
            run.stop()
            return await shared.rig.finish(run), await shared.rig.finish(neighbour)

    got, neighbour = asyncio.run(life())
    assert got.outcome.cause is Cause.STOPPED
    assert any("was killed, because it did not end otherwise" in line for line in said(got)), said(got)
    assert neighbour.outcome.cause is Cause.EVICTED
    assert any(got.order.name in line for line in said(neighbour)), said(neighbour)


@pytest.mark.parametrize(
    ("parameters", "step"), [("kill", r"the code's return \d+ ms after kill"), ("interrupt", "interrupt")]
)
def test_a_stop_that_is_heard_hurts_no_neighbour(shared: Java, parameters: str, step: str) -> None:
    async def life() -> tuple[Finished, Finished]:
        async with shared.rig.worker() as worker:
            neighbour = await ready(shared, worker, shared.job("Faults$Waits", "3000"))
            run = await ready(shared, worker, shared.job("Stops", parameters, grace=2))
            run.stop()
            return await shared.rig.finish(run), await shared.rig.finish(neighbour)

    got, neighbour = asyncio.run(life())
    report = got.outcome.stop
    assert got.outcome.cause is Cause.STOPPED
    assert report is not None
    assert report.strength is Strength.REPORTED
    assert re.fullmatch(step, report.by)
    assert any(f"ms after {parameters}" in item.text for item in report.evidence)
    assert neighbour.outcome.ok, said(neighbour)


def test_a_deadlock_ends_at_the_deadline(shared: Java) -> None:
    got = shared.run(shared.job("Faults$Deadlock", grace=0.5), deadline=time.time() + 2)
    assert got.outcome.cause is Cause.TIMED_OUT


@pytest.mark.parametrize("way", ["killed", "crashed"])
def test_a_jvm_that_dies_is_named_to_all(shared: Java, way: str) -> None:
    async def life() -> list[Finished]:
        async with shared.rig.worker() as worker:
            runs = [await ready(shared, worker, shared.job("Faults$Waits", "60000")) for _ in range(2)]
            if way == "killed":
                pid = await shared.rig.finish(await shared.rig.submit(worker, shared.rig.order(shared.job("Process"))))
                os.kill(int(pid.outcome.result), 9)
            else:
                runs.append(await shared.rig.submit(worker, shared.rig.order(shared.job("Faults$Crashes"))))
            return [await shared.rig.finish(run) for run in runs]

    for got in asyncio.run(life()):
        assert got.outcome.cause is Cause.SIGNAL
        assert got.outcome.code == (137 if way == "killed" else 134)
        if way == "crashed":
            assert any(line.startswith("hs_err: the JVM crashed (SIG") for line in said(got)), said(got)


def test_a_flood_stands_in_its_own_log(shared: Java) -> None:
    async def life() -> tuple[Finished, Finished]:
        async with shared.rig.worker() as worker:
            quiet = await ready(shared, worker, shared.job("Faults$Waits", "1500"))
            flood = await shared.rig.submit(worker, shared.rig.order(shared.job("Faults$Floods")))
            return await shared.rig.finish(flood), await shared.rig.finish(quiet)

    flood, quiet = asyncio.run(life())
    assert (flood.outcome.ok, len(flood.log)) == (True, 4_000_000)
    assert quiet.log == b"ready\n"


def test_settings_say_how_many_runs(plain: Callable[..., Java]) -> None:
    java = plain(runs=1)
    java.isolation = "shared"
    first, second = pids(java, [java.job("Process"), java.job("Process")])
    assert first != second


def test_map_goes_to_the_run_whose_object_maps(feature: str, demo: Path, tmp_path: Path) -> None:
    """From a pool, too, whose thread belongs to an earlier run. The socket plays the worker."""
    with Peer(tmp_path, host_command(feature, [demo], tmp_path)) as peer:
        for number in (1, 2):
            name = f"aj-{number}-0-1"
            said = peer.run(name, "Mapper", parameters="pool", task_name="MAP_TASK_ROOT")
            (mapped,) = [message for message in said if message["type"] == "map"]
            assert (mapped["run"], mapped["name"], mapped["items"]) == (name, "pool", ["from", "a pool"])
            assert said[-1]["outcome"]["result"] == "2 tasks named pool"
