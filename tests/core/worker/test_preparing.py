"""Between acceptance and start: secrets are read, and what is missing is looked for. Stops and deadlines hold there."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterable
from pathlib import Path

from tests.core.worker.world import World, WorldExecutor, WorldPlugin, WorldSpec

from anyjob.executor import Capabilities, DeadlineBy, Handle
from anyjob.job import Job
from anyjob.outcome import Cause, Outcome, Strength
from anyjob.plugins import ExecutorType, PluginHost, hookimpl
from anyjob.problem import Problem
from anyjob.run import Run
from anyjob.worker.order import RunOrder
from anyjob.worker.settings import SecretSource
from anyjob.worker.worker import Worker


def of_world(**fields: object) -> Job:
    return Job.from_wire({"Name": "j", "JobType": "world", **fields})


async def until(path: Path) -> None:
    async with asyncio.timeout(30):
        while not path.exists():
            await asyncio.sleep(0.01)


def mentions(path: Path) -> bool:
    """Whether a process has the path in its arguments."""
    for file in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            if str(path).encode() in file.read_bytes():
                return True
        except OSError:
            continue
    return False


def test_a_stop_ends_the_command_that_gives_a_secret_and_nothing_is_started(tmp_path: Path) -> None:
    world, asked, after = World(), tmp_path / "asked", tmp_path / "after"
    secrets = {"slow": SecretSource(command=["sh", "-c", f": > {asked}; sleep 300; : > {after}"], groups=["*"])}
    job = of_world(XAttrs={"secrets": {"TOKEN": "slow"}})

    async def go() -> Outcome:
        async with Worker(PluginHost({"world": WorldPlugin(world)}), tmp_path / "state", None, secrets) as worker:
            live = await worker.submit(RunOrder(job=job, instance=1))
            await until(asked)
            live.stop()
            async with asyncio.timeout(10):  # its own time is 30 s
                outcome = await live.outcome()
                while mentions(asked):
                    await asyncio.sleep(0.05)
                return outcome

    outcome = asyncio.run(go())
    assert outcome.cause is Cause.STOPPED
    assert outcome.stop is not None
    assert outcome.stop.strength is Strength.PROVEN
    assert not world.starts
    assert not after.exists()


class SlowToLook(WorldExecutor):
    """Its remote keeps the deadline, but what is missing takes for ever to find out."""

    def capabilities(self, spec: WorldSpec) -> Capabilities:
        return Capabilities(proof=Strength.REPORTED, deadline=DeadlineBy.REMOTE)

    async def preflight(self, spec: WorldSpec) -> Iterable[Problem]:
        await asyncio.Event().wait()
        return ()

    async def start(self, run: Run, spec: WorldSpec) -> Handle | Outcome:
        raise AssertionError("never")


class SlowPlugin:
    @hookimpl
    def anyjob_executors(self) -> Iterable[ExecutorType]:
        return [ExecutorType(job_type="world", executor=SlowToLook, spec=WorldSpec)]


def test_the_deadline_holds_before_the_start_also_where_the_remote_keeps_it_afterwards(tmp_path: Path) -> None:
    async def go() -> Outcome:
        async with Worker(PluginHost({"world": SlowPlugin()}), tmp_path) as worker:
            order = RunOrder(job=of_world(), instance=1, deadline=time.time() + 0.2)
            live = await worker.submit(order)
            async with asyncio.timeout(30):
                return await live.outcome()

    outcome = asyncio.run(go())
    assert outcome.cause is Cause.TIMED_OUT
    assert outcome.stop is not None
    assert outcome.stop.by == "never started"
