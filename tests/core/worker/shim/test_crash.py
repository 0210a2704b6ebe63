"""kill -9 of everything but the runs. No run is lost, none is started twice, no status is guessed."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Callable

import pytest
from tests.core.worker.shim.yard import Yard, alive, begin, codes, ends, kill, until

from anyjob.worker.local.shimclient import Started
from anyjob.worker.shim import process
from anyjob.worker.shim.kernel import boottime


def test_shim_killed_every_code_is_kept(any_yard: Yard) -> None:
    async def main() -> None:
        async with any_yard.client() as client:
            await begin(any_yard, client, 50)
            kill(client, "pid")
            (any_yard.folder / "go").touch()
            ended = await ends(client, 50)
        assert codes(ended) == list(range(50))
        assert {any_yard.log(f"run{number}") for number in range(50)} == {"begun\n"}

    asyncio.run(main())


def test_shim_killed_the_next_one_goes_on_with_living_runs(any_yard: Yard) -> None:
    async def main() -> None:
        async with any_yard.client() as client:
            pids = await begin(any_yard, client, 20)
            first = client.facts["pid"]
            waiting = client.ended("run3")
            kill(client, "pid")
            await until(lambda: bool(client.facts) and client.facts["pid"] != first, "the next shim")
            assert all(map(alive, pids))
            # It can be told to stop a run that it did not start, and starts others.
            await client.stop("run3", "FORCE")
            ended = await waiting
            assert ended.status == signal.SIGKILL
            await client.start(any_yard.order("new", "true"))
            assert (await client.ended("new")).status == 0
            (any_yard.folder / "go").touch()
            others = [end for end in codes(await ends(client, 20)) if end != -signal.SIGKILL]
            assert others == [number for number in range(20) if number != 3]

    asyncio.run(main())


def test_a_scan_leaves_another_folders_run_of_the_same_name_alone(new_yard: Callable[..., Yard]) -> None:
    """Two servers of which one was restored from the other's backup give the same names."""

    async def main() -> None:
        one, other = (new_yard(cgroup="off", spawners=0) for _ in range(2))
        async with one.client() as client, other.client() as beside:
            await begin(one, client, 1)
            (pid,) = await begin(other, beside, 1)
            first, waiting = client.facts["pid"], client.ended("run0")
            kill(client, "pid")
            await until(lambda: bool(client.facts) and client.facts["pid"] != first, "the next shim")
            await client.stop("run0", "FORCE")
            assert (await waiting).status == signal.SIGKILL
            assert alive(pid)
            (other.folder / "go").touch()
            assert codes(await ends(beside, 1)) == [0]

    asyncio.run(main())


def test_shim_and_worker_killed_together(any_yard: Yard) -> None:
    async def main() -> None:
        async with any_yard.client() as client:
            await begin(any_yard, client, 50)
            kill(client, "pid")
            assert client._wire is not None  # pyright: ignore[reportPrivateUsage]
            client._wire.abort()  # pyright: ignore[reportPrivateUsage]
            await client.close()
            (any_yard.folder / "go").touch()
        async with any_yard.client() as client:
            assert len(client.known) == 50
            assert codes(await ends(client, 50)) == list(range(50))

    asyncio.run(main())


def test_keeper_killed_the_shim_goes_on(any_yard: Yard) -> None:
    async def main() -> None:
        async with any_yard.client() as client:
            await begin(any_yard, client, 5)
            kill(client, "keeper")
            await client.start(any_yard.order("new", "true"))
            assert (await client.ended("new")).status == 0
            (any_yard.folder / "go").touch()
            assert codes(await ends(client, 5)) == list(range(5))
            shim = client.facts["pid"]
        async with any_yard.client() as client:
            assert client.facts["pid"] == shim

    asyncio.run(main())


def _tells_exits() -> bool:
    """Whether the kernel tells the status of a process that somebody else has reaped (6.15)."""
    major, minor = os.uname().release.split(".")[:2]
    return (int(major), int(minor.split("-")[0])) >= (6, 15)


def test_all_killed_a_new_keeper_finds_living_runs(any_yard: Yard) -> None:
    async def main() -> None:
        async with any_yard.client() as client:
            pids = await begin(any_yard, client, 20)
            kill(client, "keeper", "pid")
            await client.close()
        async with any_yard.client() as client:
            known = [client.known[f"run{number}"] for number in range(20)]
            assert [one.pid for one in known] == pids
            assert all(isinstance(one, Started) for one in known)
            (any_yard.folder / "go").touch()
            ended = await ends(client, 20)
        if _tells_exits():
            assert codes(ended) == list(range(20))
        else:
            assert {(end.status, end.cause) for end in ended} == {(None, "unknown")}
        assert {any_yard.log(f"run{number}") for number in range(20)} == {"begun\n"}

    asyncio.run(main())


def _spawned(pid: int) -> bool:
    facts = process.facts(pid)
    return facts is not None and process.read(f"/proc/{facts.parent}/comm") == b"anyjob-spawner\n"


def test_all_killed_and_a_run_ends_unseen(any_yard: Yard) -> None:
    """Nobody was there to see it: unknown, with what is known."""

    async def main() -> None:
        async with any_yard.client() as client:
            pids = await begin(any_yard, client, 2)
            kill(client, "keeper", "pid")
            await client.close()
        await until(
            lambda: not any(map(_spawned, pids)), "that their spawners left; one that is there yet sees the end"
        )
        (any_yard.folder / "go").touch()
        await until(lambda: not any(map(process.facts, pids)), "the ends of the runs, and their reaping")
        async with any_yard.client() as client:
            for pid, end in zip(pids, await ends(client, 2), strict=True):
                assert (end.status, end.cause) == (None, "unknown")
                assert str(pid) in " ".join(text for _, text in end.evidence)

    asyncio.run(main())


def test_a_deadline_outlives_the_shim(any_yard: Yard) -> None:
    async def main() -> None:
        async with any_yard.client() as client:
            script = "trap '' TERM; echo begun; sleep 60"
            await client.start(any_yard.sh("a", script, deadline=boottime() + 0.5, grace=0.1))
            await any_yard.wrote("a", "begun")
            kill(client, "pid")
            ended = await client.ended("a")
        assert (ended.cause, ended.status) == ("timed_out", signal.SIGKILL)

    asyncio.run(main())


def test_a_stop_is_remembered_across_shims(any_yard: Yard) -> None:
    async def main() -> None:
        async with any_yard.client() as client:
            await client.start(
                any_yard.sh(
                    "a", "trap '' TERM; echo begun; while [ ! -e go ]; do sleep 0.02; done", cwd=str(any_yard.folder)
                )
            )
            await any_yard.wrote("a", "begun")
            await client.stop("a", "ASK")
            kill(client, "pid")
            (any_yard.folder / "go").touch()
            assert (await client.ended("a")).stop_asked == "ASK"

    asyncio.run(main())


@pytest.mark.parametrize("cgroup", ["auto", "off"])
def test_orders_in_flight_when_the_shim_dies(new_yard: Callable[..., Yard], cgroup: str) -> None:
    """Killed while it starts a batch, again and again: each run begins exactly once, and each code is known."""
    yard = new_yard(cgroup=cgroup)

    async def main() -> None:
        async with yard.client() as client:
            for life in range(8):
                names = [f"{life}.{number}" for number in range(30)]
                for number, name in enumerate(names):
                    client.start(yard.sh(name, f"echo begun; exit {number}"))
                await asyncio.sleep(0.002 * (life + 1))
                kill(client, "pid")
                ended = [await asyncio.wait_for(client.ended(name), 30) for name in names]
                assert {yard.log(name) for name in names if (yard.folder / f"{name}.log").exists()} == {"begun\n"}
                assert [(end.run, end.evidence) for end in ended if end.status is None] == []
                assert codes(ended) == list(range(30))
                client.ack(names)

    asyncio.run(main())


def test_the_shim_dies_between_the_end_of_a_run_and_its_line(yard: Yard) -> None:
    async def main() -> None:
        async with yard.client() as client:
            for life in range(6):
                names = [f"{life}.{number}" for number in range(30)]
                for number, name in enumerate(names):
                    await client.start(
                        yard.sh(
                            name, f"while [ ! -e go{life} ]; do sleep 0.01; done; exit {number}", cwd=str(yard.folder)
                        )
                    )
                (yard.folder / f"go{life}").touch()
                await asyncio.sleep(0.003 * life)
                kill(client, "pid")
                assert codes([await asyncio.wait_for(client.ended(name), 30) for name in names]) == list(range(30))

    asyncio.run(main())


def test_the_code_of_a_leader_outlives_two_shims(any_yard: Yard) -> None:
    """What it left goes on, and each shim writes the journal anew."""

    async def main() -> None:
        script = "(sh -c 'while [ ! -e go ]; do sleep 0.01; done' &); exit 6"
        async with any_yard.client() as client:
            started = await client.start(any_yard.sh("a", script, leftovers="wait", cwd=str(any_yard.folder)))
            await until(lambda: not alive(started.pid or 0), "the leader's end")
            waiting = client.ended("a")
            for _ in range(2):
                await client.stop("nobody", "ASK")  # a round trip: the shim has seen the leader's end
                shim = client.facts["pid"]
                kill(client, "pid")
                await until(lambda shim=shim: bool(client.facts) and client.facts["pid"] != shim, "the next shim")
            (any_yard.folder / "go").touch()
            assert (await asyncio.wait_for(waiting, 30)).status == 6 << 8

    asyncio.run(main())


def test_a_dead_spawner_takes_no_run_with_it(new_yard: Callable[..., Yard]) -> None:
    yard = new_yard(cgroup="off")

    async def main() -> None:
        async with yard.client() as client:
            pids = await begin(yard, client, 3)
            for pid in process.children(client.facts["pid"]):
                if (process.read(f"/proc/{pid}/comm") or b"").startswith(b"anyjob-spawner"):
                    os.kill(pid, signal.SIGKILL)
            shim = client.facts["pid"]
            await until(lambda: set(pids) <= set(process.children(shim)), "the shim as parent")
            proof = await client.stop("run0", "FORCE")
            assert proof.strength == "PROVEN"
            (yard.folder / "go").touch()
            assert codes(await ends(client, 3))[1:] == [1, 2]

    asyncio.run(main())


def test_a_spawner_killed_while_it_starts_a_run(new_yard: Callable[..., Yard]) -> None:
    """Either the run has begun, and is held, or it has not, and that is said; never both, never neither."""
    yard = new_yard(cgroup="off", spawners=1)

    async def main() -> None:
        async with yard.client() as client:
            await client.start(yard.order("warm", "true"))
            await client.ended("warm")
            shim = client.facts["pid"]
            for number in range(20):
                name = f"run{number}"
                got = client.start(yard.sh(name, "echo begun; exit 3"))
                await asyncio.sleep(number * 0.0001)
                for pid in process.children(shim):
                    if (process.read(f"/proc/{pid}/comm") or b"").startswith(b"anyjob-spawner"):
                        os.kill(pid, signal.SIGKILL)
                await got
                ended = await asyncio.wait_for(client.ended(name), 30)
                if ended.pid is None:
                    assert ended.cause in ("start_failed", "unknown")
                    assert ended.cause == "unknown" or yard.log(name) == "", "what has begun is not said to have not"
                else:
                    assert (ended.status, yard.log(name)) in ((3 << 8, "begun\n"), (None, "begun\n"))
            assert yard.marked() == []

    asyncio.run(main())
