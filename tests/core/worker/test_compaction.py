"""The ledger is rewritten while runs go on: before each line here, and nothing that a line said is lost by it."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from tests.core.worker.world import World, WorldPlugin

from anyjob.job import Job
from anyjob.outcome import Cause
from anyjob.plugins import PluginHost
from anyjob.worker import ledger
from anyjob.worker.instance import Firing, Instances
from anyjob.worker.worker import Worker

JOB = Job(name="j", job_type="world")


async def leave(state: Path, world: World, numbers: range) -> None:
    """Begin instances, see them started, forget the even ones, and go."""
    worker = Worker(PluginHost({"world": WorldPlugin(world)}), state)
    instances = Instances(worker)
    async with worker:
        await instances.resume()
        for number in numbers:
            await instances.fire(Firing(job=JOB, instance=number))
        while len(world.starts) < len(numbers):
            await asyncio.sleep(0.001)
        for number in numbers[::2]:
            world.finish(f"aj-{number:x}-0-1")
            await instances.live[number].outcome()
            instances.forget(number)
        await instances.close()


async def goes_on(state: Path, world: World) -> dict[int, Cause]:
    worker = Worker(PluginHost({"world": WorldPlugin(world)}), state)
    instances = Instances(worker)
    async with worker:
        left = await instances.resume()
        for live in left:
            world.finish(f"aj-{live.firing.instance:x}-0-1")
        return {live.firing.instance: (await live.outcome()).cause for live in left}


def test_the_line_at_which_the_ledger_is_rewritten_is_not_lost(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ledger, "COMPACT_AT", 1)
    world = World()
    asyncio.run(leave(tmp_path, world, range(1, 7)))
    assert asyncio.run(goes_on(tmp_path, world)) == dict.fromkeys((2, 4, 6), Cause.SUCCEEDED)
    assert set(world.starts.values()) == {1}


def test_who_asked_for_a_stop_is_not_lost(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ledger, "COMPACT_AT", 1)
    world = World()

    async def stop() -> None:
        worker = Worker(PluginHost({"world": WorldPlugin(world)}), tmp_path)
        instances = Instances(worker)
        async with worker:
            await instances.resume()
            for number in (1, 2, 3):
                await instances.fire(Firing(job=JOB, instance=number))
            while len(world.starts) < 3:
                await asyncio.sleep(0.001)
            instances.stop(1, by="ann", at=5)
            instances.stop(2)
            instances.stop(1, by="somebody later", at=6)
            await instances.close()

    async def found() -> dict[int, tuple[str, int | None]]:
        worker = Worker(PluginHost({"world": WorldPlugin(world)}), tmp_path)
        instances = Instances(worker)
        async with worker:
            said = {live.firing.instance: live.asked for live in await instances.resume()}
            await instances.close()
        return said

    asyncio.run(stop())
    for _ in range(2):
        assert asyncio.run(found()) == {1: ("ann", 5), 2: ("", None), 3: ("", None)}
