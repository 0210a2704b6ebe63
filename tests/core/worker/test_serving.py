"""An executor is served before its first run, however many come at one time."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from anyjob.errors import ServeFailed
from anyjob.executor import FunctionExecutor, Services
from anyjob.job import Job
from anyjob.outcome import Cause, Outcome
from anyjob.plugins import ExecutorType, PluginHost, hookimpl
from anyjob.run import CallRun
from anyjob.spec import Spec
from anyjob.worker.order import RunOrder
from anyjob.worker.worker import Worker


class SlowExecutor(FunctionExecutor[Spec]):
    """Says in each result how often it was served, and whether that was over."""

    begun = done = 0
    fails = 0

    async def serve(self, services: Services) -> None:
        self.services = services
        self.begun += 1
        await asyncio.sleep(0.05)
        if self.begun <= self.fails:
            raise OSError("no such address")
        self.done += 1

    def call(self, run: CallRun, spec: Spec) -> Outcome:
        del run, spec
        return Outcome(cause=Cause.SUCCEEDED, result=f"{self.begun} {self.done}")


class SlowPlugin:
    @hookimpl
    def anyjob_executors(self) -> list[ExecutorType]:
        return [ExecutorType(job_type="slow", executor=SlowExecutor, spec=Spec)]


def worker(tmp_path: Path) -> tuple[Worker, SlowExecutor]:
    host = PluginHost({"slow": SlowPlugin()})
    executor = host.executor("slow")
    assert isinstance(executor, SlowExecutor)
    return Worker(host, tmp_path / "state"), executor


JOB = Job(name="slow", job_type="slow")


def test_runs_that_come_meanwhile_wait_for_it(tmp_path: Path) -> None:
    async def main() -> list[str]:
        made, _ = worker(tmp_path)
        async with made:
            runs = await asyncio.gather(*(made.submit(RunOrder(job=JOB, instance=n)) for n in range(1, 6)))
            return [(await run.outcome()).result for run in runs]

    assert asyncio.run(main()) == ["1 1"] * 5


def test_one_that_failed_is_tried_again_by_the_next_run(tmp_path: Path) -> None:
    async def main() -> str:
        made, executor = worker(tmp_path)
        executor.fails = 1
        async with made:
            with pytest.raises(
                ServeFailed, match=r"'slow' cannot be served by this worker: OSError: no such address\."
            ):
                await made.submit(RunOrder(job=JOB, instance=1))
            run = await made.submit(RunOrder(job=JOB, instance=2))
            return (await run.outcome()).result

    assert asyncio.run(main()) == "2 1"


def test_a_submit_that_is_cancelled_does_not_end_it(tmp_path: Path) -> None:
    async def main() -> str:
        made, _ = worker(tmp_path)
        async with made:
            first = asyncio.ensure_future(made.submit(RunOrder(job=JOB, instance=1)))
            await asyncio.sleep(0.01)
            first.cancel()
            run = await made.submit(RunOrder(job=JOB, instance=2))
            return (await run.outcome()).result

    assert asyncio.run(main()) == "1 1"
