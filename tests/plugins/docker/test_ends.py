"""How containers end, and what is said of it."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

import docker
import pytest
from tests.plugins.docker.conftest import Ground

from anyjob.job import Job
from anyjob.outcome import Cause, Json
from anyjob.testing.rig import Finished
from anyjob.worker.states import RunState

pytestmark = pytest.mark.needs("docker")


def together(rig: Ground, *jobs: Job) -> list[Finished]:
    """Runs of all the jobs at one time."""

    async def life() -> list[Finished]:
        async with rig.worker() as worker:
            runs = [await rig.submit(worker, rig.order(job)) for job in jobs]
            return [await rig.finish(run) for run in runs]

    return asyncio.run(life())


def test_126_and_127_are_told_from_a_command_that_is_not_there(rig: Ground) -> None:
    own = [rig.script(f"exit {code}") for code in (125, 126, 127)]
    missing, folder, script, interpreter = together(
        rig,
        rig.words("/no/such/command"),
        rig.words("/etc"),
        rig.words("/etc/passwd"),
        rig.script("printf '#!/no/such/sh\\n' > x; chmod +x x; exec ./x"),
    )
    for got, code in zip(together(rig, *own), (125, 126, 127), strict=True):
        assert (got.outcome.cause, got.outcome.code) == (Cause.EXIT_CODE, code)
    assert missing.outcome.cause is Cause.DEPENDENCY_MISSING
    assert missing.outcome.result.startswith("'/no/such/command' is not in image busybox:test")
    for got in (folder, script):
        assert got.outcome.cause is Cause.BAD_CONFIG
        assert "may not be executed" in got.outcome.result
    # The shell was there: what it could not execute is its own end.
    assert (interpreter.outcome.cause, interpreter.outcome.code) == (Cause.EXIT_CODE, 127)


def test_a_signal_is_told_from_a_code_and_a_kill_from_outside_is_seen(rig: Ground, client: docker.DockerClient) -> None:
    async def life() -> Finished:
        async with rig.worker() as worker:
            run = await rig.submit(worker, rig.order(rig.script("echo ready; sleep 300")))
            await rig.until(lambda: b"ready" in rig.log(run), "it has not begun")
            client.containers.get(run.name).kill()
            return await rig.finish(run)

    by_hand = asyncio.run(life())
    assert (by_hand.outcome.cause, by_hand.outcome.code) == (Cause.SIGNAL, 137)
    assert "docker event: kill, signal 9" in by_hand.said
    code, term = together(rig, rig.script("exit 137"), rig.script("kill -TERM $$"))
    assert (code.outcome.cause, code.outcome.code) == (Cause.EXIT_CODE, 137)
    assert (term.outcome.cause, term.outcome.code) == (Cause.SIGNAL, 143)


def test_out_of_memory_is_a_cause_only_where_it_ended_the_command(rig: Ground) -> None:
    eats = "dd if=/dev/zero of=/dev/null bs=100000000 count=1"
    limits: Mapping[str, Json] = {"limits": {"memory": "32Mi"}}
    own, child, taken_over = together(
        rig,
        rig.words(*eats.split(), xattrs=limits),
        rig.script(f"{eats}; echo went on with $?", limits),
        rig.script(f"{eats}; exit $?", limits),
    )
    assert own.outcome.cause is Cause.OUT_OF_MEMORY
    assert (child.outcome.cause, child.outcome.result) == (Cause.SUCCEEDED, "went on with 137")
    assert "OOMKilled" in child.said
    assert (taken_over.outcome.cause, taken_over.outcome.code) == (Cause.EXIT_CODE, 137)
    assert "OOMKilled" in taken_over.said


def test_leftovers(rig: Ground) -> None:
    text = "sleep 77 & (setsid sleep 78 > /dev/null 2>&1 &); echo main is over"
    ends = "sleep 1.5 & echo main is over"
    killed, failed, waited, clean = together(
        rig,
        rig.script(text),
        rig.script(text, {"leftovers": "fail"}),
        rig.script(f"({ends}); (sleep 1; echo late) & echo main is over", {"leftovers": "wait"}),
        rig.script("sleep 0.1 & wait", {"leftovers": "fail"}),
    )
    assert killed.outcome.cause is Cause.SUCCEEDED
    assert "leftovers: killed with the container: " in killed.said
    assert killed.said.partition("container: ")[2].count(",") == 1  # two of them
    assert failed.outcome.cause is Cause.LEFTOVERS
    assert waited.outcome.cause is Cause.SUCCEEDED
    assert waited.log == b"main is over\nmain is over\nlate\n"
    assert clean.outcome.cause is Cause.SUCCEEDED
    assert "leftovers" not in clean.said


def test_what_waits_for_leftovers_is_asked_to_stop_too(rig: Ground) -> None:
    job = rig.script(
        "(trap 'echo told; exit 0' TERM; echo ready; while :; do sleep 0.05; done) &",
        {"leftovers": "wait", "grace": 60},
    )

    async def life() -> Finished:
        async with rig.worker() as worker:
            run = await rig.submit(worker, rig.order(job))
            await rig.until(lambda: b"ready" in rig.log(run), "it has not begun")
            run.stop()
            return await rig.finish(run)

    got = asyncio.run(life())
    assert got.outcome.cause is Cause.STOPPED
    assert got.log.endswith(b"told\n")


def test_a_stop_right_after_the_start_is_heard(rig: Ground) -> None:
    """An init that has not come up yet throws signals away: then a run would have to be forced."""
    job = rig.words("sleep", "300", xattrs={"grace": 100})

    async def life() -> list[Finished]:
        async with rig.worker() as worker:
            runs = [await rig.submit(worker, rig.order(job)) for _ in range(4)]
            for run in runs:
                await rig.until(lambda run=run: run.record.state is not RunState.STARTING, "it has not started")
                if run.record.state is RunState.ACCEPTED:
                    await rig.running(run)
                run.stop()
            return [await rig.finish(run) for run in runs]

    for got in asyncio.run(life()):
        assert got.outcome.cause is Cause.STOPPED
        assert got.outcome.stop is not None
        assert got.outcome.stop.strength == "REPORTED"


def test_a_container_removed_behind_our_back_is_unknown(rig: Ground, client: docker.DockerClient) -> None:
    async def life() -> Finished:
        async with rig.worker() as worker:
            run = await rig.submit(worker, rig.order(rig.script("echo ready; sleep 300")))
            await rig.until(lambda: b"ready" in rig.log(run), "it has not begun")
            client.containers.get(run.name).remove(force=True)
            return await rig.finish(run)

    got = asyncio.run(life())
    assert got.outcome.cause is Cause.UNKNOWN
    assert "is gone: somebody else has removed it" in got.said
    assert got.log == b"ready\n"


def test_a_name_that_somebody_else_has_is_not_taken_over(rig: Ground, client: docker.DockerClient) -> None:
    order = rig.order(rig.script("echo mine"))
    other = client.containers.create("busybox:test", ["sleep", "300"], name=order.name, network_mode="none")

    async def life() -> Finished:
        async with rig.worker() as worker:
            return await rig.finish(await rig.submit(worker, order))

    try:
        got = asyncio.run(life())
        assert got.outcome.cause is Cause.START_FAILED
        assert "is no run of anyjob's" in got.outcome.result
        other.reload()  # and it is still there
    finally:
        other.remove(force=True)
