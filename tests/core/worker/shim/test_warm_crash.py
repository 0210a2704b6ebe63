"""kill -9 of worker, shim and keeper with warm runs going or on their way. No run is lost, none begins twice."""

from __future__ import annotations

import asyncio
import os
import signal

import pytest
from tests.core.worker.shim.test_warm_faults import SLOW, module, pristine
from tests.core.worker.shim.yard import GENEROUS, Yard, alive, codes, kill, until

from anyjob.worker.local.shimclient import Ended, ShimClient, Started
from anyjob.worker.shim import process

pytestmark = pytest.mark.needs("cgroup2")
COUNT = 12


async def begin(yard: Yard, client: ShimClient) -> list[int]:
    """Warm runs that wait for the file `go`, then end with their numbers. Returns their pids."""
    pids: list[int] = []
    for number in range(COUNT):
        script = "print('begun', flush=True)\n" + SLOW.format("go") + f"\nraise SystemExit({number})"
        started = await client.start(yard.python(f"run{number}", script, cwd=str(yard.folder)))
        assert isinstance(started, Started)
        pids.append(started.pid)
    for number in range(COUNT):
        await yard.wrote(f"run{number}", "begun")
    return pids


async def ends(client: ShimClient) -> list[Ended]:
    return [await asyncio.wait_for(client.ended(f"run{number}"), GENEROUS) for number in range(COUNT)]


@pytest.mark.parametrize("worker", [False, True])
def test_every_code_is_kept(yard: Yard, *, worker: bool) -> None:
    """The shim alone, and together with the worker."""

    async def main() -> None:
        async with yard.client() as client:
            pids = await begin(yard, client)
            residents = pristine(client)
            kill(client, "pid")
            if worker:
                await client.close()
            # The dead shim's residents end, its runs do not.
            await until(lambda: not any(map(alive, residents)), "the end of the residents")
            assert all(map(alive, pids))
            if not worker:
                await client.stop("run3", "FORCE")
            (yard.folder / "go").touch()
            if not worker:
                found = codes(await ends(client))
                assert found == [-signal.SIGKILL if number == 3 else number for number in range(COUNT)]
                # The next shim has residents of its own.
                await client.start(yard.python("next", "pass"))
                assert (await client.ended("next")).status == 0
                return
        async with yard.client() as client:
            assert codes(await ends(client)) == list(range(COUNT))

    asyncio.run(main())
    assert {yard.log(f"run{number}") for number in range(COUNT)} == {"begun\n"}


def test_all_killed_a_new_keeper_finds_living_runs(yard: Yard) -> None:
    async def main() -> None:
        async with yard.client() as client:
            pids = await begin(yard, client)
            kill(client, "keeper", "pid")
            await client.close()
        async with yard.client() as client:
            known = [client.known[f"run{number}"] for number in range(COUNT)]
            assert [one.pid for one in known] == pids
            await client.stop("run0", "FORCE")
            (yard.folder / "go").touch()
            assert {end.proof.strength for end in await ends(client)} == {"PROVEN"}

    asyncio.run(main())
    assert {yard.log(f"run{number}") for number in range(COUNT)} == {"begun\n"}


@pytest.mark.parametrize("first", range(4))
def test_orders_in_flight_when_the_shim_dies(yard: Yard, first: int) -> None:
    """Killed while it starts a batch of warm and cold runs, again and again: each begins once, each code is known."""

    async def main() -> None:
        async with yard.client() as client:
            for life in range(first, 20, 4):
                await client.start(yard.python(f"{life}.ready", "pass"))
                names = [f"{life}.{number}" for number in range(12)]
                for number, name in enumerate(names):
                    script = f"print('begun')\nraise SystemExit({number})"
                    client.start(yard.python(name, script, warm=number % 4 != 3))
                await asyncio.sleep(0.0015 * life)
                kill(client, "pid")
                ended = [await asyncio.wait_for(client.ended(name), GENEROUS) for name in names]
                assert [yard.log(name) for name in names] == ["begun\n"] * 12
                assert [(end.run, end.evidence) for end in ended if end.status is None] == []
                assert codes(ended) == list(range(12))
                client.ack(names)

    asyncio.run(main())


def test_a_worker_that_goes_while_runs_are_started(yard: Yard) -> None:
    """The next one orders them again, as it does with every run of which it knows no end."""

    async def main() -> None:
        for life in range(12):
            names = [f"{life}.{number}" for number in range(8)]
            orders = [yard.python(name, f"print('begun')\nraise SystemExit({name[-1]})") for name in names]
            async with yard.client() as client:
                for order in orders:
                    client.start(order)
                await asyncio.sleep(0.002 * life)
            async with yard.client() as client:
                # It trusts the list: what is not on it has not begun, and never will without a new order.
                known = set(client.known)
                assert all(name in known for name in names if (yard.folder / f"{name}.log").exists())
                for order in orders:
                    await client.start(order)
                assert codes([await client.ended(name) for name in names]) == list(range(8))
                client.ack(names)
            assert [yard.log(name) for name in names] == ["begun\n"] * 8

    asyncio.run(main())


@pytest.mark.parametrize("ahead", [0, 60])
def test_what_an_earlier_worker_ordered_does_not_begin_behind_the_next_ones_back(yard: Yard, ahead: int) -> None:
    """Nor when the order still stood behind so many others."""
    go = yard.folder / "go"
    env = module(yard, "slow", SLOW.format(str(go)))

    async def main() -> None:
        others = [f"n{number}" for number in range(ahead)]
        async with yard.client() as client:
            for name in others:
                client.start(yard.order(name, "true"))
            starting = client.start(yard.python("a", "print('begun')", preload=["slow"], env=env))
            await asyncio.sleep(0)  # it leaves with them
            if not ahead:
                await until(lambda: len(yard.residents(client)) == 1, "the resident")
            assert not starting.done()
        async with yard.client() as client:
            assert sorted(client.known) == sorted(others)
            go.touch()
            await client.start(yard.python("b", "print('begun')", preload=["slow"], env=env))
            await client.ended("b")
            assert not (yard.folder / "a.log").exists()

    asyncio.run(main())


def test_a_shim_that_dies_while_a_resident_loads(yard: Yard) -> None:
    go, loads = yard.folder / "go", yard.folder / "loads"
    env = module(yard, "slow", f"open({str(loads)!r}, 'w')\n" + SLOW.format(str(go)))

    async def main() -> None:
        async with yard.client() as client:
            starting = client.start(yard.python("a", "print('begun')", preload=["slow"], env=env))
            await until(loads.exists, "the resident")
            (resident,) = yard.residents(client)
            kill(client, "pid")
            await until(lambda: not alive(resident), "its end, though it is still loading")
            go.touch()
            assert isinstance(await starting, Started)
            assert (await client.ended("a")).status == 0
            assert yard.log("a") == "begun\n"

    asyncio.run(main())


def test_a_process_that_has_its_order_when_the_shim_dies(yard: Yard) -> None:
    """It goes on when nobody listens any more, and the next shim knows it by what was written down before."""

    async def main() -> None:
        async with yard.client() as client:
            await client.start(yard.python("first", "pass"))
            await until(lambda: len(pristine(client)) == 2, "the resident, and one process ahead")
            (ahead,) = set(pristine(client)) - set(yard.residents(client))
            os.kill(ahead, signal.SIGSTOP)
            client.start(yard.python("a", "print('begun')\nraise SystemExit(4)"))
            journal = yard.shim_folder / "journal.jsonl"
            await until(lambda: '"ev":"sown","run":"a"' in journal.read_text(), "the line")
            kill(client, "pid")
            await until(lambda: ahead in process.children(client.facts["keeper"]), "the keeper as parent")
            os.kill(ahead, signal.SIGCONT)
            ended = await asyncio.wait_for(client.ended("a"), GENEROUS)
            assert (ended.status, ended.pid, yard.log("a")) == (4 << 8, ahead, "begun\n")

    asyncio.run(main())
