"""Runs of another user."""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
from pathlib import Path

import pytest
from tests.core.worker.shim.yard import Yard

from anyjob.worker.local.shimclient import Ended, RunAs, RunLimits, Started

pytestmark = pytest.mark.needs("root")
NOBODY = RunAs(uid=65534, gid=65533, groups=(65532,))


def test_the_child_has_the_ids_and_no_way_back(any_yard: Yard) -> None:
    async def main() -> None:
        async with any_yard.client() as client:
            started = await client.start(
                any_yard.sh("a", "grep -E '^(Uid|Gid|Groups|Cap(Prm|Eff))' /proc/self/status", user=NOBODY)
            )
            assert isinstance(started, Started)
            ended = await client.ended("a")
        assert ended.status == 0
        said = dict(line.split(":") for line in any_yard.log("a").splitlines())
        assert said["Uid"].split() == ["65534"] * 4
        assert said["Gid"].split() == ["65533"] * 4
        assert said["Groups"].split() == ["65532"]
        assert {said["CapPrm"].strip(), said["CapEff"].strip()} == {"0" * 16}
        assert ended.proof.strength == "PROVEN"

    asyncio.run(main())


def test_it_cannot_signal_what_supervises_it(any_yard: Yard) -> None:
    async def main() -> None:
        async with any_yard.client() as client:
            pids = f"{client.facts['pid']} {client.facts['keeper']} $PPID"
            script = f"for pid in {pids}; do kill -9 $pid && echo killed $pid; done; exit 0"
            await client.start(any_yard.sh("a", script, user=NOBODY))
            ended = await client.ended("a")
            assert ended.status == 0
            assert "killed" not in any_yard.log("a")
            await client.start(any_yard.order("b", "true"))
            assert (await client.ended("b")).status == 0

    asyncio.run(main())


def test_what_the_user_may_not_enter_or_execute(any_yard: Yard) -> None:
    closed = any_yard.folder / "closed"
    closed.mkdir(mode=0o700)
    tool = any_yard.folder / "tool"
    shutil.copy("/bin/true", tool)
    tool.chmod(0o700)

    async def main() -> None:
        async with any_yard.client() as client:
            got = await client.start(any_yard.order("a", "true", cwd=str(closed), user=NOBODY))
            assert isinstance(got, Ended)
            assert got.cause == "bad_config"
            assert str(closed) in got.evidence[0][1]
            got = await client.start(any_yard.order("b", str(tool), user=NOBODY))
            assert isinstance(got, Ended)
            assert got.cause == "dependency_missing"
            assert "EACCES" in got.evidence[0][1]

    asyncio.run(main())


def test_stopped_like_any_other(any_yard: Yard) -> None:
    async def main() -> None:
        async with any_yard.client() as client:
            script = "trap '' TERM; (setsid sleep 60 &); echo ready; sleep 60"
            started = await client.start(any_yard.sh("a", script, user=NOBODY, limits=RunLimits(memory=64 << 20)))
            assert isinstance(started, Started)
            fields = Path(f"/proc/{started.pid}/stat").read_text().rpartition(")")[2].split()
            assert (int(fields[3]), int(fields[19])) == (started.pid, started.start)
            await any_yard.wrote("a", "ready")
            await client.stop("a", "ASK")
            await client.stop("a", "FORCE")
            ended = await client.ended("a")
        assert (ended.status, ended.proof.strength) == (signal.SIGKILL, "PROVEN")

    asyncio.run(main())


def test_the_shim_keeps_its_own_ids(any_yard: Yard) -> None:
    async def main() -> None:
        async with any_yard.client() as client:
            await client.start(any_yard.order("a", "true", user=NOBODY))
            await client.ended("a")
            status = Path(f"/proc/{client.facts['pid']}/status").read_text()
        ids = next(line for line in status.splitlines() if line.startswith("Uid")).split()[1:]
        assert ids == [str(os.getuid())] * 4

    asyncio.run(main())
