"""The worker dies, the application does not; and the other way round. Nothing is lost, nothing runs twice."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from tests.core.apps.town import callee, log_of, make_worker, order, outcome_of, told, town, until

from anyjob.outcome import Cause, Outcome
from anyjob.testing.crash import doomed
from anyjob.testing.marks import Moment, at, die
from anyjob.worker.order import RunOrder
from anyjob.worker.worker import LiveRun, Worker

CODE = """
file = run.facts["parameters"]
with open(file, "a") as out: out.write("begun\\n")
for number in range(200):
    run.log(f"line {number}\\n")
    time.sleep(0.001)
while not os.path.exists(file + ".go"): time.sleep(0.005)
run.log("last\\n")
run.result(cause="succeeded", result="done")
"""
LOG = b"".join(b"line %d\n" % number for number in range(200)) + b"last\n"
WAYS = ["attached", "shared"]


def the_order(folder: Path, way: str, instance: int = 1) -> RunOrder:
    return order(CODE, instance=instance, xattrs={"isolation": way}, Parameters=str(folder / "begun"))


def as_written(worker: Worker, kind: str, do: Callable[[], None]) -> None:
    """Call `do` once a line of the kind is durable, of those that say who was given a run."""
    write = worker.apps.book.write

    def watched(line: Mapping[str, Any]) -> None:
        write(line)
        if line["m"] == kind:
            do()

    worker.apps.book.write = watched


async def to_the_end(folder: Path) -> tuple[Outcome, bytes]:
    (folder / "begun.go").touch()
    async with town(folder) as worker:
        (run,) = worker.live.values()
        outcome = await outcome_of(run)
        await until(lambda: not worker.apps.book.given)
        await worker.apps.shared.dismiss()
        return outcome, log_of(folder, run)


def check(folder: Path, *, before: Callable[[], None] = lambda: None) -> None:
    before()
    outcome, log = asyncio.run(to_the_end(folder))
    assert (outcome.cause, outcome.result) == (Cause.SUCCEEDED, "done"), told(outcome)
    assert (folder / "begun").read_text() == "begun\n", "it ran once"
    assert log == LOG


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("moment", [m for m in Moment if m is not Moment.STOPPING])
def test_the_worker_is_killed_at_every_step(tmp_path: Path, moment: Moment, way: str) -> None:
    if moment in (Moment.ENDING, Moment.ENDED):
        (tmp_path / "begun.go").touch()

    async def life() -> None:
        async with make_worker(tmp_path) as worker:
            at(worker, moment, die)
            await outcome_of(await worker.submit(the_order(tmp_path, way)))

    with callee(f"unix:{tmp_path}/apps.sock"):
        with doomed(life, 30) as process:
            assert process.wait(), "it was killed"
        check(tmp_path)


@pytest.mark.parametrize("way", WAYS)
def test_the_worker_is_killed_when_it_is_written_down_who_gets_the_run(tmp_path: Path, way: str) -> None:
    async def life() -> None:
        async with make_worker(tmp_path) as worker:
            as_written(worker, "given", die)
            await outcome_of(await worker.submit(the_order(tmp_path, way)))

    with callee(f"unix:{tmp_path}/apps.sock"):
        with doomed(life, 30) as process:
            assert process.wait(), "it was killed"
        assert not (tmp_path / "begun").exists(), "it is written down first"
        check(tmp_path)


@pytest.mark.parametrize("way", WAYS)
def test_no_byte_of_the_log_is_lost_or_doubled_however_often_the_worker_dies(tmp_path: Path, way: str) -> None:
    async def life() -> None:
        async with make_worker(tmp_path) as worker:
            run = next(iter(worker.live.values()), None) or await worker.submit(the_order(tmp_path, way))
            await outcome_of(run)

    with callee(f"unix:{tmp_path}/apps.sock"):
        size = 0
        for _ in range(3):
            with doomed(life, 30) as process:
                while not process.gone() and len(_log(tmp_path)) < size + 300 and b"line 199" not in _log(tmp_path):
                    os.sched_yield()
                process.kill()
            size = len(_log(tmp_path))
        check(tmp_path)


def _log(folder: Path) -> bytes:
    return b"".join(path.read_bytes() for path in folder.glob("state/runs/*/log"))


def test_what_was_pushed_out_meanwhile_is_told(tmp_path: Path) -> None:
    code = """
run.log("first\\n")
while not os.path.exists(run.facts["parameters"]): time.sleep(0.005)
for number in range(6): run.log("x" * 65535 + "\\n")
open(run.facts["parameters"] + ".said", "w").close()
while not os.path.exists(run.facts["parameters"] + ".end"): time.sleep(0.005)
"""
    go = tmp_path / "go"

    async def first() -> None:
        async with town(tmp_path) as worker:
            run = await worker.submit(order(code, Parameters=str(go)))
            await until(lambda: log_of(tmp_path, run))

    async def second() -> bytes:
        (tmp_path / "go.end").touch()
        async with town(tmp_path) as worker:
            (run,) = worker.live.values()
            await outcome_of(run)
            return log_of(tmp_path, run)

    with callee(f"unix:{tmp_path}/apps.sock"):
        asyncio.run(first())
        go.touch()
        asyncio.run(until((tmp_path / "go.said").exists))
        log = asyncio.run(second())
    first_line, lost, *rest = log.split(b"\n")
    assert (first_line, lost) == (b"first", b"[anyjob] 131072 bytes of log were lost")
    assert sum(len(line) + 1 for line in rest[:-1]) == 256 << 10


# ---------------------------------------------------------------- the application dies


def test_a_lost_application_leaves_its_runs_unknown_and_harms_no_other(tmp_path: Path) -> None:
    waits = "run.log('x'); run.stopping.wait(60)"

    async def life() -> None:
        async with town(tmp_path, reconnect=0.5) as worker:
            where = worker.apps.addresses[0]
            with callee(where, "main", name="one") as one, callee(where, "other", name="two"):
                lost = await worker.submit(order(waits))
                kept = await worker.submit(order(waits, instance=2, ClassName="other"))
                stopped = await worker.submit(order(waits, instance=3, xattrs={"grace": 5}))
                for run in (lost, kept, stopped):
                    await until(lambda run=run: log_of(tmp_path, run))
                one.kill()
                stopped.stop()
                outcome = await outcome_of(lost)
                assert outcome.cause is Cause.UNKNOWN
                assert "Application 'one' of app group 'shop' was lost and has not come back within 0.5 s" in told(
                    outcome
                )
                assert "its code may still be going there" in told(outcome)
                assert outcome.stop is not None
                assert outcome.stop.survivors == [f"run {lost.name} in application 'one' of app group 'shop'"]
                ended = await outcome_of(stopped)
                assert (ended.cause, ended.stop and ended.stop.strength.value) == (Cause.UNKNOWN, "ASKED")
                with callee(where, "main", name="next"):
                    assert (await outcome_of(await worker.submit(order("pass", instance=4)))).ok
                assert kept.record.outcome is None
                kept.stop()
                assert (await outcome_of(kept)).cause is Cause.STOPPED

    asyncio.run(life())


def test_a_new_process_that_came_without_the_run_is_told_and_proves_nothing(tmp_path: Path) -> None:
    async def life() -> None:
        async with town(tmp_path, reconnect=1.5) as worker:
            where = worker.apps.addresses[0]
            with callee(where, name="one") as one, callee(where, name="two") as two:
                await until(lambda: sum(app.link is not None for app in worker.apps.by_key.values()) == 2)
                runs = [await worker.submit(order("run.log('x'); time.sleep(60)", instance=n)) for n in range(2)]
                for run in runs:
                    await until(lambda run=run: log_of(tmp_path, run))
                one.kill()
                two.kill()
                await until(lambda: all(app.link is None for app in worker.apps.by_key.values()))
                with callee(where, name="one"):
                    said = sorted([told(await outcome_of(run)) for run in runs])
                assert "a new process, which calls itself 'one', came meanwhile without this run" in said[0]
                assert "Application 'two'" in said[1]
                assert "a new process" not in said[1]
                assert all("may still be going" in text for text in said)

    asyncio.run(life())


def test_an_application_that_is_frozen_for_a_while_loses_nothing(tmp_path: Path) -> None:
    """Its connection is lost on this side; it finds that out when it goes on, and dials again."""

    async def life() -> None:
        async with town(tmp_path) as worker:
            with callee(worker.apps.addresses[0]) as process:
                run = await worker.submit(the_order(tmp_path, "attached"))
                await until(lambda: len(log_of(tmp_path, run)) > 300)
                os.kill(process.pid, signal.SIGSTOP)
                (app,) = worker.apps.by_key.values()
                link = app.link
                assert link is not None
                await link.drop()
                await until(lambda: app.link is None)
                os.kill(process.pid, signal.SIGCONT)
                (tmp_path / "begun.go").touch()
                outcome = await outcome_of(run)
                assert outcome.ok, told(outcome)
                assert log_of(tmp_path, run) == LOG
                assert (tmp_path / "begun").read_text() == "begun\n"

    asyncio.run(life())


def test_a_stop_that_came_while_it_was_away_is_told_when_it_is_back(tmp_path: Path) -> None:
    waits = "run.log('x'); run.stopping.wait(60)"

    async def first() -> str:
        async with town(tmp_path) as worker:
            run = await worker.submit(order(waits))
            await until(lambda: log_of(tmp_path, run))
            return run.name

    async def second(name: str, pid: int) -> None:
        async with town(tmp_path) as worker:
            run: LiveRun = worker.live[name]
            run.stop()
            await asyncio.sleep(0.05)
            os.kill(pid, signal.SIGCONT)
            outcome = await outcome_of(run)
            assert (outcome.cause, outcome.stop and outcome.stop.by) == (Cause.STOPPED, "flag")

    with callee(f"unix:{tmp_path}/apps.sock") as process:
        name = asyncio.run(first())
        os.kill(process.pid, signal.SIGSTOP)
        asyncio.run(second(name, process.pid))


def test_one_that_is_given_up_and_comes_back_is_told_that_its_run_is_over(tmp_path: Path) -> None:
    waits = "run.log('x'); run.stopping.wait(60)"

    async def life() -> None:
        async with town(tmp_path, reconnect=0.3) as worker:
            with callee(worker.apps.addresses[0]) as process:
                run = await worker.submit(order(waits, xattrs={"grace": 5}))
                await until(lambda: log_of(tmp_path, run))
                os.kill(process.pid, signal.SIGSTOP)
                (app,) = worker.apps.by_key.values()
                assert app.link is not None
                await app.link.drop()
                run.stop()
                assert (await outcome_of(run)).cause is Cause.UNKNOWN
                os.kill(process.pid, signal.SIGCONT)
                await until(lambda: not worker.apps.book.given)
                (seen,) = worker.apps.of("code").seen()
                told_by_it = await worker.apps.of("code").ask(seen.id, "count", {})
                assert (told_by_it["begun"], told_by_it["held"]) == (1, [])

    asyncio.run(life())
