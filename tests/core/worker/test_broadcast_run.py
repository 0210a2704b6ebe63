"""A broadcast through the worker: what comes before and after, in order, with the tasks' results."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from anyjob.executor import Capabilities, Handle, RemoteExecutor, Stage
from anyjob.executor.capabilities import Phase
from anyjob.job import ExecuteMode, Job
from anyjob.outcome import Cause, Outcome, StopReport, Strength
from anyjob.plugins import ExecutorType, PluginHost, hookimpl
from anyjob.run import Run
from anyjob.spec import Spec
from anyjob.worker.instance import Firing, Instances
from anyjob.worker.worker import Worker


class FramedExecutor(RemoteExecutor[Spec]):
    """Ends at once; the phases whose names stand in the job's Parameters fail."""

    seen: list[tuple[str, Any]]

    def capabilities(self, spec: Spec) -> Capabilities:
        return Capabilities(phases=frozenset(Phase))

    async def start(self, run: Run, spec: Spec) -> Handle | Outcome:
        self.seen.append((run.phase.value, run.results))
        bad = run.phase.value in run.parameters.split()
        return Outcome(cause=Cause.FAILED if bad else Cause.SUCCEEDED, result=f"of {run.phase.value}")

    async def watch(self, run: Run, spec: Spec, handle: Handle) -> Outcome:
        raise AssertionError

    async def stop(self, run: Run, spec: Spec, handle: Handle, stage: Stage) -> StopReport:
        return StopReport(strength=Strength.ASKED, by="nothing")

    async def find(self, run: Run, spec: Spec) -> None:
        return None


class FramedPlugin:
    def __init__(self) -> None:
        self.seen: list[tuple[str, Any]] = []
        self._executor: type[FramedExecutor] = type("Bound", (FramedExecutor,), {"seen": self.seen})

    @hookimpl
    def anyjob_executors(self) -> list[ExecutorType]:
        return [ExecutorType(job_type="framed", executor=self._executor, spec=Spec)]


async def fired(state: Path, plugin: FramedPlugin, parameters: str) -> Outcome:
    worker = Worker(PluginHost({"framed": plugin}), state)
    instances = Instances(worker)
    async with worker:
        job = Job(name="j", job_type="framed", execute_mode=ExecuteMode.BROADCAST, parameters=parameters)
        live = await instances.fire(Firing(job=job, instance=1))
        return await live.outcome()


@pytest.mark.parametrize(
    ("parameters", "phases", "result"),
    [
        ("", ["PRE", "PROCESS", "POST"], "of POST"),
        ("PRE", ["PRE"], "of PRE"),
        ("PROCESS", ["PRE", "PROCESS", "POST"], "of POST"),
    ],
)
def test_phases_run_in_order(tmp_path: Path, parameters: str, phases: list[str], result: str) -> None:
    import asyncio

    plugin = FramedPlugin()
    outcome = asyncio.run(fired(tmp_path / "state", plugin, parameters))
    assert ([phase for phase, _ in plugin.seen], outcome.result, outcome.ok) == (phases, result, not parameters)
    if "POST" in phases:
        status = "failed" if parameters else "success"
        assert plugin.seen[-1][1] == [{"task": 0, "status": status, "result": "of PROCESS"}]
        assert plugin.seen[0][1] is None
