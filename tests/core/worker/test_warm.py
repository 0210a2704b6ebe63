"""Warm commands through the worker: killed, stopped while their resident loads, and told apart by nothing."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest
from tests.core.worker.test_kill import begin, check, finish, kill, shims

from anyjob.executor import Command, CommandExecutor, Warm
from anyjob.job import Job
from anyjob.outcome import Cause, Outcome, Strength
from anyjob.plugins import ExecutorType, PluginHost, hookimpl
from anyjob.run import Run
from anyjob.spec import Spec
from anyjob.worker.order import RunOrder
from anyjob.worker.settings import WorkerSettings
from anyjob.worker.worker import Worker

pytestmark = pytest.mark.needs("cgroup2")
WARM: dict[str, Any] = {"job_type": "python", "xattrs": {"warm": True}}
MARK = """
import os, sys
with open("MARKS", "a") as marks:
    marks.write("started\\n")
open("GO").close()
number = os.environ["ANYJOB_INSTANCE_ID"]
print("line of", number)
sys.exit(int(number) % 100)
"""


def script(tmp_path: Path) -> str:
    os.mkfifo(tmp_path / "go")
    return MARK.replace("MARKS", str(tmp_path / "marks")).replace("GO", str(tmp_path / "go"))


def test_the_worker_is_killed_and_every_warm_run_is_found_again(tmp_path: Path) -> None:
    kill(begin(tmp_path / "state", 30, script(tmp_path), **WARM))
    check(tmp_path, finish(begin(tmp_path / "state", 0), tmp_path / "go"), 30)


def test_worker_and_shim_are_killed_together_and_every_exit_code_is_kept(tmp_path: Path) -> None:
    worker = begin(tmp_path / "state", 60, script(tmp_path), **WARM)
    _, shim = sorted(shims(tmp_path / "state"))
    worker.kill()
    os.kill(shim, signal.SIGKILL)
    kill(worker)
    check(tmp_path, finish(begin(tmp_path / "state", 0), tmp_path / "go"), 60)


class NeverReady(CommandExecutor[Spec]):
    """Its resident says nothing, and leaves a file by which the test knows that it is there."""

    def command(self, run: Run, spec: Spec) -> Command:
        loads = run.job.parameters
        return Command(argv=["echo", "begun"], warm=Warm(key="k", argv=["sh", "-c", f"touch {loads}; sleep 50"]))


class Plugin:
    @hookimpl
    def anyjob_executors(self) -> Iterable[ExecutorType]:
        return [ExecutorType(job_type="never-ready", executor=NeverReady, spec=Spec)]


@pytest.mark.parametrize("late", [False, True])
def test_a_stop_does_not_wait_for_a_resident_that_loads(tmp_path: Path, *, late: bool) -> None:
    """Nor for the grace, which is there for what a run has begun. And a deadline holds."""
    loads = tmp_path / "loads"

    async def go() -> Outcome:
        settings = WorkerSettings(shim_idle=1)
        async with Worker(PluginHost({"never-ready": Plugin()}), tmp_path / "state", settings) as worker:
            job = Job(name="j", job_type="never-ready", parameters=str(loads), xattrs={"grace": 600})
            deadline = time.time() + 1 if late else None
            live = await worker.submit(RunOrder(job=job, instance=1, deadline=deadline))
            while not loads.exists():
                await asyncio.sleep(0.01)
            if not late:
                live.stop()
            return await asyncio.wait_for(live.outcome(), 40)

    outcome = asyncio.run(go())
    assert outcome.cause is (Cause.TIMED_OUT if late else Cause.STOPPED)
    assert outcome.stop is not None
    assert (outcome.stop.strength, outcome.stop.by) == (Strength.PROVEN, "never started")
