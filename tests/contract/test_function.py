"""A function executor of ten lines, as a stranger would write it, and the suite run on it."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterable
from dataclasses import replace
from importlib import import_module
from pathlib import Path
from typing import Annotated

import pytest

from anyjob.executor import Capabilities, FunctionExecutor
from anyjob.outcome import Cause, Outcome
from anyjob.plugins import ExecutorType, hookimpl
from anyjob.run import CallRun
from anyjob.samples import PLACEHOLDERS, BadSample, Sample, Samples
from anyjob.spec import At, Spec
from anyjob.testing import ExecutorContract, Fault


# --- the executor
class CallSpec(Spec):
    function: Annotated[str, At("ClassName")]


class CallExecutor(FunctionExecutor[CallSpec]):
    def call(self, run: CallRun, spec: CallSpec) -> Outcome:
        module, _, name = spec.function.partition(":")
        return getattr(import_module(module), name)(run)


@hookimpl
def anyjob_executors() -> Iterable[ExecutorType]:
    return [ExecutorType(job_type="call", executor=CallExecutor, spec=CallSpec)]


# --- the functions of its samples
def greets(run: CallRun) -> Outcome:
    return Outcome(cause=Cause.SUCCEEDED, result="hello")


def refuses(run: CallRun) -> Outcome:
    return Outcome(cause=Cause.FAILED, code=7, result="no")


def echoes(run: CallRun) -> Outcome:
    return Outcome(cause=Cause.SUCCEEDED, result=run.instance_parameters)


def waits(run: CallRun) -> Outcome:
    run.log.write(b"ready\n")
    until = time.monotonic() + 60
    while not run.stopping and time.monotonic() < until:
        time.sleep(0.01)
    return Outcome(cause=Cause.SUCCEEDED)


def remembers(run: CallRun) -> Outcome:
    with Path(run.parameters).open("a") as file:
        print(run.name, "begin", file=file, flush=True)
        time.sleep(0.3)
        print(run.name, "end", file=file)
    return Outcome(cause=Cause.SUCCEEDED)


def shows_placeholders(run: CallRun) -> Outcome:
    for name in PLACEHOLDERS:
        run.log.write(run.fill(f"{name}=#{{schedulerx.{name}}}\n").encode())
    return Outcome(cause=Cause.SUCCEEDED)


def shows_shard(run: CallRun) -> Outcome:
    assert run.shard is not None
    return Outcome(cause=Cause.SUCCEEDED, result=f"{run.shard.id} {run.shard.parameter} {run.shard.total}")


def returns(run: CallRun) -> Outcome:
    return Outcome(cause=Cause.SUCCEEDED, outputs={"answer": 42})


def progresses(run: CallRun) -> Outcome:
    for done in (1, 2, 3):
        run.progress(done, 3)
    return Outcome(cause=Cause.SUCCEEDED)


def shows_secret(run: CallRun) -> Outcome:
    token = run.secret("TOKEN")
    run.log.write(f"the token is {token}\n".encode())
    run.log.write(token[:5].encode())
    run.log.write(token[5:].encode())
    return Outcome(cause=Cause.SUCCEEDED, result=str(len(token)))


class AgainExecutor(CallExecutor):
    """Keeps how far it is before what it does, and is called again after a crash."""

    def capabilities(self, spec: CallSpec) -> Capabilities:
        return Capabilities(resumes=True)

    def call(self, run: CallRun, spec: CallSpec) -> Outcome:
        run.checkpoint({"begun": True})
        return super().call(run, spec)

    def resume(self, run: CallRun, spec: CallSpec) -> None:
        return None


class AgainPlugin:
    @hookimpl
    def anyjob_executors(self) -> Iterable[ExecutorType]:
        return [ExecutorType(job_type="again", executor=AgainExecutor, spec=CallSpec)]


def _sample(name: str, **expected: object) -> Sample:
    return Sample({"ClassName": f"{__name__}:{name}"}, **expected)  # pyright: ignore[reportArgumentType]


class TestCall(ExecutorContract):
    plugin = sys.modules[__name__]
    samples = Samples(
        succeeds=_sample("greets", result="hello"),
        fails=_sample("refuses", cause=Cause.FAILED, code=7),
        echoes=_sample("echoes"),
        sleeps=_sample("waits"),
        obeys=_sample("waits"),
        remembers=_sample("remembers"),
        prints_placeholders=_sample("shows_placeholders"),
        prints_shard=_sample("shows_shard"),
        returns_outputs=_sample("returns", outputs={"answer": 42}),
        progresses=_sample("progresses"),
        shows_secret=_sample("shows_secret"),
        bad_jobs=[BadSample({}, "ClassName")],
    )


@pytest.mark.parametrize("case", ["find_of_a_run", "clean_of_a_run"])
def test_a_call_that_may_be_repeated_may_keep_how_far_it_is(tmp_path: Path, case: str) -> None:
    class Contract(ExecutorContract):
        plugin = AgainPlugin()
        samples = TestCall.samples

    with Contract.make_rig(tmp_path) as rig:
        getattr(Contract(), f"test_{case}_that_never_started")(rig)


def test_a_sample_without_a_cause_is_told_what_it_lacks(tmp_path: Path) -> None:
    known = TestCall.samples
    assert isinstance(known, Samples)

    class Contract(ExecutorContract):
        plugin = sys.modules[__name__]
        samples = replace(known, fails=_sample("refuses"))

    with Contract.make_rig(tmp_path) as rig:
        for case in (Contract.test_failure, Contract.test_a_failure_is_tried_again):
            with pytest.raises(Fault, match=r"names no cause: give it `cause=Cause\.FAILED`"):
                case(Contract(), rig)
