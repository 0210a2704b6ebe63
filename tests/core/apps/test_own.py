"""A process that runs one named piece of code: told by a file, answering by a file."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import pytest

from anyjob.executor import AppExecutor, Attached, Command, Exit, Own, Shared
from anyjob.job import Job
from anyjob.outcome import Cause, Evidence, Json, Outcome, Strength
from anyjob.plugins import ExecutorType, PluginHost, hookimpl
from anyjob.run import Run
from anyjob.spec import At, Spec
from anyjob.worker.order import RunOrder
from anyjob.worker.worker import Worker

APP = """
import json, os, pathlib, signal, sys, time
folder = pathlib.Path(os.environ["ANYJOB_APP"].removeprefix("files:"))
start = json.loads((folder / "start.json").read_text())
def say(**outcome):
    text = json.dumps({"type": "result", "run": start["run"], "outcome": outcome})
    (folder / "outcome.tmp").write_text(text)
    (folder / "outcome.tmp").rename(folder / "outcome.json")
exec(start["spec"]["code"])
"""


class CodeSpec(Spec):
    code: Annotated[str, At("Content")]


class CodeExecutor(AppExecutor[CodeSpec]):
    def kind(self, spec: CodeSpec) -> type[Own | Shared | Attached]:
        del spec
        return Own

    def target(self, run: Run, spec: CodeSpec) -> Own:
        del run, spec
        return Own(command=Command(argv=[sys.executable, "-c", APP], returns=frozenset({"crash"})))

    def died(self, run: Run, spec: CodeSpec, exit: Exit) -> Outcome:  # noqa: A002 - the word of the trade
        outcome = super().died(run, spec, exit)
        if "crash" not in exit.returned:
            return outcome
        told = Evidence(source="crash", text=exit.returned["crash"].read_text())
        return replace(outcome, evidence=[*outcome.evidence, told])

    def request(self, run: Run, spec: CodeSpec) -> Mapping[str, Json]:
        del run
        return {"code": spec.code}


class CodePlugin:
    @hookimpl
    def anyjob_executors(self) -> list[ExecutorType]:
        return [ExecutorType(job_type="code", executor=CodeExecutor, spec=CodeSpec)]


def run(tmp_path: Path, code: str, *, stop: bool = False, **fields: object) -> Outcome:
    async def main() -> Outcome:
        job = Job.from_wire({"Name": "code", "JobType": "code", "Content": code, **fields})
        async with Worker(PluginHost({"code": CodePlugin()}), tmp_path / "state") as worker:
            live = await worker.submit(RunOrder(job=job, instance=1))
            if stop:
                log = tmp_path / "state" / "runs" / live.name / "log"
                while not (log.exists() and log.read_bytes()):
                    await asyncio.sleep(0.01)
                live.stop()
            return await live.outcome()

    return asyncio.run(main())


def test_what_it_says_is_the_outcome(tmp_path: Path) -> None:
    code = 'say(cause="succeeded", result=start["facts"]["parameters"], outputs={"rows": 3})'
    outcome = run(tmp_path, code, Parameters="hello")
    assert (outcome.cause, outcome.result, outcome.outputs) == (Cause.SUCCEEDED, "hello", {"rows": 3})


@pytest.mark.parametrize(
    ("code", "cause", "said"),
    [
        ("sys.exit(0)", Cause.FAILED, "ended with exit code 0 before the run had ended"),
        ("sys.exit(7)", Cause.EXIT_CODE, "ended with exit code 7 before the run had ended"),
        ("os.kill(os.getpid(), 9)", Cause.SIGNAL, "was ended by signal 9 (SIGKILL) before the run had ended"),
        ('say(cause="nonsense")', Cause.UNKNOWN, "outcome.json was not read"),
        ('os.symlink("/etc/passwd", folder / "outcome.json")', Cause.UNKNOWN, "outcome.json was not read"),
        ('say(cause="succeeded"); sys.exit(3)', Cause.SUCCEEDED, "after it had succeeded its process ended with exit"),
    ],
)
def test_every_end_is_told_with_what_was_seen(tmp_path: Path, code: str, cause: Cause, said: str) -> None:
    outcome = run(tmp_path, code)
    assert outcome.cause is cause
    assert any(said in item.text for item in outcome.evidence), outcome.evidence


def test_the_code_of_its_process_is_the_outcome_s_where_it_says_none(tmp_path: Path) -> None:
    assert run(tmp_path, 'say(cause="failed"); sys.exit(7)').code == 7
    assert run(tmp_path / "b", 'say(cause="failed", code=3); sys.exit(7)').code == 3
    assert run(tmp_path / "c", 'say(cause="succeeded")').code is None


def test_a_stop_that_nobody_here_asked_for_is_somebody_s_signal(tmp_path: Path) -> None:
    outcome = run(tmp_path, 'say(cause="stopped")')
    assert (outcome.cause, outcome.code) == (Cause.SIGNAL, 143)
    assert any("no stop was asked for" in item.text for item in outcome.evidence)


def test_files_that_a_command_returns_come_back_also_in_the_next_worker(tmp_path: Path) -> None:
    """`crash` is no name that the launcher knows by itself."""
    code = '(folder / "crash").write_text("here")\nprint("x", flush=True)\ntime.sleep({})\nos._exit(6)'
    assert any(item.text == "here" for item in run(tmp_path, code.format(0)).evidence)

    async def first() -> str:
        job = Job.from_wire({"Name": "code", "JobType": "code", "Content": code.format(1)})
        async with Worker(PluginHost({"code": CodePlugin()}), tmp_path / "other") as worker:
            live = await worker.submit(RunOrder(job=job, instance=1))
            while live.record.handle is None:
                await asyncio.sleep(0.01)
            return live.name

    async def second(name: str) -> Outcome:
        async with Worker(PluginHost({"code": CodePlugin()}), tmp_path / "other") as worker:
            return await worker.live[name].outcome()

    assert any(item.text == "here" for item in asyncio.run(second(asyncio.run(first()))).evidence)


def test_a_stop_is_proved_by_the_launcher_and_its_step_told_by_the_application(tmp_path: Path) -> None:
    code = """
def stopped(*_):
    say(cause="stopped", stop={"strength": "REPORTED", "by": "flag", "evidence": [{"source": "app", "text": "kill()"}]})
    sys.exit(0)
signal.signal(signal.SIGTERM, stopped)
print("ready", flush=True)
time.sleep(60)
"""
    outcome = run(tmp_path, code, stop=True)
    assert outcome.cause is Cause.STOPPED
    assert outcome.stop is not None
    assert outcome.stop.strength is Strength.PROVEN
    assert any(item.text == "kill()" for item in outcome.stop.evidence)
