"""Runs in a process that many share, which the worker started itself."""

from __future__ import annotations

import asyncio
import os
import pwd
import shutil
import signal
import tempfile
from pathlib import Path
from typing import Any

import pytest
from tests.core.apps.town import (
    CALLEE,
    CodeExecutor,
    CodePlugin,
    CodeSpec,
    log_of,
    order,
    outcome_of,
    settings,
    told,
    town,
    until,
)

from anyjob.executor import Command, Shared
from anyjob.outcome import Cause, Outcome, Strength
from anyjob.plugins import PluginHost
from anyjob.run import Run
from anyjob.worker.order import RunOrder
from anyjob.worker.worker import LiveRun, Worker

PID = "run.result(cause='succeeded', result=str(os.getpid()))"
WAITS = "run.log('x'); run.stopping.wait(60)"
DEAF = "run.log('x')\nwhile True:\n  try: time.sleep(60)\n  except BaseException: pass"


def shared(code: str, instance: int = 1, **xattrs: Any) -> RunOrder:
    return order(code, instance=instance, xattrs={"isolation": "shared", **xattrs})


async def pid_of(worker: Worker, instance: int, **xattrs: Any) -> int:
    outcome = await outcome_of(await worker.submit(shared(PID, instance, **xattrs)))
    assert outcome.ok, told(outcome)
    return int(outcome.result)


def alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


async def running(tmp_path: Path, run: LiveRun) -> None:
    await until(lambda: log_of(tmp_path, run) or run.record.outcome)
    assert run.record.outcome is None, told(run.record.outcome)


def test_runs_of_one_key_share_a_process_and_others_have_their_own(tmp_path: Path) -> None:
    async def life() -> None:
        async with town(tmp_path) as worker:
            first = await pid_of(worker, 1)
            assert await pid_of(worker, 2) == first
            assert await pid_of(worker, 3, key="two") != first
            both = await asyncio.gather(*(pid_of(worker, 10 + n, key="three") for n in range(5)))
            assert len(set(both)) == 1, "five that came at once"
            seen = worker.apps.of("code").seen()
            assert len(seen) == 3
            assert all(app.resident for app in seen)
            await worker.apps.shared.dismiss()
            await until(lambda: not alive(first))

    asyncio.run(life())


def test_it_is_replaced_after_so_many_runs_and_ends_when_its_last_is_over(tmp_path: Path) -> None:
    async def life() -> None:
        async with town(tmp_path) as worker:
            first = await pid_of(worker, 1, runs=2)
            last = await worker.submit(shared(WAITS, 2, runs=2))
            await running(tmp_path, last)
            second = await pid_of(worker, 3, runs=2)
            assert second != first
            assert alive(first), "a run is going on in it"
            last.stop()
            await outcome_of(last)
            await until(lambda: not alive(first))
            await worker.apps.shared.dismiss()

    asyncio.run(life())


def test_it_is_replaced_when_it_says_that_it_goes(tmp_path: Path) -> None:
    """Code of one run ended it, say, and it waits for its other runs: what it refuses was not begun."""

    async def life() -> None:
        async with town(tmp_path) as worker:
            first = await pid_of(worker, 1)
            assert (await outcome_of(await worker.submit(shared("app.ending = True", 2)))).ok
            both = await asyncio.gather(*(pid_of(worker, 3 + n) for n in range(2)))
            assert len({first, *both}) == 2, "one other process for both"
            await worker.apps.shared.dismiss()

    asyncio.run(life())


def test_one_that_only_goes_is_not_replaced_for_ever(tmp_path: Path) -> None:
    async def life() -> None:
        async with town(tmp_path) as worker:
            run = await worker.submit(shared("", 1, key="goes"))
            outcome = await outcome_of(run)
            assert (outcome.cause, "I am going" in outcome.result) == (Cause.START_FAILED, True), told(outcome)
            await worker.apps.shared.dismiss()

    asyncio.run(life())


def test_it_is_replaced_after_a_stop_that_it_survived(tmp_path: Path) -> None:
    async def life() -> None:
        async with town(tmp_path) as worker:
            run = await worker.submit(shared(WAITS))
            await running(tmp_path, run)
            neighbour = await worker.submit(shared("run.log('x'); time.sleep(0.5); " + PID, 2))
            await running(tmp_path, neighbour)
            run.stop()
            outcome = await outcome_of(run)
            assert outcome.stop is not None
            assert (outcome.cause, outcome.stop.strength) == (Cause.STOPPED, Strength.REPORTED)
            fresh = await pid_of(worker, 3)
            old = await outcome_of(neighbour)
            assert old.ok, "a neighbour is not harmed by it"
            assert int(old.result) != fresh
            await until(lambda: not alive(int(old.result)))
            await worker.apps.shared.dismiss()

    asyncio.run(life())


@pytest.mark.parametrize("wears", ["run.worn = True", "run.result(cause='out_of_memory')"])
def test_it_is_replaced_after_a_run_that_wore_it_out(tmp_path: Path, wears: str) -> None:
    async def life() -> None:
        async with town(tmp_path) as worker:
            first = await pid_of(worker, 1)
            await outcome_of(await worker.submit(shared(wears, 2)))
            assert await pid_of(worker, 3) != first
            await until(lambda: not alive(first))
            await worker.apps.shared.dismiss()

    asyncio.run(life())


def test_a_forced_run_that_ends_by_itself_harms_no_neighbour(tmp_path: Path) -> None:
    async def life() -> None:
        async with town(tmp_path) as worker:
            run = await worker.submit(shared("run.log('x')\nwhile True: time.sleep(0.01)"))
            neighbour = await worker.submit(shared(WAITS, 2))
            for one in (run, neighbour):
                await running(tmp_path, one)
            run.stop(force=True)
            outcome = await outcome_of(run)
            assert outcome.stop is not None
            assert (outcome.cause, outcome.stop.by) == (Cause.STOPPED, "interrupt")
            assert neighbour.record.outcome is None
            neighbour.stop()
            assert (await outcome_of(neighbour)).cause is Cause.STOPPED

    asyncio.run(life())


def test_a_run_that_does_not_end_otherwise_takes_its_process_along(tmp_path: Path) -> None:
    async def life() -> None:
        async with town(tmp_path) as worker:
            deaf = await worker.submit(shared(DEAF, grace=0.2))
            neighbour = await worker.submit(shared(WAITS, 2))
            for run in (deaf, neighbour):
                await running(tmp_path, run)
            deaf.stop()
            outcome = await outcome_of(deaf)
            assert outcome.stop is not None
            assert (outcome.cause, outcome.stop.strength) == (Cause.STOPPED, Strength.PROVEN), told(outcome)
            harmed = await outcome_of(neighbour)
            assert harmed.cause is Cause.EVICTED
            assert harmed.retry is not None
            assert harmed.retry.again
            assert f"the stop of run {deaf.name} killed the process" in told(harmed)
            assert await pid_of(worker, 3) > 0
            await worker.apps.shared.dismiss()

    asyncio.run(life())


@pytest.mark.parametrize(
    ("end", "cause", "said"),
    [
        ("os._exit(7)", Cause.EXIT_CODE, "ended with exit code 7 before the run had ended"),
        ("os._exit(0)", Cause.FAILED, "ended with exit code 0 before the run had ended"),
        ("os.kill(os.getpid(), 9)", Cause.SIGNAL, "was ended by signal 9 (SIGKILL) before the run had ended"),
    ],
)
def test_a_process_that_dies_ends_its_runs_with_what_was_seen(
    tmp_path: Path, end: str, cause: Cause, said: str
) -> None:
    async def life() -> None:
        async with town(tmp_path) as worker:
            neighbour = await worker.submit(shared(WAITS))
            await running(tmp_path, neighbour)
            spoke = "run.result(cause='succeeded', result='said')"
            done = await outcome_of(await worker.submit(shared(spoke, 3)))
            culprit = await outcome_of(await worker.submit(shared(f"print('last words', flush=True); {end}", 2)))
            harmed = await outcome_of(neighbour)
            assert done.ok
            for outcome in (culprit, harmed):
                assert outcome.cause is cause, told(outcome)
                assert said in told(outcome)
                assert "its last line: last words" in told(outcome)
                assert "what the run logged right before that may be missing" in told(outcome)
            assert await pid_of(worker, 4) > 0
            await worker.apps.shared.dismiss()

    asyncio.run(life())


def test_a_process_that_dies_over_a_start_ends_that_run_with_what_was_seen(tmp_path: Path) -> None:
    trap = """
take = app.take
app.take = lambda message: os._exit(7) if message["type"] == "start" else take(message)
"""

    async def life() -> None:
        async with town(tmp_path) as worker:
            neighbour = await worker.submit(shared(trap + WAITS))
            await running(tmp_path, neighbour)
            outcome = await outcome_of(await worker.submit(shared(PID, 2)))
            assert (outcome.cause, outcome.code) == (Cause.EXIT_CODE, 7), told(outcome)
            assert told(outcome).endswith("whether the run was begun is not known")
            assert (await outcome_of(neighbour)).code == 7
            assert await pid_of(worker, 3) > 0
            await worker.apps.shared.dismiss()

    asyncio.run(life())


def test_a_result_that_came_before_the_end_counts(tmp_path: Path) -> None:
    code = """
run.outcome = {"cause": "succeeded", "result": "said"}
run.say(type="result", outcome=run.outcome)
os._exit(9)
"""

    async def life() -> None:
        async with town(tmp_path) as worker:
            outcome = await outcome_of(await worker.submit(shared(code)))
            assert (outcome.cause, outcome.result) == (Cause.SUCCEEDED, "said")

    asyncio.run(life())


def test_a_process_that_does_not_come_up_says_why(tmp_path: Path) -> None:
    async def life() -> None:
        async with town(tmp_path) as worker:
            run = await worker.submit(shared(PID, key="does not start"))
            outcome = await outcome_of(run)
            assert outcome.cause is Cause.START_FAILED
            assert "no licence" in told(outcome)
            assert "ended with exit code 3" in told(outcome)

    asyncio.run(life())


def test_one_that_is_idle_is_ended(tmp_path: Path) -> None:
    async def life() -> None:
        async with town(tmp_path, idle=0.3) as worker:
            pid = await pid_of(worker, 1)
            await until(lambda: not alive(pid))
            await until(lambda: not worker.apps.shared.book.processes)
            assert not list((tmp_path / "state" / "shared").glob("shared-*")), "nothing of it is left"

    asyncio.run(life())


def test_its_runs_go_on_in_the_next_worker(tmp_path: Path) -> None:
    code = """
run.log("begun\\n")
while not os.path.exists(run.facts["parameters"]): time.sleep(0.01)
run.log("goes on\\n")
run.result(cause="succeeded", result=str(os.getpid()))
"""
    go = tmp_path / "go"

    async def first() -> tuple[str, int]:
        async with town(tmp_path) as worker:
            pid = await pid_of(worker, 2)
            run = await worker.submit(order(code, xattrs={"isolation": "shared"}, Parameters=str(go)))
            await running(tmp_path, run)
            return run.name, pid

    async def second(name: str) -> tuple[Outcome, int]:
        async with town(tmp_path) as worker:
            run = worker.live[name]
            go.touch()
            outcome = await outcome_of(run)
            assert log_of(tmp_path, run) == b"begun\ngoes on\n"
            pid = await pid_of(worker, 3)
            await worker.apps.shared.dismiss()
            return outcome, pid

    name, pid = asyncio.run(first())
    outcome, after = asyncio.run(second(name))
    assert (outcome.cause, int(outcome.result), after) == (Cause.SUCCEEDED, pid, pid)


def test_one_that_died_while_no_worker_was_there(tmp_path: Path) -> None:
    async def first() -> tuple[str, int]:
        async with town(tmp_path) as worker:
            pid = await pid_of(worker, 2)
            run = await worker.submit(shared(WAITS))
            await running(tmp_path, run)
            return run.name, pid

    async def second(name: str) -> Outcome:
        async with town(tmp_path) as worker:
            return await outcome_of(worker.live[name])

    name, pid = asyncio.run(first())
    os.kill(pid, signal.SIGKILL)
    outcome = asyncio.run(second(name))
    assert outcome.cause is Cause.SIGNAL, told(outcome)
    assert "was ended by signal 9" in told(outcome)


@pytest.mark.needs("root")
def test_it_runs_as_the_run_s_user_and_others_have_their_own() -> None:
    code = "run.result(cause='succeeded', result=f'{os.getuid()} {os.getcwd()} {os.environ[\"HOME\"]}')"
    nobody = pwd.getpwnam("nobody")

    async def life(folder: Path) -> None:
        python = Command(argv=["/usr/bin/python3", str(folder / "callee.py"), "code"])
        shutil.copy(CALLEE, folder)

        def target(self: CodeExecutor, run: Run, spec: CodeSpec) -> Shared:
            del self, run
            return Shared(key=spec.key, command=python)

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(CodeExecutor, "target", target)
            worker_settings = settings(folder).model_copy(update={"users": {"*": ["nobody"]}})
            async with Worker(PluginHost({"code": CodePlugin()}), folder / "state", worker_settings) as worker:
                theirs = await outcome_of(await worker.submit(shared(code, user="nobody")))
                ours = await outcome_of(await worker.submit(shared(code, 2)))
                assert theirs.result.split()[0::2] == [str(nobody.pw_uid), nobody.pw_dir], told(theirs)
                assert ours.result.split()[0] == "0", told(ours)
                place = Path(theirs.result.split()[1])
                assert place.stat().st_uid == nobody.pw_uid
                assert place.parent.stat().st_uid == 0, "its log stays out of its reach"
                assert {app.name for app in worker.apps.of("code").seen()} == {"callee"}
                await worker.apps.shared.dismiss()

    with tempfile.TemporaryDirectory() as folder:
        os.chmod(folder, 0o711)
        asyncio.run(life(Path(folder)))


def test_a_state_folder_with_a_long_path(tmp_path: Path) -> None:
    """The path of a socket has 108 bytes."""
    deep = tmp_path / ("long" * 20)
    deep.mkdir()

    async def life() -> None:
        async with town(deep, listen=[]) as worker:
            first = await pid_of(worker, 1)
            places.append(Path(worker.apps.shared.where))
            assert not worker.apps.addresses, "nobody else dials there"
        async with town(deep, listen=[]) as worker:
            assert await pid_of(worker, 2) == first, "the next worker listens where it dials"
            await worker.apps.shared.dismiss()
            await until(lambda: not worker.apps.shared.book.processes)

    places: list[Path] = []
    asyncio.run(life())
    assert [place.parent.exists() for place in places] == [False], "and leaves nothing there"


def test_a_run_that_nobody_knows_any_more_does_not_hold_it(tmp_path: Path) -> None:
    """The state folder has forgotten it; its token is this folder's alone, so nobody else will ask for it."""
    ghost = "import copy\nother = copy.copy(run)\nother.name = 'aj-1-0-9'\napp.runs['aj-1-0-9'] = other"

    async def life() -> None:
        async with town(tmp_path) as worker:
            assert (await outcome_of(await worker.submit(shared(ghost)))).ok
            (app,) = worker.apps.by_key.values()
            assert "aj-1-0-9" in str((await worker.apps.of("code").ask(app.key, "count", {}))["held"])
            assert app.link is not None
            await app.link.drop()
            await until(lambda: app.link is not None and not app.link.over.done())

            async def held() -> object:
                return (await worker.apps.of("code").ask(app.key, "count", {}))["held"]

            async with asyncio.timeout(30):
                while await held():
                    await asyncio.sleep(0.01)
            await worker.apps.shared.dismiss()

    asyncio.run(life())


def test_limits_are_refused_and_a_user_is_checked(tmp_path: Path) -> None:
    from anyjob.job import BadJob

    async def life() -> None:
        async with town(tmp_path) as worker:
            with pytest.raises(
                BadJob, match=r"XAttrs\.limits\.memory.*is not enforced by JobType 'code'; take it out$"
            ):
                await worker.submit(shared(PID, limits={"memory": "64Mi"}))
            outcome = await outcome_of(await worker.submit(shared(PID, user="no-such-user-here")))
            assert outcome.cause is Cause.BAD_CONFIG
            assert "is no user of this node" in outcome.result

    asyncio.run(life())
