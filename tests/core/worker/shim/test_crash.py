"""kill -9 of everything but the runs. No run is lost, none is started twice, no status is guessed."""

from __future__ import annotations

import asyncio
import json
import os
import signal
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.core.worker.shim.yard import Yard, alive, until

from anyjob.worker.local.shimclient import Ended, ShimClient, Started
from anyjob.worker.shim import process
from anyjob.worker.shim.kernel import boottime

WAITS = "echo begun; while [ ! -e go ]; do sleep 0.02; done; exit "


def kill(client: ShimClient, *who: str) -> None:
    """kill -9, first of the one that would notice."""
    for name in who:
        pid, word = client.facts[name], b"keeper" if name == "keeper" else b"shim"
        # The client may not know yet that the one it knew is gone.
        if (process.read(f"/proc/{pid}/comm") or b"").strip() == b"anyjob-" + word:
            os.kill(pid, signal.SIGKILL)


async def begin(yard: Yard, client: ShimClient, count: int) -> list[int]:
    """Runs that wait for the file `go`, then end with their numbers. Returns their pids."""
    pids: list[int] = []
    for number in range(count):
        started = await client.start(yard.sh(f"run{number}", WAITS + str(number), cwd=str(yard.folder)))
        assert isinstance(started, Started)
        pids.append(started.pid)
    for number in range(count):
        await yard.wrote(f"run{number}", "begun")
    return pids


async def ends(client: ShimClient, count: int) -> list[Ended]:
    """Their ends."""
    return [await asyncio.wait_for(client.ended(f"run{number}"), 30) for number in range(count)]


def codes(ended: list[Ended]) -> list[int | None]:
    """Their exit codes."""
    return [None if end.status is None else os.waitstatus_to_exitcode(end.status) for end in ended]


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


def test_all_killed_and_a_run_ends_unseen(any_yard: Yard) -> None:
    """Nobody was there to see it: unknown, with what is known."""

    async def main() -> None:
        async with any_yard.client() as client:
            pids = await begin(any_yard, client, 2)
            kill(client, "keeper", "pid")
            await client.close()
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


def test_orders_in_flight_when_the_shim_dies(yard: Yard) -> None:
    """Killed while it starts a batch, again and again: each run begins exactly once, and each code is known."""

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
                assert codes(ended) == list(range(30)), [end for end in ended if end.status is None]
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


def test_a_torn_last_line_is_passed_over(yard: Yard) -> None:
    async def main() -> None:
        async with yard.client() as client:
            await begin(yard, client, 3)
            kill(client, "keeper", "pid")
            await client.close()
        with (yard.shim_folder / "journal.jsonl").open("ab") as journal:
            journal.write(b'{"ev":"ended","run":"run1","status":0')
        async with yard.client() as client:
            assert all(isinstance(client.known[f"run{number}"], Started) for number in range(3))
            (yard.folder / "go").touch()
            await ends(client, 3)
        async with yard.client() as client:
            assert all(isinstance(client.known[f"run{number}"], Ended) for number in range(3))

    asyncio.run(main())


def test_after_a_new_boot_every_run_is_lost(yard: Yard, monkeypatch: pytest.MonkeyPatch) -> None:
    async def main() -> None:
        async with yard.client() as client:
            pids = await begin(yard, client, 2)
            kill(client, "keeper", "pid")
            await client.close()
        journal = yard.shim_folder / "journal.jsonl"
        now = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
        other = "11111111-2222-3333-4444-555555555555"
        assert now in journal.read_text()
        journal.write_text(journal.read_text().replace(now, other))
        async with yard.client() as client:
            for end in await ends(client, 2):
                assert (end.status, end.cause) == (None, "node_lost")
                said = " ".join(text for _, text in end.evidence)
                assert now in said
                assert other in said
            client.ack(["run0", "run1"])
        # The processes of this test did survive, of course; nobody may have touched them.
        assert all(map(alive, pids))
        (yard.folder / "go").touch()
        await until(lambda: not any(map(alive, pids)), "their end")

    asyncio.run(main())


def test_a_process_with_a_reused_pid_is_never_touched(yard: Yard, new_yard: Callable[..., Yard]) -> None:
    """The journal names a pid that now is somebody else's: same number, other start time."""
    bystander = os.posix_spawn("/bin/sleep", ["sleep", "60"], {}, setsid=True)
    try:

        async def main() -> None:
            async with yard.client() as client:
                (pid,) = await begin(yard, client, 1)
                kill(client, "keeper", "pid")
                await client.close()
            journal = yard.shim_folder / "journal.jsonl"
            journal.write_text(journal.read_text().replace(f'"pid":{pid},', f'"pid":{bystander},'))
            async with yard.client() as client:
                assert (await ends(client, 1))[0].cause == "unknown"
                await client.stop("run0", "ASK")
                await client.stop("run0", "FORCE")
            assert alive(bystander)

        asyncio.run(main())
    finally:
        os.kill(bystander, signal.SIGKILL)
        os.waitpid(bystander, 0)


def test_a_start_that_nobody_can_judge_is_not_repeated(yard: Yard) -> None:
    """All died while a batch was started. Its first open run may have begun; what came after it surely did not."""

    async def main() -> None:
        async with yard.client() as client:
            await begin(yard, client, 1)
            kill(client, "keeper", "pid")
            await client.close()
        line = {"ev": "starting", "runs": ["first", "second"], "tick": int(boottime() * os.sysconf("SC_CLK_TCK"))}
        with (yard.shim_folder / "journal.jsonl").open("a") as journal:
            journal.write(json.dumps(line) + "\n")
        async with yard.client() as client:
            first = await client.start(yard.sh("first", "echo begun"))
            assert isinstance(first, Ended)
            assert (first.cause, first.pid) == ("unknown", None)
            assert not (yard.folder / "first.log").exists()
            await client.start(yard.sh("second", "echo begun"))
            assert (await client.ended("second")).status == 0
            (yard.folder / "go").touch()
            await ends(client, 1)

    asyncio.run(main())


def test_a_run_begun_but_not_written_down_is_found_by_its_mark(any_yard: Yard) -> None:
    """The shim died after the spawn and before its line: the process lives, and the order comes again."""

    async def main() -> None:
        async with any_yard.client() as client:
            (pid,) = await begin(any_yard, client, 1)
            kill(client, "keeper", "pid")
            await client.close()
        journal = any_yard.shim_folder / "journal.jsonl"
        lines = [line for line in journal.read_text().splitlines() if '"ev":"started"' not in line]
        journal.write_text("\n".join(lines) + "\n")
        async with any_yard.client() as client:
            assert "run0" not in client.known
            started = await client.start(any_yard.sh("run0", WAITS + "0", cwd=str(any_yard.folder)))
            assert isinstance(started, Started)
            assert started.pid == pid
            (any_yard.folder / "go").touch()
            await client.ended("run0")
        assert any_yard.log("run0") == "begun\n"

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


def test_the_journal_is_written_anew_when_it_is_long(yard: Yard) -> None:
    """And what it must keep is kept: living runs, ends that nobody has acknowledged, armed commands."""

    async def main() -> None:
        async with yard.client() as client:
            await begin(yard, client, 2)
            env = {"PATH": os.environ["PATH"]}
            await client.arm("k", at=boottime() + 3600, argv=["true"], env=env, log=str(yard.folder / "k.log"))
            await client.start(yard.order("over", "true"))
            await client.ended("over")
            journal = yard.shim_folder / "journal.jsonl"
            longest = 0
            for number in range(600):
                name = f"{'x' * 30_000}{number}"
                ended = await client.start(yard.order(name, "true", log="l", cwd="/no/such/folder"))
                assert isinstance(ended, Ended)
                client.ack([name])
                longest = max(longest, journal.stat().st_size)
            await client.stop("nobody", "ASK")  # a round trip: the last acknowledgement has arrived
            assert 15 << 20 < longest < 17 << 20
            assert journal.stat().st_size < longest
            kill(client, "pid")
            await client.start(yard.order("new", "true"))
        async with yard.client() as client:
            assert set(client.known) >= {"run0", "run1", "over"}
            assert not [name for name in client.known if name.startswith("x")]
            await client.disarm("k")
            (yard.folder / "go").touch()
            await ends(client, 2)

    asyncio.run(main())
