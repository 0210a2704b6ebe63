"""Workers whose jobs run in applications: the job type `code`, which runs the Python text of its Content."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from collections.abc import AsyncGenerator, Generator, Mapping
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Annotated, Any

from anyjob.executor import AppExecutor, Attached, Command, Own, Shared
from anyjob.job import Job
from anyjob.outcome import Json, Outcome
from anyjob.plugins import ExecutorType, PluginHost, hookimpl
from anyjob.run import Run
from anyjob.spec import At, Spec
from anyjob.worker.order import RunOrder
from anyjob.worker.settings import WorkerSettings
from anyjob.worker.worker import LiveRun, Worker

CALLEE = Path(__file__).with_name("callee.py")
TOKEN = "a-token-of-shop"


class CodeSpec(Spec):
    code: Annotated[str, At("Content")] = ""
    name: Annotated[str, At("ClassName")] = "main"
    wait: Annotated[float, At("XAttrs.$.wait")] = 30.0
    isolation: Annotated[str, At("XAttrs.$.isolation")] = "attached"
    key: Annotated[str, At("XAttrs.$.key")] = "one"
    runs: Annotated[int, At("XAttrs.$.runs")] = 1000


class CodeExecutor(AppExecutor[CodeSpec]):
    def kind(self, spec: CodeSpec) -> type[Own | Shared | Attached]:
        return {"own": Own, "shared": Shared}.get(spec.isolation, Attached)

    def target(self, run: Run, spec: CodeSpec) -> Own | Shared | Attached:
        command = Command(argv=[sys.executable, str(CALLEE), "code"])
        if spec.key == "does not start":
            command = Command(argv=["/bin/sh", "-c", "echo no licence; exit 3"])
        elif spec.key == "no-such-program":
            command = Command(argv=["no-such-program"])
        elif spec.key == "goes":
            command = Command(argv=["env", "CALLEE_GOES=1", *command.argv])
        if spec.isolation == "own":
            return Own(command=command)
        if spec.isolation == "shared":
            return Shared(key=spec.key, command=command, runs=spec.runs)
        return Attached(name=spec.name, wait=spec.wait, setting="XAttrs.wait")

    def request(self, run: Run, spec: CodeSpec) -> Mapping[str, Json]:
        return {"code": spec.code}


class CodePlugin:
    @hookimpl
    def anyjob_executors(self) -> list[ExecutorType]:
        return [ExecutorType(job_type="code", executor=CodeExecutor, spec=CodeSpec, aliases=("codes",))]


def settings(folder: Path, **apps: Any) -> WorkerSettings:
    given: dict[str, Any] = {"listen": [f"unix:{folder}/apps.sock"], "tokens": {"shop": TOKEN}, **apps}
    return WorkerSettings.model_validate({"force_wait": 2, "shim_idle": 20, "apps": given})


def make_worker(folder: Path, **apps: Any) -> Worker:
    return Worker(PluginHost({"code": CodePlugin()}), folder / "state", settings(folder, **apps))


def order(code: str = "", *, instance: int = 1, xattrs: Mapping[str, Any] | None = None, **fields: Any) -> RunOrder:
    wire: dict[str, Any] = {"Name": "code", "JobType": "code", "Content": code, "GroupId": "shop", **fields}
    if xattrs:
        wire["XAttrs"] = dict(xattrs)
    return RunOrder(job=Job.from_wire(wire), instance=instance)


@contextmanager
def callee(
    where: str, *names: str, token: str = TOKEN, job_type: str = "code", name: str = "callee"
) -> Generator[subprocess.Popen[bytes]]:
    """A user's application for the length of a block."""
    env = {**os.environ, "ANYJOB_APP": where, "ANYJOB_APP_TOKEN": token, "CALLEE": name}
    process = subprocess.Popen([sys.executable, str(CALLEE), job_type, *(names or ("main",))], env=env)
    try:
        yield process
    finally:
        process.kill()
        process.wait()


@asynccontextmanager
async def town(folder: Path, **apps: Any) -> AsyncGenerator[Worker]:
    async with make_worker(folder, **apps) as worker:
        yield worker


async def outcome_of(run: LiveRun) -> Outcome:
    async with asyncio.timeout(30):
        return await run.outcome()


def log_of(folder: Path, run: LiveRun | RunOrder) -> bytes:
    path = folder / "state" / "runs" / run.name / "log"
    return path.read_bytes() if path.exists() else b""


async def until(holds: Any) -> None:
    async with asyncio.timeout(30):
        while not holds():
            await asyncio.sleep(0.005)


def told(outcome: Outcome) -> str:
    return " | ".join(item.text for item in outcome.evidence)
