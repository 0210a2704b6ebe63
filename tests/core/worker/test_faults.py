"""The machine fails the worker: no space, no rights, no folder. Each on the real thing."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from anyjob.errors import StateUnusable
from anyjob.job import Job
from anyjob.outcome import Cause, Outcome, Strength
from anyjob.plugins import PluginHost
from anyjob.worker.order import RunOrder
from anyjob.worker.settings import WorkerSettings
from anyjob.worker.worker import Worker

PROGRAM = Path(__file__).with_name("worker_process.py")


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 2 MB."""
    disk = tmp_path / "disk"
    disk.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", disk], check=True)
    yield disk
    subprocess.run(["umount", "-l", disk], check=True)


def run(state: Path, content: str, settings: WorkerSettings | None = None) -> Outcome:
    async def go() -> Outcome:
        async with Worker(PluginHost.load(), state, settings) as worker:
            live = await worker.submit(RunOrder(job=Job(name="j", job_type="shell", content=content), instance=1))
            return await live.outcome()

    return asyncio.run(go())


@pytest.mark.needs("root")
def test_a_job_that_fills_the_disk_ends_by_its_own_code_and_is_recorded(small_disk: Path) -> None:
    settings = WorkerSettings(free_disk=0, shim_idle=1)
    outcome = run(
        small_disk / "state", 'yes | head -c 100M; rm "$0"; echo "the disk is full: $?" >&2; exit 9', settings
    )
    assert outcome.cause is Cause.EXIT_CODE
    assert outcome.code == 9
    assert outcome.stop is not None
    assert outcome.stop.strength is Strength.PROVEN


@pytest.mark.needs("root")
def test_an_end_is_not_lost_while_the_disk_is_full(small_disk: Path) -> None:
    """The ledger cannot take the end: the run waits, and has its end as soon as there is space."""
    state, ballast = small_disk / "state", small_disk / "ballast"

    async def go() -> Outcome:
        async with Worker(PluginHost.load(), state, WorkerSettings(free_disk=0, shim_idle=1)) as worker:
            go_on = small_disk.parent / "go-on"
            job = Job(name="j", job_type="shell", content=f"while [ ! -e {go_on} ]; do sleep 0.05; done; exit 4")
            live = await worker.submit(RunOrder(job=job, instance=1))
            while live.record.handle is None:
                await asyncio.sleep(0.01)
            # Fill up to the last byte, the ledger's own page too.
            with ballast.open("wb", buffering=0) as file:
                for size in (65536, 4096, 1):
                    try:
                        while True:
                            file.write(b"x" * size)
                    except OSError:
                        continue
            with worker.folder.ledger.open("ab", buffering=0) as file:
                try:
                    while True:
                        file.write(b"\n")
                except OSError:
                    pass
            go_on.touch()
            waiter = asyncio.ensure_future(live.outcome())
            done, _ = await asyncio.wait([waiter], timeout=2)
            assert not done, "an end that is not durable was told"
            ballast.unlink()
            return await waiter

    outcome = asyncio.run(go())
    assert (outcome.cause, outcome.code) == (Cause.EXIT_CODE, 4)


@pytest.mark.needs("root")
def test_below_the_floor_of_free_disk_no_run_starts(small_disk: Path) -> None:
    outcome = run(small_disk / "state", "echo ran", WorkerSettings(free_disk=1 << 30, shim_idle=1))
    assert outcome.cause is Cause.START_FAILED
    assert "free" in outcome.evidence[0].text


def test_a_state_folder_that_cannot_be_made_is_refused_with_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").touch()

    async def start() -> None:
        await Worker(PluginHost({}), tmp_path / "file" / "state").start()

    with pytest.raises(StateUnusable) as caught:
        asyncio.run(start())
    assert str(caught.value) == (
        f"State folder {tmp_path / 'file' / 'state'} cannot be used: Not a directory ({tmp_path / 'file' / 'state'})."
        " Name a writable folder with --state."
    )


READ_ONLY = """
for mount in /sys/fs/cgroup/*/ /sys/fs/cgroup; do mount -o remount,bind,ro "$mount" 2>/dev/null; done
exec "$@"
"""


@pytest.mark.needs("root")
def test_a_worker_without_cgroup_rights_still_proves_its_stops(tmp_path: Path) -> None:
    """The cgroups are mounted read-only, as in most containers: the proof is the run's own subreaper."""
    script = "(setsid sleep 300 &); echo alone; exit 3"
    words = ["unshare", "-m", "sh", "-c", READ_ONLY, "sh", sys.executable, PROGRAM, tmp_path / "state", "1", script]
    said = subprocess.run(words, capture_output=True, text=True, timeout=60)
    assert said.returncode == 0, said.stderr
    (end,) = [json.loads(line) for line in said.stdout.splitlines() if line.startswith("{")]
    assert (end["cause"], end["code"], end["result"]) == ("exit_code", 3, "alone")
    assert end["stop"]["strength"] == "PROVEN", end
    assert "cgroup" not in end["stop"]["by"], end
