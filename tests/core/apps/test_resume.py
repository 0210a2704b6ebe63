"""Worker and program may die; a run is asked for by its handle, and begun once."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

from tests.core.apps.yard import Yard, order, told

from anyjob.outcome import Cause, Outcome
from anyjob.testing.crash import doomed
from anyjob.testing.marks import Moment, at, die
from anyjob.worker.worker import LiveRun, Worker

PATIENCE = 30


def within(work: Awaitable[Outcome]) -> Outcome:
    async def bounded() -> Outcome:
        async with asyncio.timeout(PATIENCE):
            return await work

    return asyncio.run(bounded())


async def until(holds: Callable[[], object]) -> None:
    while not holds():
        await asyncio.sleep(0.005)


def programs(yard: Yard) -> dict[str, list[str]]:
    """What each process of the executable was asked, by pid, in the order in which they came."""
    asked: dict[str, list[str]] = {}
    for line in yard.lines("requests"):
        pid, kind = line.split()
        asked.setdefault(pid, []).append(kind)
    return asked


def gone(pid: str) -> bool:
    """Whether the process has ended, or does soon. Nobody may have reaped it yet."""
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until:
        try:
            state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
        except FileNotFoundError:
            return True
        if state in "ZX":
            return True
        time.sleep(0.01)
    return False


async def _begin(yard: Yard, worker: Worker, wrote: str) -> LiveRun:
    """A run that has written, and whose output is in its log."""
    run = await worker.submit(order("bad", "wait"))
    await until(lambda: run.record.handle)
    (yard.folder / f"{run.name}.out").write_text(wrote)
    await until(lambda: _log(yard, run.name) == wrote)
    return run


def _log(yard: Yard, run: str) -> str:
    path = yard.state / "runs" / run / "log"
    return path.read_text() if path.exists() else ""


def test_after_the_workers_death_the_next_program_is_asked_by_handle(tmp_path: Path) -> None:
    yard, name = Yard(tmp_path, ""), order("bad").name

    async def doom() -> None:
        async with yard.worker() as worker:
            await _begin(yard, worker, "one\n")
            die()

    async def next_life() -> Outcome:
        async with yard.worker() as worker:
            run = worker.live[name]
            await until(lambda: "watch" in yard.lines("requests")[-1])
            assert run.record.handle is not None
            assert run.record.handle.data == {"run": name, "at": 1}
            with (yard.folder / f"{name}.out").open("a") as file:
                file.write("two\n")
            (yard.folder / f"{name}.over").touch()
            return await run.outcome()

    with doomed(doom, PATIENCE) as process:
        assert process.wait()
    assert within(next_life()).ok
    first, second = programs(yard)
    assert programs(yard)[second] == ["watch", "clean"], "it was asked for the run and nothing was begun"
    assert gone(first), "the end of its input ended the first program"
    assert _log(yard, name) == "one\ntwo\n", "no byte is lost or doubled"
    assert yard.lines(f"{name}.story") == ["begun", "watched:null"]


def test_a_start_whose_answer_is_lost_with_the_worker_is_asked_for_by_find(tmp_path: Path) -> None:
    yard, name = Yard(tmp_path, ""), order("bad").name

    async def doom() -> None:
        async with yard.worker() as worker:
            at(worker, Moment.STARTED, die)
            await (await worker.submit(order("bad", "wait"))).outcome()

    async def next_life() -> Outcome:
        async with yard.worker() as worker:
            (yard.folder / f"{name}.over").touch()
            return await worker.live[name].outcome()

    with doomed(doom, PATIENCE) as process:
        assert process.wait()
    assert within(next_life()).ok
    assert list(programs(yard).values())[1] == ["find", "watch", "clean"]
    assert yard.lines(f"{name}.story").count("begun") == 1


def test_a_program_that_dies_in_a_start_is_asked_for_it_and_not_started_again(tmp_path: Path) -> None:
    yard = Yard(tmp_path, "dies-in-start")

    async def life() -> Outcome:
        async with yard.worker() as worker:
            run = await worker.submit(order("bad", "wait"))
            await until(lambda: run.record.handle)
            (yard.folder / f"{run.name}.over").touch()
            return await run.outcome()

    assert within(life()).ok
    first, second = programs(yard).values()
    assert first == ["preflight", "start"]
    assert second == ["find", "watch", "clean"]


def test_a_program_that_dies_while_it_watches_is_asked_by_handle_from_where_the_log_is(tmp_path: Path) -> None:
    yard = Yard(tmp_path, "dies-once-in-watch")

    async def life() -> Outcome:
        async with yard.worker() as worker:
            run = await _begin(yard, worker, "one\n")
            os.kill(int(yard.lines("requests")[0].split()[0]), 9)
            await until(lambda: len(programs(yard)) == 3)
            with (yard.folder / f"{run.name}.out").open("a") as file:
                file.write("two\n")
            (yard.folder / f"{run.name}.over").touch()
            return await run.outcome()

    outcome = within(life())
    assert outcome.ok
    assert list(programs(yard).values())[1:] == [["watch"], ["watch", "clean"]]
    assert _log(yard, order("bad").name) == "one\ntwo\n"


def test_an_accepted_stop_is_carried_out_through_the_next_program(tmp_path: Path) -> None:
    yard, name = Yard(tmp_path, ""), order("bad").name

    async def doom() -> None:
        async with yard.worker() as worker:
            at(worker, Moment.STOPPING, die)
            run = await worker.submit(order("bad", "wait"))
            await until(lambda: run.record.handle)
            run.stop()

    async def next_life() -> Outcome:
        async with yard.worker() as worker:
            return await worker.live[name].outcome()

    with doomed(doom, PATIENCE) as process:
        assert process.wait()
    outcome = within(next_life())
    assert outcome.cause is Cause.STOPPED, told(outcome)
    assert sorted(list(programs(yard).values())[1]) == ["clean", "stop", "watch"]


def test_a_closed_worker_leaves_no_program_and_its_runs_to_the_next(tmp_path: Path) -> None:
    yard, name = Yard(tmp_path, ""), order("bad").name

    async def life() -> None:
        async with yard.worker() as worker:
            await _begin(yard, worker, "one\n")

    async def next_life() -> Outcome:
        async with yard.worker() as worker:
            (yard.folder / f"{name}.over").touch()
            return await worker.live[name].outcome()

    asyncio.run(asyncio.wait_for(life(), PATIENCE))
    assert gone(next(iter(programs(yard))))
    assert within(next_life()).ok
    assert _log(yard, name) == "one\n"


def test_a_program_that_freezes_while_a_run_goes_on_is_noticed_and_replaced(tmp_path: Path) -> None:
    yard = Yard(tmp_path, "freezes")

    async def life() -> Outcome:
        async with yard.worker() as worker:
            run = await worker.submit(order("bad", "wait"))
            await until(lambda: len(programs(yard)) == 2)
            (yard.folder / f"{run.name}.over").touch()
            return await run.outcome()

    assert within(life()).ok
    first, second = programs(yard)
    assert gone(first)
    assert programs(yard)[second] == ["watch", "clean"]
