"""The socket between worker and shim."""

from __future__ import annotations

import asyncio
import dataclasses
import os
import signal
import socket
import stat
import time
from pathlib import Path

import pytest
from tests.core.worker.shim.yard import GENEROUS, Yard, until
from tests.passage import let_through

from anyjob.errors import ShimLost
from anyjob.worker.local.shimclient import Ended, ShimClient, ShimOptions, Started
from anyjob.worker.shim import frames


def test_a_later_worker_finds_runs_and_ends(any_yard: Yard) -> None:
    async def main() -> None:
        async with any_yard.client() as client:
            assert client.known == {}
            first = await client.start(any_yard.sh("over", "exit 5"))
            await client.ended("over")
            second = await client.start(
                any_yard.sh("live", "while [ ! -e go ]; do sleep 0.01; done; exit 6", cwd=str(any_yard.folder))
            )
        async with any_yard.client() as client:
            assert client.known["live"] == second
            over = await client.ended("over")
            assert (client.known["over"], over.pid) == (over, first.pid)
            future = client.ended("live")
            (any_yard.folder / "go").touch()
            assert os.waitstatus_to_exitcode((await future).status or 0) == 6
            client.ack(["over", "live"])
        async with any_yard.client() as client:
            assert client.known == {}

    asyncio.run(main())


def test_a_busy_turn_does_not_keep_the_shim_waiting(yard: Yard) -> None:
    """Of many orders the first runs begin while the worker still makes the others."""

    async def main() -> None:
        async with yard.client() as client:
            orders = [yard.sh(f"run{number}", f"echo > begun{number}", cwd=str(yard.folder)) for number in range(8)]
            begun = [client.start(order) for order in orders]
            first, last = yard.folder / "begun0", yard.folder / "begun7"
            end = time.monotonic() + GENEROUS
            while not first.exists() and time.monotonic() < end:
                time.sleep(0.01)  # the loop is not to turn
            assert (first.exists(), last.exists()) == (True, False)
            assert all(isinstance(one, Started) for one in await asyncio.gather(*begun))

    asyncio.run(main())


def test_a_newer_connection_takes_over(yard: Yard) -> None:
    async def main() -> None:
        async with yard.client() as old:
            await old.start(yard.order("a", "sleep", "60"))
            waiting = old.ended("a")
            async with yard.client() as new:
                with pytest.raises(ShimLost, match="took over"):
                    await waiting
                with pytest.raises(ShimLost, match="took over"):
                    await old.start(yard.order("b", "true"))
                assert isinstance(new.known["a"], Started)
                proof = await new.stop("a", "FORCE")
                assert proof.strength == "PROVEN"

    asyncio.run(main())


def test_a_lost_connection_comes_back(yard: Yard) -> None:
    async def main() -> None:
        async with yard.client() as client:
            await client.start(yard.sh("a", "while [ ! -e go ]; do sleep 0.01; done; exit 4", cwd=str(yard.folder)))
            waiting = client.ended("a")
            assert client._wire is not None  # pyright: ignore[reportPrivateUsage]
            client._wire.abort()  # pyright: ignore[reportPrivateUsage]
            (yard.folder / "go").touch()
            assert os.waitstatus_to_exitcode((await waiting).status or 0) == 4
            await client.start(yard.order("b", "true"))
            assert (await client.ended("b")).status == 0

    asyncio.run(main())


def test_a_worker_of_another_protocol_is_refused_with_both_numbers(yard: Yard) -> None:
    async def main() -> None:
        async with yard.client():
            pass

    asyncio.run(main())
    with socket.socket(socket.AF_UNIX) as connection:
        connection.connect(_short(yard.shim_folder))
        connection.settimeout(20)
        connection.sendall(frames.frame([frames.encode({"do": "hello", "version": 99})]))
        said = frames.Frames()
        messages: list[dict[str, object]] = []
        while data := connection.recv(65536):
            messages += said.feed(data)
    hello, refused = messages
    assert hello["version"] == frames.VERSION
    assert refused["ev"] == "refused"
    assert "99" in str(refused["why"])
    assert str(frames.VERSION) in str(refused["why"])


def _short(folder: Path) -> str:
    """A path to the socket that fits: tmp_path may be long."""
    os.chdir(folder)
    return "sock"


@pytest.fixture(autouse=True)
def _stay(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)


def test_garbage_ends_the_connection_and_nothing_else(yard: Yard) -> None:
    async def main() -> None:
        async with yard.client() as client:
            await client.start(yard.order("a", "sleep", "60"))
        with socket.socket(socket.AF_UNIX) as connection:
            connection.connect(_short(yard.shim_folder))
            connection.settimeout(20)
            connection.sendall(b"\xff" * 100)
            while connection.recv(65536):
                pass
        async with yard.client() as client:
            assert isinstance(client.known["a"], Started)

    asyncio.run(main())


def test_only_the_owner_may_look(yard: Yard) -> None:
    async def main() -> None:
        async with yard.client():
            assert stat.S_IMODE(yard.shim_folder.stat().st_mode) == 0o700

    asyncio.run(main())


def test_a_folder_open_to_others_is_refused(yard: Yard) -> None:
    folder = yard.folder / "open"
    folder.mkdir()
    folder.chmod(0o755)

    async def main() -> None:
        with pytest.raises(ShimLost, match="chmod 700"):
            await ShimClient.open(folder, ShimOptions())

    asyncio.run(main())


@pytest.mark.needs("root")
def test_another_user_is_turned_away(yard: Yard) -> None:
    async def main() -> None:
        async with yard.client() as client:
            await client.start(yard.order("a", "sleep", "60"))
            pid = os.fork()
            if pid == 0:
                _knock(yard.shim_folder)
            assert os.waitstatus_to_exitcode((await asyncio.to_thread(os.waitpid, pid, 0))[1]) == 0
            assert (await client.stop("a", "FORCE")).strength == "PROVEN"

    asyncio.run(main())


def _knock(folder: Path) -> None:
    """In a child: connect past the folder's mode, as a user who got hold of its descriptor. Exits 0 when nothing is
    said.
    """
    status = 1
    try:
        at = os.open(folder, os.O_RDONLY)
        os.fchmod(at, 0o711)
        (folder / "sock").chmod(0o777)
        let_through(folder.parent)
        os.setuid(65534)
        with socket.socket(socket.AF_UNIX) as connection:
            connection.connect(f"/proc/self/fd/{at}/sock")
            connection.settimeout(20)
            status = 0 if connection.recv(100) == b"" else 2
    finally:
        os._exit(status)


def test_a_path_longer_than_a_socket_address(new_yard: object, tmp_path: Path) -> None:
    folder = tmp_path / ("x" * 200) / "yard"
    folder.mkdir(parents=True)
    yard = Yard(folder, ShimOptions())

    async def main() -> None:
        async with yard.client() as client:
            await client.start(yard.order("a", "true"))
            assert (await client.ended("a")).status == 0

    try:
        asyncio.run(main())
    finally:
        yard.end()


def test_a_worker_that_does_not_read_is_dropped_and_loses_nothing(yard: Yard) -> None:
    """The shim must neither block nor forget: the next connection lists every end."""

    async def main() -> None:
        async with yard.client() as client:
            transport = client._wire.transport if client._wire else None  # pyright: ignore[reportPrivateUsage]
            assert transport is not None
            transport.pause_reading()
            for number in range(300):
                client.start(yard.order(f"run{number}", "true", cwd="/no/such/folder/" + "x" * 3000))
            journal = yard.shim_folder / "journal.jsonl"
            await until(lambda: '"ev":"ended","run":"run299"' in journal.read_text(), "the last end in the journal")
            async with yard.client() as other:
                ends = [await other.ended(f"run{number}") for number in range(300)]
        assert {end.cause for end in ends} == {"bad_config"}

    asyncio.run(main())


def test_one_who_stops_waiting_leaves_the_others_waiting(yard: Yard) -> None:
    async def main() -> None:
        async with yard.client() as client:
            first = client.start(yard.sh("a", "while [ ! -e go ]; do sleep 0.01; done; exit 4", cwd=str(yard.folder)))
            first.cancel()
            assert isinstance(await client.start(yard.order("a", "true")), Started)
            other = client.ended("a")
            client.ended("a").cancel()
            (yard.folder / "go").touch()
            assert os.waitstatus_to_exitcode((await other).status or 0) == 4
            assert (await client.ended("a")) == (await other)

    asyncio.run(main())


def test_an_unknown_run_has_no_end_to_wait_for(yard: Yard) -> None:
    async def main() -> None:
        async with yard.client() as client:
            with pytest.raises(ShimLost, match="nobody"):
                await client.ended("nobody")
            proof = await client.stop("nobody", "FORCE")
            assert proof.strength == "ASKED"

    asyncio.run(main())


def test_an_order_that_makes_no_sense_ends_nothing_else(yard: Yard) -> None:
    async def main() -> None:
        async with yard.client() as client:
            got = client.start(dataclasses.replace(yard.order("odd", "true"), cwd=17))  # pyright: ignore[reportArgumentType]
            client.start(yard.order("a", "true"))
            assert (await client.ended("a")).status == 0
            assert isinstance(await got, Ended)

    asyncio.run(main())


def test_an_end_is_told_before_all_that_was_ordered_has_begun(yard: Yard) -> None:
    async def main() -> None:
        async with yard.client() as client:
            names = [f"n{number}" for number in range(100)]
            began = [client.start(yard.order(name, "true")) for name in names]
            await began[0]
            await client.ended(names[0])
            assert not began[-1].done()
            await asyncio.gather(*began, *map(client.ended, names))

    asyncio.run(main())


def test_what_a_worker_ordered_is_done_before_the_next_one_is_told_what_there_is(yard: Yard) -> None:
    async def main() -> None:
        async with yard.client() as old:
            names = [f"n{number}" for number in range(50)]
            for name in names:
                old.start(yard.order(name, "true"))
            await asyncio.sleep(0)  # they leave
            async with yard.client() as new:
                assert sorted(new.known) == sorted(names)
                new.ack(names)

    asyncio.run(main())


@pytest.mark.parametrize("following", ["comes later", "waits already"])
def test_what_a_worker_sent_last_is_read_to_its_end(yard: Yard, following: str) -> None:
    """More than the shim reads at a time, from a worker that is gone before the shim answers the first of it."""

    async def main() -> None:
        names = [f"n{number:02}" for number in range(30)]
        async with yard.client() as old:
            shim = old.facts["pid"]
            os.kill(shim, signal.SIGSTOP)
            for name in names:
                old.start(yard.order(name, "true", env={"LONG": "x" * 6000}))
            await asyncio.sleep(0)  # they leave
            opening = (
                asyncio.create_task(ShimClient.open(yard.shim_folder, yard.options))
                if following == "waits already"
                else None
            )
            if opening is not None:
                await asyncio.sleep(0.1)  # it is in the queue
        os.kill(shim, signal.SIGCONT)
        new = await (opening or ShimClient.open(yard.shim_folder, yard.options))
        try:
            assert sorted(new.known) == names
        finally:
            await new.close()

    asyncio.run(main())


def test_a_stop_that_stands_behind_starts_finds_its_run(yard: Yard) -> None:
    async def main() -> None:
        async with yard.client() as client:
            for number in range(20):
                client.start(yard.order(f"n{number}", "true"))
            began = client.start(yard.order("last", "sleep", "60"))
            proof = await client.stop("last", "FORCE")
            assert proof.strength == "PROVEN"
            assert isinstance(await began, Started)

    asyncio.run(main())
