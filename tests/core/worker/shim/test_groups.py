"""Where groups for runs are made, and that they are used again."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from uuid import uuid4

import pytest
from tests.core.worker.shim.yard import Yard, until

from anyjob.worker.local.shimclient import Started
from anyjob.worker.shim.mounts import own_groups

pytestmark = pytest.mark.needs("cgroup2")


@pytest.fixture
def unit() -> Iterator[Path]:
    """A group like that of a systemd unit with Delegate=yes and DelegateSubgroup=worker; this process is the worker."""
    home = Path(own_groups()[""])
    unit = home / f"unit-{uuid4().hex[:12]}"
    (unit / "worker").mkdir(parents=True)
    os.setxattr(unit, "user.delegate", b"1")
    (unit / "worker" / "cgroup.procs").write_text("0")
    yield unit
    (home / "cgroup.procs").write_text("0")
    asyncio.run(until(lambda: _gone(unit), "an empty unit"))


def _gone(unit: Path) -> bool:
    try:
        (unit / "worker").rmdir()
        unit.rmdir()
    except OSError:
        return False
    return True


def test_beside_the_worker_where_its_unit_is_delegated(unit: Path, yard: Yard) -> None:
    async def main() -> None:
        async with yard.client() as client:
            started = await client.start(yard.order("a", "sleep", "60"))
            assert isinstance(started, Started)
            assert Path(started.group or "").parent.parent == unit
            assert (await client.stop("a", "FORCE")).strength == "PROVEN"

    asyncio.run(main())
    yard.end()


def test_used_again(yard: Yard) -> None:
    async def main() -> None:
        async with yard.client() as client:
            seen: set[str | None] = set()
            for number in range(50):
                started = await client.start(yard.order(f"run{number}", "true"))
                assert isinstance(started, Started)
                seen.add(started.group)
                await client.ended(f"run{number}")
            assert len(seen) <= 3

    asyncio.run(main())


def test_groups_that_a_job_makes_below_its_own_are_its_own(yard: Yard) -> None:
    script = (
        'here=$(sed -n "s/^0:://p" /proc/self/cgroup); sub=$ROOT$here/sub; mkdir $sub;'
        " (setsid sh -c 'echo 0 > \"$0\"/cgroup.procs; echo inside; exec sleep 60' $sub &);"
        " while ! grep -q . $sub/cgroup.procs; do sleep 0.01; done"
    )

    async def main() -> None:
        async with yard.client() as client:
            mount = own_groups()[""]
            started = await client.start(yard.sh("a", script, env={"ROOT": mount.rstrip("/")}))
            assert isinstance(started, Started)
            ended = await client.ended("a")
            assert ended.proof.strength == "PROVEN"
            assert any(source == "leftovers" for source, _ in ended.evidence)
            assert yard.marked() == []
            await client.start(yard.order("b", "true"))
            assert (await client.ended("b")).evidence == ()

    asyncio.run(main())


def test_somebody_removes_the_groups(yard: Yard) -> None:
    """Whatever is done to them from outside, runs start and end."""

    async def main() -> None:
        async with yard.client() as client:
            first = await client.start(yard.order("a", "true"))
            assert isinstance(first, Started)
            await client.ended("a")
            root = Path(first.group or "").parent
            for slot in root.iterdir():
                if slot.is_dir():
                    try:
                        slot.rmdir()
                    except OSError:
                        continue
            for number in range(5):
                await client.start(yard.order(f"run{number}", "true"))
                ended = await client.ended(f"run{number}")
                assert (ended.status, ended.proof.strength) == (0, "PROVEN")

    asyncio.run(main())


def test_without_the_right_to_make_groups(new_yard: Callable[..., Yard]) -> None:
    yard = new_yard(cgroup="off")

    async def main() -> None:
        async with yard.client() as client:
            assert (client.facts["holds"], client.facts["why"]) == ("subreaper", "switched off")
            started = await client.start(yard.order("a", "true"))
            assert isinstance(started, Started)
            assert started.group is None

    asyncio.run(main())
