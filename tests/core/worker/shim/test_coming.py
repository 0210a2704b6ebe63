"""Runs whose spawner has their order and has not said yet whether they began. One that is stopped takes its time."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
from collections.abc import Callable

import pytest
from tests.core.worker.shim.yard import GENEROUS, Yard, alive, kill, until

from anyjob.worker.local.shimclient import Ended, ShimClient, Started
from anyjob.worker.shim import process


@pytest.fixture
def yard(new_yard: Callable[..., Yard]) -> Yard:
    return new_yard(cgroup="off")


async def stopped_spawners(yard: Yard, client: ShimClient) -> list[int]:
    """All spawners of the shim, from here on stopped."""
    await client.start(yard.order("first", "true"))
    await client.ended("first")
    found = [
        pid
        for pid in process.children(client.facts["pid"])
        if (process.read(f"/proc/{pid}/comm") or b"").startswith(b"anyjob-spawner")
    ]
    for pid in found:
        os.kill(pid, signal.SIGSTOP)
    await asyncio.sleep(0.05)  # by the kernel's ticks they are older than what is ordered next
    return found


def go_on(spawners: list[int]) -> None:
    for pid in spawners:
        with contextlib.suppress(ProcessLookupError):  # killed, and reaped by the keeper already
            os.kill(pid, signal.SIGCONT)


async def asked_nothing(client: ShimClient) -> None:
    """A round trip: what was ordered before has been seen."""
    await asyncio.wait_for(client.stop("nobody", "ASK"), GENEROUS)


def test_the_shim_goes_on_meanwhile(yard: Yard) -> None:
    async def main() -> None:
        async with yard.client() as client:
            spawners = await stopped_spawners(yard, client)
            names = [f"n{number}" for number in range(len(spawners))]
            began = [client.start(yard.order(name, "true")) for name in names]
            await asked_nothing(client)
            assert not any(one.done() for one in began)
            go_on(spawners)
            assert all(isinstance(one, Started) for one in await asyncio.gather(*began))
            assert [(await client.ended(name)).status for name in names] == [0] * len(names)

    asyncio.run(main())


def test_a_second_order_of_such_a_run_is_no_second_start(yard: Yard) -> None:
    async def main() -> None:
        async with yard.client() as client:
            spawners = await stopped_spawners(yard, client)
            order = yard.sh("a", "echo begun")
            client.start(order)
            await asked_nothing(client)
            client.start(order).cancel()
            again = client.start(order)
            await asked_nothing(client)
            go_on(spawners)
            assert isinstance(await again, Started)
            await client.ended("a")
            assert yard.log("a") == "begun\n"

    asyncio.run(main())


def test_a_stop_waits_for_the_run(yard: Yard) -> None:
    async def main() -> None:
        async with yard.client() as client:
            spawners = await stopped_spawners(yard, client)
            began = client.start(yard.order("a", "sleep", "60"))
            await asked_nothing(client)
            stopping = asyncio.create_task(client.stop("a", "FORCE"))
            await asyncio.sleep(0.05)
            go_on(spawners)
            assert (await stopping).strength == "PROVEN"
            assert isinstance(await began, Started)

    asyncio.run(main())


def test_the_next_worker_is_told_of_it(yard: Yard) -> None:
    async def main() -> None:
        async with yard.client() as old:
            spawners = await stopped_spawners(yard, old)
            old.start(yard.order("a", "sleep", "60"))
            await asked_nothing(old)
            opening = asyncio.create_task(ShimClient.open(yard.shim_folder, yard.options))
            await asyncio.sleep(0.05)
            assert not opening.done()
            go_on(spawners)
            new = await opening
            assert isinstance(new.known["a"], Started)
            await new.stop("a", "FORCE")
            await new.close()

    asyncio.run(main())


def test_a_shim_does_not_end_before_it_knows(yard: Yard) -> None:
    async def main() -> None:
        async with yard.client() as client:
            spawners = await stopped_spawners(yard, client)
            began = client.start(yard.sh("a", "exit 3"))
            client.quit_when_idle()
            await asked_nothing(client)
            await asyncio.sleep(0.05)
            go_on(spawners)
            assert isinstance(await began, Started)
            assert (await client.ended("a")).status == 3 << 8

    asyncio.run(main())


def test_the_shim_dies_and_its_spawner_begins_the_run(yard: Yard) -> None:
    """The next shim is asked for the run before it has begun, and must not begin it as well."""

    async def main() -> None:
        async with yard.client() as client:
            spawners = await stopped_spawners(yard, client)
            began = client.start(yard.sh("a", "echo begun; exit 3"))
            await asked_nothing(client)
            shim = client.facts["pid"]
            kill(client, "pid")
            await until(lambda: bool(client.facts) and client.facts["pid"] != shim, "the next shim")
            await asyncio.sleep(0.3)  # it looks for the run
            go_on(spawners)
            await asyncio.wait_for(began, GENEROUS)
            ended = await asyncio.wait_for(client.ended("a"), GENEROUS)
            await until(lambda: not any(map(alive, spawners)), "the end of the dead shim's spawners")
            await until(lambda: len(yard.marked()) == 0, "the end of what they had begun")
            assert (ended.status, yard.log("a")) == (3 << 8, "begun\n")

    asyncio.run(main())


def test_the_spawner_dies_with_the_order(yard: Yard) -> None:
    async def main() -> None:
        async with yard.client() as client:
            spawners = await stopped_spawners(yard, client)
            began = [client.start(yard.sh(f"n{number}", "echo begun")) for number in range(2)]
            await asked_nothing(client)
            for pid in spawners:
                os.kill(pid, signal.SIGKILL)
            for one in await asyncio.gather(*began):
                assert isinstance(one, Ended)
                assert (one.cause, yard.log(one.run)) == ("start_failed", "")
                assert "it left no process behind" in str(one.evidence)
            after = await client.start(yard.sh("after", "exit 4"))
            assert isinstance(after, Started)
            assert (await client.ended("after")).status == 4 << 8

    asyncio.run(main())


def test_only_one_of_several_was_begun_when_the_shim_died(yard: Yard) -> None:
    """Those that were not are begun by the next shim, beside the one that goes on."""

    async def main() -> None:
        async with yard.client() as client:
            spawners = await stopped_spawners(yard, client)
            names = [f"n{number}" for number in range(len(spawners))]
            began = [client.start(yard.sh(name, "echo begun; sleep 60")) for name in names]
            await asked_nothing(client)
            for pid in spawners[1:]:
                os.kill(pid, signal.SIGKILL)
            kill(client, "pid")
            go_on(spawners)
            assert all(isinstance(one, Started) for one in await asyncio.gather(*began))
            for name in names:
                await yard.wrote(name, "begun")
                assert (await client.stop(name, "FORCE")).strength in ("PROVEN", "ASKED")
                await client.ended(name)
                assert yard.log(name) == "begun\n"

    asyncio.run(main())


def test_the_end_of_a_redactor_is_not_taken_for_a_run_s(yard: Yard) -> None:
    async def main() -> None:
        async with yard.client() as client:
            spawners = await stopped_spawners(yard, client)
            began = client.start(yard.sh("a", "echo begun", redact=[b"hunter2"]))
            await asked_nothing(client)
            kill(client, "pid")
            for pid in spawners:
                os.kill(pid, signal.SIGKILL)
            assert isinstance(await began, Started)
            assert (await client.ended("a")).status == 0
            assert yard.log("a") == "begun\n"

    asyncio.run(main())


def test_spawners_that_do_not_answer_are_given_up(yard: Yard) -> None:
    """They are killed, so that they cannot begin the runs later; the shim goes on."""

    async def main() -> None:
        async with yard.client() as client:
            spawners = await stopped_spawners(yard, client)
            shim = client.facts["pid"]
            for ended in await asyncio.gather(*[client.start(yard.sh(name, "echo begun")) for name in "ab"]):
                assert isinstance(ended, Ended)
                assert (ended.cause, yard.log(ended.run)) == ("start_failed", "")
                assert "did not start the run within 20 s; it left no process behind" in str(ended.evidence)
            assert len([pid for pid in spawners if alive(pid)]) == len(spawners) - 2
            assert client.facts["pid"] == shim
            go_on([pid for pid in spawners if alive(pid)])

    asyncio.run(main())
