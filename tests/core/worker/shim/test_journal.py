"""What the journal is for: a later shim must know what was, and must not believe too much."""

from __future__ import annotations

import asyncio
import json
import os
import signal
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.core.worker.shim.yard import WAITS, Yard, alive, begin, ends, kill, until

from anyjob.worker.local.shimclient import Ended, Started
from anyjob.worker.shim.kernel import boottime


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
            assert (first.cause, first.pid, first.proof.strength) == ("unknown", None, "ASKED")
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
