"""Between two attempts: a stop that comes there is told, and no clock makes the next one late."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from tests.core.worker.world import World, WorldPlugin

from anyjob.job import Job
from anyjob.outcome import Cause, Evidence, Outcome
from anyjob.plugins import PluginHost
from anyjob.worker.instance import Firing, Instances, LiveInstance
from anyjob.worker.worker import Worker

FAILED = Outcome(cause=Cause.REMOTE_FAILED, result="no")
SAID = Evidence(source="worker", text="stop was asked for before attempt 2, which was to come, so it was not begun")


async def once_failed(live: LiveInstance, world: World, outcome: Outcome) -> None:
    """The first attempt is over, and its end was seen."""
    while not world.starts:
        await asyncio.sleep(0)
    world.finish(live.runs[0].name, outcome)
    while not live.done:
        await asyncio.sleep(0)


def lived(state: Path, do: Callable[[Instances, World], Awaitable[Any]], world: World | None = None) -> Any:
    """What `do` gives, with a worker on a state folder."""

    async def life() -> Any:
        there = world or World()
        worker = Worker(PluginHost({"world": WorldPlugin(there)}), state)
        instances = Instances(worker)
        async with worker, asyncio.timeout(60):
            await instances.resume()
            got = await do(instances, there)
            await instances.close()
            return got

    return asyncio.run(life())


def job(interval: int) -> Job:
    return Job(name="j", job_type="world", max_attempt=1, attempt_interval=interval)


def test_a_stop_between_two_attempts_is_told(tmp_path: Path) -> None:
    async def do(instances: Instances, world: World) -> Outcome:
        live = await instances.fire(Firing(job=job(3600), instance=1))
        await once_failed(live, world, FAILED)
        instances.stop(1)
        return await live.outcome()

    outcome = lived(tmp_path / "state", do)
    assert outcome.cause is Cause.REMOTE_FAILED, "what the run came to stays"
    assert outcome.evidence[-1] == SAID


def test_a_stop_between_two_attempts_is_told_by_the_next_worker(tmp_path: Path) -> None:
    world = World()

    async def first(instances: Instances, there: World) -> None:
        live = await instances.fire(Firing(job=job(3600), instance=1))
        await once_failed(live, there, FAILED)
        assert live.task is not None
        live.task.cancel()  # it dies right after the stop was written
        instances.stop(1)

    async def second(instances: Instances, there: World) -> Outcome:
        return await instances.live[1].outcome()

    lived(tmp_path / "state", first, world)
    outcome = lived(tmp_path / "state", second, world)
    assert (outcome.cause, outcome.evidence[-1]) == (Cause.REMOTE_FAILED, SAID)
    assert sum(world.starts.values()) == 1


def test_a_clock_that_was_set_back_does_not_put_off_the_next_attempt(tmp_path: Path) -> None:
    async def do(instances: Instances, world: World) -> int:
        live = await instances.fire(Firing(job=job(0), instance=1))
        await once_failed(live, world, Outcome(cause=Cause.REMOTE_FAILED, ended=time.time() + 86_400))
        while len(live.runs) < 2:
            await asyncio.sleep(0.01)
        return len(live.runs)

    assert lived(tmp_path / "state", do) == 2
