"""The shim does not wait for the kernel's moves. Whoever waits instead is killed, or stopped: runs begin all the same,
each in a group of its own, and end proven.
"""

from __future__ import annotations

import asyncio
import errno
import os
import signal
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from types import SimpleNamespace
from typing import Any, cast

import pytest
from tests.core.worker.shim.yard import GENEROUS, Yard, alive, until

from anyjob.worker.local.shimclient import Ended, RunLimits, ShimClient, Started
from anyjob.worker.shim import process
from anyjob.worker.shim.mover import Mover
from anyjob.worker.shim.timers import Timers

pytestmark = pytest.mark.needs("cgroup2")


def movers(client: ShimClient) -> list[int]:
    """Children of the shim that move others."""
    return [
        pid
        for pid in process.children(client.facts["pid"])
        if (process.read(f"/proc/{pid}/comm") or b"").strip() == b"anyjob-mover"
    ]


def seeds(client: ShimClient) -> list[int]:
    """What residents have forked: children of the shim that show no run yet."""
    found = process.children(client.facts["pid"])
    return [
        pid
        for pid in found
        if b"zygote.py" in (process.read(f"/proc/{pid}/cmdline") or b"") and not process.children(pid)
    ]


@asynccontextmanager
async def warm(yard: Yard) -> AsyncGenerator[tuple[ShimClient, int]]:
    """A shim that has had a warm run, and its mover."""
    async with yard.client() as client:
        await begin(yard, client, "first")
        (mover,) = movers(client)
        yield client, mover


async def begin(yard: Yard, client: ShimClient, name: str) -> None:
    """A run from its start to its end, as it should be."""
    await begun(yard, client, await asyncio.wait_for(client.start(yard.python(name, "input()")), GENEROUS))


async def begun(yard: Yard, client: ShimClient, got: Started | Ended) -> None:
    """It has begun in a group of its own, and ends."""
    assert isinstance(got, Started)
    assert got.group is not None
    ended = await asyncio.wait_for(client.ended(got.run), GENEROUS)
    assert (ended.proof.strength, ended.proof.by) == ("PROVEN", "cgroup v2")
    assert "EOFError" in yard.log(got.run)


def test_a_killed_mover_is_replaced(yard: Yard) -> None:
    async def main() -> None:
        async with warm(yard) as (client, mover):
            os.kill(mover, signal.SIGKILL)
            await until(lambda: not alive(mover), "the end of the mover")
            for number in range(20):
                await begin(yard, client, f"a{number}")
            await until(lambda: len(movers(client)) == 1, "another mover")

    asyncio.run(main())


def test_a_mover_is_killed_with_moves_before_it(yard: Yard) -> None:
    async def main() -> None:
        async with warm(yard) as (client, mover):
            os.kill(mover, signal.SIGSTOP)
            starts = [client.start(yard.python(f"a{number}", "input()")) for number in range(20)]
            await until(lambda: len(seeds(client)) > 20, "processes that wait to be moved")
            os.kill(mover, signal.SIGKILL)
            for start in starts:
                await begun(yard, client, await asyncio.wait_for(start, GENEROUS))

    asyncio.run(main())


def test_a_process_dies_on_its_way(yard: Yard) -> None:
    """It is not reaped before the mover has answered: its number would be another's."""

    async def main() -> None:
        async with warm(yard) as (client, mover):
            before = set(seeds(client))
            os.kill(mover, signal.SIGSTOP)
            starts = [client.start(yard.python(f"a{number}", "input()")) for number in range(20)]
            await until(lambda: len(set(seeds(client)) - before) >= 20, "processes that wait to be moved")
            victims = sorted(set(seeds(client)) - before)[:3]
            for victim in victims:
                os.kill(victim, signal.SIGKILL)
            await until(lambda: all(not alive(victim) for victim in victims), "their ends")
            await asyncio.sleep(0.2)
            for victim in victims:
                facts = process.facts(victim)
                assert facts is not None
                assert facts.state == "Z"
            os.kill(mover, signal.SIGCONT)
            for start in starts:
                await begun(yard, client, await asyncio.wait_for(start, GENEROUS))

    asyncio.run(main())


@asynccontextmanager
async def slow(yard: Yard) -> AsyncGenerator[tuple[ShimClient, int, Started]]:
    """A run, and the shim on its way out of that run's group, for as long as the mover is stopped."""
    async with yard.client() as client:
        (mover,) = movers(client)
        await asyncio.sleep(0.1)  # or the kernel would move the shim at once, and it would do it by itself
        os.kill(mover, signal.SIGSTOP)
        started = await asyncio.wait_for(client.start(yard.sh("a", "echo begun; read line")), GENEROUS)
        assert isinstance(started, Started)
        yield client, mover, started


def test_the_shim_goes_on_while_it_is_moved(yard: Yard) -> None:
    """A run is told at once, and the shim hears and answers. The end waits: the shim itself is counted in the group."""

    async def main() -> None:
        async with slow(yard) as (client, mover, started):
            assert started.group is not None
            inside = "/".join(started.group.split("/")[-2:])
            assert (process.group_of(client.facts["pid"]) or "").endswith(inside)
            await yard.wrote("a", "begun")
            assert (await asyncio.wait_for(client.stop("nobody", "ASK"), GENEROUS)).strength == "ASKED"
            await until(lambda: not alive(started.pid), "the end of the run's process")
            ended = client.ended("a")
            assert (await asyncio.wait_for(client.stop("nobody", "ASK"), GENEROUS)).strength == "ASKED"
            assert not ended.done()
            os.kill(mover, signal.SIGCONT)
            told = await asyncio.wait_for(ended, GENEROUS)
            assert (told.proof.strength, told.proof.by, told.evidence) == ("PROVEN", "cgroup v2", ())

    asyncio.run(main())


def test_a_stop_with_force_waits_until_the_shim_is_out(yard: Yard) -> None:
    """Or the shim would be killed with the run."""

    async def main() -> None:
        async with yard.client() as client:
            (mover,) = movers(client)
            await asyncio.sleep(0.1)
            os.kill(mover, signal.SIGSTOP)
            shim = client.facts["pid"]
            started = await asyncio.wait_for(client.start(yard.sh("a", "sleep 600")), GENEROUS)
            assert isinstance(started, Started)
            stop = asyncio.ensure_future(client.stop("a", "FORCE"))
            await asyncio.sleep(0.2)
            assert alive(shim)
            os.kill(mover, signal.SIGKILL)
            await asyncio.wait_for(stop, GENEROUS)
            assert (await asyncio.wait_for(client.ended("a"), GENEROUS)).proof.strength == "PROVEN"
            assert (client.facts["pid"], alive(shim), alive(started.pid)) == (shim, True, False)

    asyncio.run(main())


def test_the_shim_is_killed_on_its_way(yard: Yard) -> None:
    async def main() -> None:
        async with slow(yard) as (client, mover, started):
            await yard.wrote("a", "begun")
            os.kill(client.facts["pid"], signal.SIGKILL)
            await until(lambda: not alive(mover), "the end of the mover")
            told = await asyncio.wait_for(client.ended("a"), GENEROUS)
            assert (told.pid, told.proof.strength) == (started.pid, "PROVEN")

    asyncio.run(main())


@pytest.mark.needs("cgroup1")
def test_the_next_run_begins_where_its_limits_are(yard: Yard) -> None:
    async def main() -> None:
        async with slow(yard) as (client, mover, _):
            limited = client.start(yard.sh("b", "cat /proc/self/cgroup; read line", limits=RunLimits(pids=50)))
            await asyncio.sleep(0.1)
            os.kill(mover, signal.SIGCONT)
            started = await asyncio.wait_for(limited, GENEROUS)
            assert isinstance(started, Started)
            assert started.group is not None
            told = await asyncio.wait_for(client.ended("b"), GENEROUS)
            assert told.limits_by == "cgroup v1"
            (line,) = [line for line in yard.log("b").splitlines() if line.split(":")[1] == "pids"]
            assert line.endswith("/".join(started.group.split("/")[-2:]))

    asyncio.run(main())


def test_it_ends_with_the_shim(yard: Yard) -> None:
    async def main() -> None:
        async with warm(yard) as (client, mover):
            os.kill(mover, signal.SIGSTOP)
            os.kill(client.facts["pid"], signal.SIGKILL)
            await until(lambda: not alive(mover), "the end of the mover")

    asyncio.run(main())


def test_a_group_that_cannot_be_made_is_told_for_its_process(monkeypatch: pytest.MonkeyPatch) -> None:
    """A file system of groups that is mounted read-only, and no fork to be had: each process gets its own answer."""

    def fork() -> int:
        raise OSError(errno.EAGAIN, os.strerror(errno.EAGAIN))

    def folders(slot: str) -> list[str]:
        raise OSError(errno.EROFS if slot == "read-only" else errno.ENOSPC, slot)

    monkeypatch.setattr(os, "fork", fork)
    shim: Any = SimpleNamespace(timers=Timers())
    mover, told = Mover(shim, cast("Any", folders), lambda: None), list[list[int]]()
    moves: Any = [("read-only", 1), ("full", 2)]
    mover.move(moves, told.append)
    assert told == [[errno.EROFS, errno.ENOSPC]]
    mover.settle()  # nothing is on its way
