"""A shim ends when it has nothing to keep, and leaves nothing."""

from __future__ import annotations

import asyncio
import fcntl
import os
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.core.worker.shim.yard import Yard, alive, until

from anyjob.errors import ShimLost
from anyjob.worker.local.shimclient import Ended, RunLimits, ShimClient, Started
from anyjob.worker.shim.kernel import boottime
from anyjob.worker.shim.mounts import own_groups


def groups(yard: Yard) -> list[Path]:
    """The yard's cgroups of every version."""
    found = os.stat(yard.shim_folder)
    name = f"anyjob-{found.st_dev:x}-{found.st_ino:x}"
    return [Path(folder, name) for folder in own_groups().values() if Path(folder, name).exists()]


@pytest.mark.needs("cgroup2")
@pytest.mark.needs("cgroup1")
def test_ends_by_itself_and_removes_its_groups(new_yard: Callable[..., Yard]) -> None:
    yard = new_yard(idle=0.3)

    async def main() -> None:
        async with yard.client() as client:
            pids = [client.facts["pid"], client.facts["keeper"]]
            await client.start(yard.order("a", "true", limits=RunLimits(memory=64 << 20, cpu=1.0, pids=9)))
            await client.start(yard.order("b", "true"))
            await client.ended("a")
            await client.ended("b")
            assert len(groups(yard)) == 4
        await until(lambda: not any(map(alive, pids)), "the end of shim and keeper")
        assert groups(yard) == []
        assert not (yard.shim_folder / "sock").exists()
        # What nobody has acknowledged is there for the next one.
        async with yard.client() as client:
            assert isinstance(client.known["a"], Ended)
            assert client.facts["pid"] not in pids

    asyncio.run(main())


def test_a_living_run_or_an_armed_command_keeps_it(new_yard: Callable[..., Yard]) -> None:
    yard = new_yard(idle=0.1)

    async def main() -> None:
        async with yard.client() as client:
            pid = client.facts["pid"]
            await client.start(yard.sh("a", "sleep 0.5"))
            env = {"PATH": os.environ["PATH"]}
            await client.arm("k", at=boottime() + 1.0, argv=["true"], env=env, log=str(yard.folder / "armed.log"))
        await until((yard.folder / "armed.log").exists, "the armed command")
        await until(lambda: not alive(pid), "the end")
        async with yard.client() as client:
            assert {"a", "arm:k"} == set(client.known)
            assert all(isinstance(one, Ended) for one in client.known.values())

    asyncio.run(main())


def test_a_connected_worker_keeps_it(new_yard: Callable[..., Yard]) -> None:
    yard = new_yard(idle=0.05)

    async def main() -> None:
        async with yard.client() as client:
            pid = client.facts["pid"]
            await asyncio.sleep(0.3)
            assert alive(pid)
            assert isinstance(await client.start(yard.order("a", "sleep", "60")), Started)

    asyncio.run(main())


def test_small(any_yard: Yard) -> None:
    """Keeper and shim share what they have; nothing beyond the standard library is loaded."""

    async def main() -> None:
        async with any_yard.client() as client:
            await client.start(any_yard.order("a", "true"))
            await client.ended("a")
            total = 0
            for name in ("pid", "keeper"):
                text = Path(f"/proc/{client.facts[name]}/smaps_rollup").read_text()
                total += next(int(line.split()[1]) for line in text.splitlines() if line.startswith("Pss:"))
                assert "site-packages" not in Path(f"/proc/{client.facts[name]}/maps").read_text()
        assert total < 24_000

    asyncio.run(main())


def test_a_worker_that_comes_while_the_shim_ends(new_yard: Callable[..., Yard]) -> None:
    yard = new_yard(idle=0.01)

    async def main() -> None:
        for number in range(20):
            async with yard.client() as client:
                await client.start(yard.order(f"run{number}", "true"))
                assert (await client.ended(f"run{number}")).status == 0
            await asyncio.sleep(0.01 + number % 5 * 0.003)

    asyncio.run(main())


def test_a_shim_that_cannot_live_is_given_up(new_yard: Callable[..., Yard]) -> None:
    """Nobody may be left behind that starts it again for ever; the worker is told."""
    yard = new_yard()
    yard.shim_folder.mkdir(mode=0o700)
    (yard.shim_folder / "journal.jsonl").mkdir()  # a journal that cannot be opened

    async def main() -> None:
        with pytest.raises(ShimLost, match="IsADirectoryError"):
            await ShimClient.open(yard.shim_folder, yard.options)
        with (yard.shim_folder / "lock").open("rb") as lock:
            await until(lambda: _free(lock.fileno()), "the end of the keeper")
        assert "journal.jsonl" in (yard.shim_folder / "shim.err").read_text()
        (yard.shim_folder / "journal.jsonl").rmdir()
        async with yard.client() as client:
            await client.start(yard.order("a", "true"))
            assert (await client.ended("a")).status == 0

    asyncio.run(main())


def _free(lock: int) -> bool:
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    fcntl.flock(lock, fcntl.LOCK_UN)
    return True
