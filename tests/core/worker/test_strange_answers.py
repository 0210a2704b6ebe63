"""Executors that answer with what the contract does not know: their run ends, its end says so, and nothing hangs."""

from __future__ import annotations

import asyncio
import errno
import os
import sys
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import pytest

from anyjob.executor import FunctionExecutor, Handle, RemoteExecutor, Scope, Stage
from anyjob.job import Job
from anyjob.outcome import Cause, Outcome, StopReport, Strength
from anyjob.plugins import ExecutorType, PluginHost, hookimpl
from anyjob.problem import Problem
from anyjob.run import CallRun, Run
from anyjob.spec import Spec
from anyjob.worker.face import RunFace
from anyjob.worker.order import RunOrder
from anyjob.worker.settings import WorkerSettings
from anyjob.worker.worker import Worker

OF: Any = Outcome
STOP: Any = StopReport


class NoSpec(Spec):
    """Reads nothing."""


class Remote(RemoteExecutor[NoSpec]):
    """Ends with `end`; with None it waits for its stop, and says `stopped`."""

    end: Any = None
    stopped: Any = None

    async def start(self, run: Run, spec: NoSpec) -> Handle | Outcome:
        return Handle(kind="x", scope=Scope.REMOTE, data={})

    async def watch(self, run: Run, spec: NoSpec, handle: Handle) -> Outcome:
        if self.end is None:
            await asyncio.sleep(600)
        return cast("Outcome", self.end)

    async def stop(self, run: Run, spec: NoSpec, handle: Handle, stage: Stage) -> StopReport:
        return self.stopped

    async def find(self, run: Run, spec: NoSpec) -> None:
        return None


@dataclass
class Offer:
    """A type for one executor class."""

    made: type[Any]

    @hookimpl
    def anyjob_executors(self) -> Iterable[ExecutorType]:
        return [ExecutorType(job_type="x", executor=self.made, spec=NoSpec)]


def end_of(folder: Path, made: type[Any], *, stop: bool = False) -> Outcome:
    async def life() -> Outcome:
        host, settings = PluginHost({"x": Offer(made)}), WorkerSettings(force_wait=0.2)
        async with Worker(host, folder / "state", settings) as worker:
            run = await worker.submit(RunOrder(job=Job(name="x", job_type="x", xattrs={"grace": 0.1}), instance=1))
            while stop and run.record.handle is None:
                await asyncio.sleep(0.005)
            if stop:
                run.stop()
            async with asyncio.timeout(30):
                return await run.outcome()

    return asyncio.run(life())


@pytest.mark.parametrize(
    ("end", "said"),
    [
        (OF(cause="done"), "the executor's watch gave an Outcome whose cause is 'done'; write a Cause"),
        (OF(cause=Cause.SUCCEEDED, result=3), "the executor's watch gave an Outcome whose result is 3; write a str"),
        (OF(cause=Cause.SUCCEEDED, outputs={"p": Path("x")}), "no JSON object: PosixPath('x') is a PosixPath"),
        (OF(cause=Cause.FAILED, evidence=None), "an Outcome whose evidence holds None"),
        (OF(cause=Cause.FAILED, outputs=None), "an Outcome whose outputs are no JSON object: they are a NoneType"),
        (OF(cause=Cause.FAILED, stop=STOP(strength="PROVEN", by="x")), "whose strength is 'PROVEN'; write a Strength"),
    ],
)
def test_an_outcome_of_wrong_values_is_an_unknown_end_that_says_so(tmp_path: Path, end: object, said: str) -> None:
    outcome = end_of(tmp_path, type("Ends", (Remote,), {"end": end}))
    assert outcome.cause is Cause.UNKNOWN
    assert said in outcome.evidence[0].text


def test_a_stop_of_wrong_values_proves_nothing(tmp_path: Path) -> None:
    wrong = STOP(strength="PROVEN", by="my word")
    outcome = end_of(tmp_path, type("Stops", (Remote,), {"stopped": wrong}), stop=True)
    assert outcome.cause is Cause.STOPPED
    assert outcome.stop is not None
    assert outcome.stop.strength is Strength.ASKED
    assert "it gave a StopReport whose strength is 'PROVEN'" in str(outcome.stop.evidence)


class Calls(FunctionExecutor[NoSpec]):
    """Gives `gives`."""

    gives: Any = None

    def call(self, run: CallRun, spec: NoSpec) -> Outcome:
        return self.gives


class Async(FunctionExecutor[NoSpec]):
    """Written as the verbs are."""

    async def call(self, run: CallRun, spec: NoSpec) -> Outcome:  # pyright: ignore[reportIncompatibleMethodOverride]
        return Outcome(cause=Cause.SUCCEEDED)


@pytest.mark.parametrize(
    ("made", "said"),
    [
        (Calls, "call gave a NoneType, not an Outcome"),
        (type("Wrong", (Calls,), {"gives": OF(cause="done")}), "call gave an Outcome whose cause is 'done'"),
        (Async, "call is an `async def`, so nothing was called; make it a plain def"),
    ],
)
def test_a_call_that_gives_no_outcome_is_named(tmp_path: Path, made: type[Any], said: str) -> None:
    outcome = end_of(tmp_path, made)
    assert (outcome.cause, outcome.evidence[0].source) == (Cause.UNKNOWN, "call")
    assert outcome.evidence[0].text.startswith(said)


@pytest.mark.parametrize("gives", [["no good"], None])
def test_a_preflight_that_gives_no_problems_ends_the_run_before_its_start(tmp_path: Path, gives: Any) -> None:
    async def preflight(self: Remote, spec: NoSpec) -> list[Problem]:
        return gives

    outcome = end_of(tmp_path, type("Looks", (Remote,), {"preflight": preflight}))
    assert outcome.cause is Cause.START_FAILED
    assert "preflight gave a" in outcome.result


def test_what_fails_at_the_end_is_an_end_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A defect of the worker, which no part shows on demand: without this the run would go on for ever."""
    closed: list[str] = []

    def close(self: RunFace) -> None:
        closed.append(self.name)
        if len(closed) == 1:
            raise RuntimeError("a defect")

    monkeypatch.setattr(RunFace, "close_log", close)
    outcome = end_of(tmp_path, type("Ends", (Remote,), {"end": Outcome(cause=Cause.SUCCEEDED)}))
    assert outcome.cause is Cause.UNKNOWN
    assert outcome.evidence[0].text == "the worker failed at the end of the run: RuntimeError; its own log has more"


def test_a_log_that_cannot_be_completed_is_told_and_ends_the_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The disk is full at that very moment."""

    def close(self: RunFace) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(RunFace, "close_log", close)
    outcome = end_of(tmp_path, type("Ends", (Remote,), {"end": Outcome(cause=Cause.SUCCEEDED)}))
    assert outcome.cause is Cause.SUCCEEDED
    assert [(item.source, item.text) for item in outcome.evidence] == [
        ("log", "its last bytes could not be written: No space left on device")
    ]


async def cancels() -> Any:
    gone = asyncio.get_running_loop().create_future()
    gone.cancel()
    return await gone


async def leaves() -> Any:
    sys.exit("no more")


@pytest.mark.parametrize(
    ("does", "said"),
    [(cancels, "it was cancelled by its own code"), (leaves, "it called sys.exit('no more')")],
)
@pytest.mark.parametrize("verb", ["start", "watch", "stop", "clean", "preflight"])
def test_a_verb_that_cancels_itself_or_leaves_is_a_verb_that_failed(
    tmp_path: Path, verb: str, does: Callable[[], Awaitable[Any]], said: str
) -> None:
    """Neither ends the worker, nor hangs the run."""

    async def own(self: Remote, *given: object) -> Any:
        return await does()

    end = Outcome(cause=Cause.SUCCEEDED) if verb != "stop" else None
    outcome = end_of(tmp_path, type("Strange", (Remote,), {"end": end, verb: own}), stop=verb == "stop")
    log = tmp_path / "state/runs/aj-1-0-1/log"
    told = str(outcome.evidence) + str(outcome.stop and outcome.stop.evidence)
    assert said in told + (log.read_text() if log.exists() else ""), outcome
    assert outcome.ok is (verb == "clean")


@pytest.mark.parametrize("does", [SystemExit, asyncio.CancelledError, KeyError])
def test_a_call_that_leaves_is_a_failed_run(tmp_path: Path, does: type[BaseException]) -> None:
    class Leaves(Calls):
        def call(self, run: CallRun, spec: NoSpec) -> Outcome:
            raise does("no more")

    outcome = end_of(tmp_path, Leaves)
    assert (outcome.cause, outcome.result.partition(":")[0]) == (Cause.FAILED, does.__name__)


def test_a_handle_of_wrong_values_is_told(tmp_path: Path) -> None:
    async def start(self: Remote, run: Run, spec: NoSpec) -> Any:
        return Handle(kind="x", scope="REMOTE", data={})  # pyright: ignore[reportArgumentType]

    outcome = end_of(tmp_path, type("Starts", (Remote,), {"start": start}))
    assert outcome.cause is Cause.UNKNOWN
    assert "start gave a Handle whose scope is 'REMOTE'; write a Scope" in outcome.evidence[0].text


def test_what_is_missing_may_come_from_a_generator(tmp_path: Path) -> None:
    async def preflight(self: Remote, spec: NoSpec) -> Iterable[Problem]:
        return (Problem(field="Content", value=str(number), remedy="is not here; get it") for number in range(1))

    outcome = end_of(tmp_path, type("Looks", (Remote,), {"preflight": preflight}))
    assert (outcome.cause, outcome.result) == (Cause.DEPENDENCY_MISSING, 'Content: "0" is not here; get it')


def test_a_resume_that_says_anything_but_none_is_not_called_again(tmp_path: Path) -> None:
    class Judges(Calls):
        def resume(self, run: CallRun, spec: NoSpec) -> Any:
            return False

        def call(self, run: CallRun, spec: NoSpec) -> Outcome:
            (tmp_path / run.name).touch()
            return Outcome(cause=Cause.SUCCEEDED)

    async def life() -> Outcome:
        async with Worker(PluginHost({"x": Offer(Judges)}), tmp_path / "state") as worker:
            job = Job(name="x", job_type="x")
            record = worker.book.accept(RunOrder(job=job, instance=1), worker.bind(job))
            worker.book.starting(record, [])
        async with Worker(PluginHost({"x": Offer(Judges)}), tmp_path / "state") as worker:
            (run,) = worker.resumed
            async with asyncio.timeout(30):
                return await run.outcome()

    outcome = asyncio.run(life())
    assert outcome.cause is Cause.UNKNOWN
    assert outcome.evidence[0].text == "call gave a bool, not an Outcome"
    assert not (tmp_path / "aj-1-0-1").exists()
