"""The Java library with the real worker: a JVM for one run, a shared one, and an application that dials in."""

from __future__ import annotations

import asyncio
import subprocess
from collections.abc import Awaitable, Callable, Generator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import pytest
from pydantic import Field
from tests.plugins.jvm.jvm import argv

from anyjob.executor import AppExecutor, Attached, Command, Own, Shared
from anyjob.job import Job
from anyjob.outcome import Cause, Json, Outcome, Strength
from anyjob.plugins import ExecutorType, PluginHost, hookimpl
from anyjob.run import Run
from anyjob.spec import At, Spec
from anyjob.worker.order import RunOrder
from anyjob.worker.settings import WorkerSettings
from anyjob.worker.worker import LiveRun, Worker

pytestmark = [pytest.mark.needs("jdk17")]


class HostSpec(Spec):
    do: Annotated[str, At("Content")] = ""
    way: Annotated[str, At("XAttrs.$.way")] = "own"
    more: Annotated[dict[str, Any], At("XAttrs.$.more")] = Field(default_factory=dict)


class HostExecutor(AppExecutor[HostSpec]):
    """Runs the test's host in any of the three ways."""

    classpath: list[Path]

    def kind(self, spec: HostSpec) -> type[Own | Shared | Attached]:
        return {"own": Own, "shared": Shared}.get(spec.way, Attached)

    def target(self, run: Run, spec: HostSpec) -> Own | Shared | Attached:
        if spec.way == "own":
            return Own(command=Command(argv=argv(self.classpath, "17"), stop_signal="TERM"))
        if spec.way == "shared":
            return Shared(key="k", command=Command(argv=argv(self.classpath, "17", "resident")))
        return Attached(name="a")

    def request(self, run: Run, spec: HostSpec) -> Mapping[str, Json]:
        return {"do": spec.do, **spec.more}


@pytest.fixture
def plugin(classpath: list[Path]) -> Any:
    class Ours(HostExecutor):
        pass

    Ours.classpath = classpath

    class Plugin:
        @hookimpl
        def anyjob_executors(self) -> list[ExecutorType]:
            return [ExecutorType(job_type="test", executor=Ours, spec=HostSpec)]

    return Plugin()


def worker_of(plugin: Any, folder: Path) -> Worker:
    apps = {"listen": [f"unix:{folder}/apps.sock"], "tokens": {"shop": "a-token-of-shop"}}
    settings = WorkerSettings.model_validate({"force_wait": 2, "apps": apps})
    return Worker(PluginHost({"test": plugin}), folder / "state", settings)


def order(do: str, way: str, *, instance: int = 1, grace: float = 5, **more: Any) -> RunOrder:
    wire: dict[str, Any] = {"Name": "test", "JobType": "test", "Content": do, "GroupId": "shop"}
    wire["XAttrs"] = {"way": way, "more": more, "grace": grace}
    return RunOrder(job=Job.from_wire(wire), instance=instance)


@contextmanager
def application(classpath: list[Path], folder: Path) -> Generator[subprocess.Popen[bytes]]:
    env = {"ANYJOB_APP": f"unix:{folder}/apps.sock", "ANYJOB_APP_TOKEN": "a-token-of-shop"}
    process = subprocess.Popen(argv(classpath, "17"), env=env, stdin=subprocess.PIPE)
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


async def outcome_of(run: LiveRun) -> Outcome:
    async with asyncio.timeout(60):
        return await run.outcome()


def log_of(folder: Path, run: LiveRun) -> bytes:
    path = folder / "state" / "runs" / run.name / "log"
    return path.read_bytes() if path.exists() else b""


async def until_printed(folder: Path, run: LiveRun, text: bytes) -> None:
    async with asyncio.timeout(60):
        while text not in log_of(folder, run):
            await asyncio.sleep(0.02)


class Stage:
    """A worker, and an application beside it where one is needed."""

    def __init__(self, way: str, plugin: Any, classpath: list[Path], folder: Path) -> None:
        self.way, self.plugin, self.classpath, self.folder = way, plugin, classpath, folder

    def play(self, *acts: Callable[[Worker], Awaitable[None]]) -> None:
        """Each act has a worker of its own, over the same state."""

        async def go() -> None:
            for at, act in enumerate(acts):
                async with worker_of(self.plugin, self.folder) as worker:
                    await act(worker)
                    if at == len(acts) - 1 and self.way == "shared":
                        await worker.apps.shared.dismiss()

        if self.way == "attached":
            with application(self.classpath, self.folder):
                asyncio.run(go())
        else:
            asyncio.run(go())


@pytest.fixture
def stage(request: pytest.FixtureRequest, plugin: Any, classpath: list[Path], tmp_path: Path) -> Stage:
    return Stage(request.param, plugin, classpath, tmp_path)


EACH = pytest.mark.parametrize("stage", ["own", "shared", "attached"], indirect=True)


@EACH
def test_a_call_and_its_output(stage: Stage) -> None:
    async def act(worker: Worker) -> None:
        run = await worker.submit(order("slow lines", stage.way, lines=100))
        outcome = await outcome_of(run)
        assert (outcome.cause, outcome.result) == (Cause.SUCCEEDED, "done"), outcome
        assert log_of(stage.folder, run) == b"".join(b"line %d\n" % at for at in range(100))

    stage.play(act)


@EACH
def test_what_it_throws(stage: Stage) -> None:
    async def act(worker: Worker) -> None:
        outcome = await outcome_of(await worker.submit(order("throw", stage.way)))
        assert (outcome.cause, outcome.result) == (Cause.FAILED, "java.lang.IllegalStateException: boom 中")
        assert "at Host.run(Host.java:" in str(outcome.evidence)

    stage.play(act)


@EACH
def test_a_stop_says_which_step_ended_it(stage: Stage) -> None:
    async def act(worker: Worker) -> None:
        run = await worker.submit(order("sleep", stage.way))
        await until_printed(stage.folder, run, b"sleeping")
        run.stop()
        outcome = await outcome_of(run)
        assert outcome.cause is Cause.STOPPED, outcome
        assert outcome.stop is not None
        assert outcome.stop.strength is (Strength.PROVEN if stage.way == "own" else Strength.REPORTED)
        assert "ms after interrupt, by java.lang.InterruptedException" in str(outcome.stop.evidence)

    stage.play(act)


@EACH
def test_code_that_cannot_be_stopped(stage: Stage) -> None:
    """Its own JVM ends itself, a shared one is killed, and of the user's application nobody can say anything."""

    async def act(worker: Worker) -> None:
        run = await worker.submit(order("swallow", stage.way, grace=0.5))
        await until_printed(stage.folder, run, b"swallowing")
        run.stop()
        outcome = await outcome_of(run)
        assert outcome.cause is Cause.STOPPED, outcome
        assert outcome.stop is not None
        assert outcome.stop.strength is (Strength.ASKED if stage.way == "attached" else Strength.PROVEN)

    stage.play(act)


@EACH
def test_system_exit_is_no_success(stage: Stage) -> None:
    async def act(worker: Worker) -> None:
        outcome = await outcome_of(await worker.submit(order("exit", stage.way, code=3)))
        if stage.way == "attached":  # an application that does not say so at its end
            assert outcome.cause in (Cause.UNKNOWN, Cause.FAILED), outcome
            return
        assert outcome.cause is Cause.FAILED, outcome
        assert outcome.result.startswith("System.exit was called at Host.run(Host.java:")
        assert outcome.code == (3 if stage.way == "own" else None)

    stage.play(act)


@EACH
def test_the_worker_goes_and_the_run_does_not(stage: Stage) -> None:
    began: list[LiveRun] = []

    async def first(worker: Worker) -> None:
        run = await worker.submit(order("slow lines", stage.way, lines=3000))
        began.append(run)
        await until_printed(stage.folder, run, b"line 200\n")

    async def second(worker: Worker) -> None:
        (run,) = worker.resumed
        outcome = await outcome_of(run)
        assert (outcome.cause, outcome.result) == (Cause.SUCCEEDED, "done"), outcome
        assert log_of(stage.folder, run) == b"".join(b"line %d\n" % at for at in range(3000))

    stage.play(first, second)
