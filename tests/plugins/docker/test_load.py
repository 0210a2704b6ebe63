"""Much at one time: containers, and output."""

from __future__ import annotations

import asyncio
import os
import threading

import pytest
from tests.grounds.docker.engine import Engine
from tests.plugins.docker.conftest import Ground

from anyjob.testing.rig import Finished

pytestmark = pytest.mark.needs("docker")

_MANY = 100
_FLOOD = 200_000_000
_ROOM = 100 << 20


def resident() -> int:
    """Bytes of memory that this process has now."""
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def on_disk(path: str) -> int:
    try:
        return os.stat(path).st_blocks * 512
    except FileNotFoundError:
        return 0


@pytest.mark.timeout(300)
def test_a_hundred_containers_at_once(rig: Ground) -> None:
    """Each has its own result, and the worker has no thread a run."""
    job = rig.script('echo "mine: $ANYJOB_INSTANCE_PARAMETERS"')
    most = 0

    async def life() -> list[Finished]:
        nonlocal most
        async with rig.worker() as worker:
            runs = [
                await rig.submit(worker, rig.order(job, instance_parameters=str(number))) for number in range(_MANY)
            ]
            rig.patience = 280
            ends = [asyncio.ensure_future(rig.finish(run)) for run in runs]
            while not all(end.done() for end in ends):
                most = max(most, threading.active_count())
                await asyncio.sleep(0.05)
            return [await end for end in ends]

    before = threading.active_count()
    for number, got in enumerate(asyncio.run(life())):
        assert got.outcome.ok, got.said
        assert got.outcome.result == f"mine: {number}"
    assert most - before < 30


@pytest.mark.timeout(300)
def test_a_log_of_200_mb(rig: Ground, engine: Engine) -> None:
    """It comes whole, in little memory, and the disk holds it once; with a quota it holds the quota."""
    text = f"yes 0123456789abcde | head -c {_FLOOD}; sleep 1"
    whole, cut = rig.script(text), rig.script(text, {"logQuota": "1Mi"})
    sizes: dict[str, int] = {}

    async def flood(job: object) -> tuple[str, int, int, int]:
        """Name of the run, the most memory that the worker had more, the most of the container's file on disk."""
        async with rig.worker() as worker:
            before, most, raw = resident(), 0, 0
            run = await rig.submit(worker, rig.order(job))  # pyright: ignore[reportArgumentType]
            path = f"{rig.state}/runs/{run.name}/control/log"
            end = asyncio.ensure_future(run.outcome())
            while not end.done():
                most, raw = max(most, resident() - before), max(raw, on_disk(path))
                await asyncio.sleep(0.02)
            outcome = await end
            assert outcome.ok, outcome
            log = f"{rig.state}/runs/{run.name}/log"
            sizes[run.name] = os.path.getsize(log)
            return run.name, most, raw, on_disk(log)

    name, most, raw, kept = asyncio.run(flood(whole))
    assert sizes[name] == _FLOOD
    assert kept >= _FLOOD
    assert most < _ROOM
    assert raw < _FLOOD
    path = f"{rig.state}/runs/{name}/log"
    with open(path, "rb") as file:
        assert all(
            chunk == b"0123456789abcde\n" * 4096 for chunk in iter(lambda: file.read(65536), b"") if len(chunk) == 65536
        )
    os.unlink(path)
    name, most, raw, kept = asyncio.run(flood(cut))
    assert sizes[name] == _FLOOD  # offsets stay true
    assert kept < 4 << 20
    assert most < _ROOM
    assert raw < _FLOOD
