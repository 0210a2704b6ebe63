"""Why the unit of docs/operate.md says KillMode=process: what lives on belongs to the unit's own cgroup."""

from __future__ import annotations

import contextlib
import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.core.cli.program import gone, until
from tests.docs.operator.house import House

from anyjob.job import Job
from anyjob.status import InstanceStatus
from anyjob.worker.shim.mounts import own_groups

pytestmark = [pytest.mark.needs("root"), pytest.mark.needs("cgroup2")]


@pytest.fixture
def unit() -> Iterator[Path]:
    """A group as systemd makes one for a service: whoever is started from it is in it."""
    home = Path(own_groups()[""])
    made = home / f"anyjob-unit-{os.getpid()}"
    made.mkdir()
    yield made
    for folder, _, _ in os.walk(made, topdown=False):
        Path(folder).rmdir()


def members(unit: Path) -> set[int]:
    return {int(pid) for file in unit.rglob("cgroup.procs") for pid in file.read_text().split()}


def end_all(unit: Path) -> None:
    """KillMode=control-group, systemd's own."""

    def killed() -> bool:
        left = [pid for pid in members(unit) if not gone(pid)]
        for pid in left:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        return not left

    until(killed, "the end of all")  # whoever was forked meanwhile is killed in the next round, as systemd does it


@pytest.mark.timeout(200)
def test_runs_outlive_their_server_in_its_cgroup(unit: Path, tmp_path: Path) -> None:
    house = House(tmp_path)
    start = f"echo $$ > {unit}/cgroup.procs; systemctl start anyjob"
    try:
        house.call(start)
        with house.client() as client:
            job = Job(name="slow", job_type="shell", content="echo begun; exec sleep 600", max_concurrency=2)
            ident = client.create_job(job)
            instance = client.execute(ident)
            until(lambda: client.log(instance, "").lines, "its first line")
        assert house.pid in members(unit)

        house.call("systemctl stop anyjob")
        left = members(unit)
        left_by_process = "keeper, shim, mover and the run: what KillMode=process leaves, and the default would end"
        assert len(left) == 4, left_by_process
        house.call(start)
        with house.client() as client:
            until(lambda: client.instance(instance).status is InstanceStatus.RUNNING, "that it runs")
            assert left <= members(unit)
            house.call(f"anyjob instance stop {instance} --wait")

            # And what the default does: the run is lost, and told so.
            instance = client.execute(ident)
            until(lambda: client.log(instance, "").lines, "its first line")
        end_all(unit)
        house.call(start)
        house.until_ended(instance)
        with house.client() as client:
            assert client.instance(instance).status is InstanceStatus.FAILED
    finally:
        house.clean()
        end_all(unit)
