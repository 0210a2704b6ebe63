"""Calls of functions: as many threads as are allowed, and no promise about a call that has begun."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterable
from pathlib import Path

from anyjob.executor import FunctionExecutor
from anyjob.job import Job
from anyjob.outcome import Cause, Outcome, Strength
from anyjob.plugins import ExecutorType, PluginHost, hookimpl
from anyjob.run import CallRun
from anyjob.spec import Spec
from anyjob.worker.order import RunOrder
from anyjob.worker.worker import Worker


class NoSpec(Spec):
    """Reads nothing."""


class Narrow(FunctionExecutor[NoSpec]):
    """One thread, set on the object, as settings would."""

    def __init__(self) -> None:
        self.threads = 1
        self.begun: list[int] = []
        self.go_on = threading.Event()

    def call(self, run: CallRun, spec: NoSpec) -> Outcome:
        self.begun.append(run.instance)
        self.go_on.wait(30)
        return Outcome(cause=Cause.SUCCEEDED)


class Plugin:
    """Offers the type."""

    @hookimpl
    def anyjob_executors(self) -> Iterable[ExecutorType]:
        return [ExecutorType(job_type="narrow", executor=Narrow, spec=NoSpec)]


def test_a_call_that_waits_for_a_thread_never_begins_after_a_stop(tmp_path: Path) -> None:
    job = Job(name="narrow", job_type="narrow", xattrs={"grace": 600})

    async def life() -> tuple[Narrow, Outcome, Outcome, Outcome]:
        async with Worker(PluginHost({"narrow": Plugin()}), tmp_path / "state") as worker:
            first, second, third = [await worker.submit(RunOrder(job=job, instance=number)) for number in (1, 2, 3)]
            executor = worker.host.dispatch(job).executor
            assert isinstance(executor, Narrow)
            while not (executor.begun and all(run.record.handle for run in (first, second, third))):
                await asyncio.sleep(0.005)
            second.stop()
            stopped = await second.outcome()  # long before its grace is over
            executor.go_on.set()
            return executor, await first.outcome(), stopped, await third.outcome()

    executor, first, stopped, third = asyncio.run(life())
    assert (first.cause, stopped.cause, third.cause) == (Cause.SUCCEEDED, Cause.STOPPED, Cause.SUCCEEDED)
    assert stopped.stop is not None
    assert stopped.stop.strength is Strength.PROVEN
    assert executor.begun == [1, 3]
