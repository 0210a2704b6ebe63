"""Nobody is told a lie about whose a run is: not the job's owner, not a policy."""

from __future__ import annotations

import asyncio
import os
import stat
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated

import pytest

from anyjob.executor import FunctionExecutor
from anyjob.job import BadJob, Job
from anyjob.outcome import Cause, Json, Outcome
from anyjob.plugins import ExecutorType, PluginHost, hookimpl
from anyjob.plugins.draft import RunDraft
from anyjob.run import CallRun
from anyjob.spec import At, Spec
from anyjob.worker.identity import own_name
from anyjob.worker.order import RunOrder
from anyjob.worker.worker import Worker


class CallSpec(Spec):
    content: Annotated[str, At("Content")] = ""


class CallExecutor(FunctionExecutor[CallSpec]):
    def call(self, run: CallRun, spec: CallSpec) -> Outcome:
        return Outcome(cause=Cause.SUCCEEDED, result=str(os.getuid()))


class CallPlugin:
    @hookimpl
    def anyjob_executors(self) -> Iterable[ExecutorType]:
        return [ExecutorType(job_type="call", executor=CallExecutor, spec=CallSpec)]


class NotMine:
    """Refuses what runs as the worker's own user."""

    @hookimpl
    def anyjob_prepare_run(self, draft: RunDraft) -> None:
        if draft.user == own_name():
            draft.refuse(f"no run is {draft.user}'s here")


@pytest.mark.parametrize(
    ("key", "value"),
    [("user", "nobody"), ("cwd", "/tmp"), ("env", {"A": "b"}), ("leftovers", "wait"), ("stopSignal", "INT")],
)
def test_keys_of_commands_are_refused_where_runs_are_none(key: str, value: Json) -> None:
    host = PluginHost({"call": CallPlugin()})
    with pytest.raises(BadJob) as caught:
        host.bind(Job(name="j", job_type="call", xattrs={key: value}))
    (problem,) = caught.value.problems
    assert problem.field == f"XAttrs.{key}"
    assert problem.remedy == "is for commands, and runs of JobType 'call' are none; take it out"


def test_a_policy_sees_whose_a_run_is_also_where_the_job_names_nobody(tmp_path: Path) -> None:
    async def go() -> Outcome:
        host = PluginHost({"call": CallPlugin(), "not-mine": NotMine()})
        async with Worker(host, tmp_path / "state") as worker:
            run = await worker.submit(RunOrder(job=Job(name="j", job_type="call"), instance=1))
            return await run.outcome()

    outcome = asyncio.run(go())
    assert outcome.cause is Cause.REJECTED
    assert outcome.result == f"Job 'j' was refused by policy 'not-mine': no run is {own_name()}'s here"


def test_the_ledger_is_the_workers_alone_also_after_it_was_rewritten(tmp_path: Path) -> None:
    async def life(number: int) -> None:
        async with Worker(PluginHost({"call": CallPlugin()}), tmp_path / "state") as worker:
            run = await worker.submit(RunOrder(job=Job(name="j", job_type="call"), instance=number))
            await run.outcome()

    for number in (1, 2):
        asyncio.run(life(number))
    assert stat.S_IMODE((tmp_path / "state/worker.jsonl").stat().st_mode) == 0o600
