"""Limits, and what the end says about them."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.core.worker.shim.yard import Yard, alive, until

from anyjob.worker.local.shimclient import Ended, RunLimits, Started
from anyjob.worker.shim.groups import Slot
from anyjob.worker.shim.limits import Limiter
from anyjob.worker.shim.run import Run

EATS = "data = bytearray()\nwhile len(data) < {size} << 20:\n    data += b'x' * (1 << 20)\nprint('ate', flush=True)"
FORKS = """
import os, time
born = 0
try:
    for _ in range(50):
        if os.fork() == 0:
            time.sleep(60)
            os._exit(0)
        born += 1
except OSError as error:
    print(born, error.errno, flush=True)
"""
MEBI = 1 << 20


def python(yard: Yard, script: str, **more: object) -> Ended:
    """The end of a Python run."""

    async def main() -> Ended:
        async with yard.client() as client:
            await client.start(yard.order("a", sys.executable, "-I", "-S", "-c", script, **more))
            return await client.ended("a")

    return asyncio.run(main())


def group(started: Started, controller: str) -> Path:
    """A run's group of a version 1 controller."""
    name = started.group or ""
    for line in Path(f"/proc/{started.pid}/cgroup").read_text().splitlines():
        _, names, path = line.split(":", 2)
        if controller in names.split(","):
            assert path.endswith("/".join(name.split("/")[-2:]))
            return Path("/sys/fs/cgroup", controller, path.lstrip("/"))
    raise AssertionError(f"no {controller} group")


@pytest.mark.needs("cgroup1")
@pytest.mark.needs("cgroup2")
def test_memory_that_runs_out_is_told_by_the_groups_counter(yard: Yard) -> None:
    ended = python(yard, EATS.format(size=200), limits=RunLimits(memory=32 * MEBI))
    assert ended.cause == "out_of_memory"
    assert os.waitstatus_to_exitcode(ended.status or 0) == -signal.SIGKILL
    assert ended.limits_by == "cgroup v1"
    (text,) = [text for source, text in ended.evidence if source == "oom_kill"]
    assert str(32 * MEBI) in text
    assert ended.proof.strength == "PROVEN"


@pytest.mark.needs("cgroup1")
@pytest.mark.needs("cgroup2")
def test_a_kill_is_not_taken_for_want_of_memory(yard: Yard) -> None:
    ended = python(yard, "import os; os.kill(os.getpid(), 9)", limits=RunLimits(memory=32 * MEBI))
    assert (ended.cause, ended.status) == (None, signal.SIGKILL)


@pytest.mark.needs("cgroup1")
@pytest.mark.needs("cgroup2")
def test_limits_go_with_the_run_when_a_slot_is_used_again(yard: Yard) -> None:
    """Also what an earlier run left charged to the slot: files in memory do not count against the next one."""
    shared = Path("/dev/shm") / f"anyjob-test-{os.getpid()}"

    async def main() -> None:
        async with yard.client() as client:
            groups: list[str | None] = []
            small = RunLimits(memory=48 * MEBI)
            for number in range(3):
                name = f"run{number}"
                script = (
                    f"file = open('{shared}', 'wb')\nfor _ in range(30): file.write(b'x' * (1 << 20))\nprint('ate')"
                )
                started = await client.start(yard.order(name, sys.executable, "-I", "-S", "-c", script, limits=small))
                assert isinstance(started, Started)
                groups.append(started.group)
                assert ((await client.ended(name)).status, yard.log(name)) == (0, "ate\n")
                shared.rename(f"{shared}.{number}")
            assert len(set(groups)) < 3
            # No limit any more: it may eat what killed others.
            for number in range(3):
                name = f"free{number}"
                await client.start(yard.order(name, sys.executable, "-I", "-S", "-c", EATS.format(size=100)))
                ended = await client.ended(name)
                assert (ended.status, ended.limits_by) == (0, None)

    try:
        asyncio.run(main())
    finally:
        for path in shared.parent.glob(f"{shared.name}*"):
            path.unlink()


@pytest.mark.needs("cgroup1")
@pytest.mark.needs("cgroup2")
def test_pids_count_the_run_and_not_the_shim(yard: Yard) -> None:
    ended = python(yard, FORKS, limits=RunLimits(pids=8))
    assert yard.log("a") == "7 11\n"
    assert ended.limits_by == "cgroup v1"
    assert ended.proof.strength == "PROVEN"


@pytest.mark.needs("cgroup1")
@pytest.mark.needs("cgroup2")
def test_one_process_may_be_all_there_is(yard: Yard) -> None:
    ended = python(yard, FORKS, limits=RunLimits(pids=1))
    assert yard.log("a") == "0 11\n"
    assert ended.status == 0


@pytest.mark.needs("cgroup1")
@pytest.mark.needs("cgroup2")
def test_cpu_and_the_rest_stand_in_the_runs_own_groups(yard: Yard) -> None:
    async def main() -> None:
        async with yard.client() as client:
            for number in range(2):
                limits = RunLimits(memory=64 * MEBI, cpu=0.5, pids=10 + number)
                started = await client.start(yard.order(f"run{number}", "sleep", "60", limits=limits))
                assert isinstance(started, Started)
                cpu, memory, pids = (group(started, name) for name in ("cpu", "memory", "pids"))
                assert int((cpu / "cpu.cfs_quota_us").read_text()) * 2 == int((cpu / "cpu.cfs_period_us").read_text())
                assert int((memory / "memory.limit_in_bytes").read_text()) == 64 * MEBI
                assert (pids / "pids.max").read_text() == f"{10 + number}\n"
                assert (pids / "cgroup.procs").read_text() == f"{started.pid}\n"

    asyncio.run(main())


@pytest.mark.needs("cgroup1")
@pytest.mark.needs("cgroup2")
def test_memory_is_still_told_after_the_shim_was_killed(yard: Yard) -> None:
    async def main() -> None:
        async with yard.client() as client:
            script = "import os, time\nwhile not os.path.exists('go'): time.sleep(0.02)\n" + EATS.format(size=200)
            order = yard.order(
                "a", sys.executable, "-I", "-S", "-c", script, limits=RunLimits(memory=32 * MEBI), cwd=str(yard.folder)
            )
            started = await client.start(order)
            assert isinstance(started, Started)
            # The keeper starts the next shim only once the run is over, so that its group is empty by then.
            os.kill(client.facts["keeper"], signal.SIGSTOP)
            os.kill(client.facts["pid"], signal.SIGKILL)
            (yard.folder / "go").touch()
            await until(lambda: not alive(started.pid), "its end")
            os.kill(client.facts["keeper"], signal.SIGCONT)
            ended = await client.ended("a")
        assert (ended.cause, ended.limits_by) == ("out_of_memory", "cgroup v1")

    asyncio.run(main())


@pytest.mark.parametrize("spawners", [64, 0])
def test_without_groups_rlimits_do_what_they_can_and_say_so(new_yard: Callable[..., Yard], spawners: int) -> None:
    yard = new_yard(cgroup="off", spawners=spawners)
    ended = python(yard, EATS.format(size=300), limits=RunLimits(memory=128 * MEBI, cpu=0.5, pids=4))
    assert (os.waitstatus_to_exitcode(ended.status or 0), ended.limits_by) == (1, "rlimits")
    said = " ".join(text for source, text in ended.evidence if source == "limits")
    assert "RLIMIT_AS" in said
    assert "cpu 0.5 is not enforced" in said
    assert "pids 4 is not enforced" in said


@pytest.mark.parametrize("limits", [RunLimits(memory=1000), RunLimits(cpu=0.0), RunLimits(pids=0)])
def test_a_limit_that_cannot_be_meant(any_yard: Yard, limits: RunLimits) -> None:
    ended = python(any_yard, "print('begun')", limits=limits)
    assert ended.cause == "bad_config"
    assert ended.pid is None


def test_a_child_dies_before_the_shim(any_yard: Yard) -> None:
    async def main() -> None:
        async with any_yard.client() as client:
            shim = int(Path(f"/proc/{client.facts['pid']}/oom_score_adj").read_text())
            await client.start(any_yard.sh("a", "cat /proc/self/oom_score_adj; sh -c 'cat /proc/self/oom_score_adj'"))
            await client.ended("a")
            assert [int(line) for line in any_yard.log("a").split()] == [min(1000, max(shim, 0) + 500)] * 2
            assert int(Path(f"/proc/{client.facts['pid']}/oom_score_adj").read_text()) == shim

    asyncio.run(main())


def test_what_is_written_where_version_2_has_the_controllers(tmp_path: Path) -> None:
    """Few test machines give them, so the kernel's files are plain files here."""
    root, slot = tmp_path / "base" / "anyjob-x", tmp_path / "base" / "anyjob-x" / "1"
    slot.mkdir(parents=True)
    for folder in (root.parent, root):
        # What is written to a plain file lands on its first bytes.
        (folder / "cgroup.subtree_control").write_text("0123456 cpu memory pids")
    for name in ("cgroup.events", "cgroup.procs", "memory.max", "memory.swap.max", "pids.max", "cpu.max"):
        (slot / name).touch()
    (slot / "memory.current").write_text("0\n")
    (slot / "memory.events").write_text("low 0\nmax 3\noom 1\noom_kill 2\noom_group_kill 0\n")

    def said(name: str) -> str:
        text = (slot / name).read_text()
        (slot / name).write_text("")
        return text

    limiter = Limiter(str(root), {})
    assert limiter.facts() == dict.fromkeys(("memory", "pids", "cpu"), "cgroup v2")
    here = Slot(str(root), 1)
    run = Run({"run": "a", "log": "/l"})
    limits = {"memory": 64 * MEBI, "pids": 5, "cpu": 1.5}
    assert limiter.before(here, run, limits) is None
    assert [said(name) for name in ("memory.max", "memory.swap.max", "pids.max")] == [str(64 * MEBI), "0", "6"]
    limiter.after(here, run, limits)
    assert [said(name) for name in ("pids.max", "cpu.max")] == ["5", "150000 100000"]
    assert (run.limits_by, run.oom_before, limiter.oom_kills(1)) == ("cgroup v2", 2, 2)
    assert limiter.before(here, Run({"run": "b", "log": "/l"}), None) is None
    assert [said(name) for name in ("memory.max", "memory.swap.max", "pids.max", "cpu.max")] == ["max"] * 4
    here.close()
