"""A worker with a loop of its own, and real executors that register with it."""

from __future__ import annotations

import asyncio
import itertools
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Coroutine, Mapping
from contextlib import ExitStack, closing
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypeVar

from anyjob.egress import EgressSettings
from anyjob.job import Job
from anyjob.outcome import Outcome
from anyjob.plugins import PluginHost
from anyjob.worker.order import RunOrder
from anyjob.worker.settings import WorkerSettings
from anyjob.worker.worker import LiveRun, Worker
from anyjob_xxljob.executor import XxlJobExecutor
from anyjob_xxljob.fake import FakeExecutor, Handler

T = TypeVar("T")

TOKEN = "a-token-of-all-groups"
PATIENCE = 60.0
_instances = itertools.count(1)


def free_port() -> int:
    """A port that nobody has now."""
    with closing(socket.create_server(("127.0.0.1", 0))) as line:
        port: int = line.getsockname()[1]
        return port


def make_job(handler: str, *, where: str | list[str] = "demo", **more: Any) -> Job:
    """A job of a handler, of an app or at addresses."""
    place = {"addresses": where} if isinstance(where, list) else {"appName": where}
    content = {"jobHandler": handler, **place, **more.pop("content", {})}
    return Job.from_wire({"Name": handler, "JobType": "xxljob", "Content": content, **more})


class Town:
    """A worker in a thread; executors find it at `admin`. Leaving lets its runs go on."""

    def __init__(self, folder: Path, *, egress: Mapping[str, Any] | None = None, **settings: Any) -> None:
        """`settings`: what stands in [executors.xxljob] beside an address and a token for all groups."""
        self.folder = folder
        self.admin = f"http://127.0.0.1:{free_port()}"
        given = {"listen": self.admin.removeprefix("http://"), "token": TOKEN, "poll": 0.05, "wait": 20, **settings}
        self.settings: dict[str, dict[str, Any]] = {
            "xxljob": {key: value for key, value in given.items() if value is not None}
        }
        self._egress = EgressSettings.model_validate(egress or {})
        self._silent = True

    def __enter__(self) -> Self:
        self._stack = ExitStack()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever)
        self._thread.start()
        self.again()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        try:
            self._stack.close()
            if not self._silent:
                self.silence()
        finally:
            self._loop.call_soon_threadsafe(self._loop.stop)
            self._thread.join()
            self._loop.close()

    def run(self, do: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(do, self._loop).result(PATIENCE)

    def silence(self) -> None:
        """The worker ends; its runs go on."""
        self._silent = True
        self.run(self.worker.close())

    def again(self) -> None:
        """A worker on the same state folder, which listens at once, as one does that is told of a job of the type."""

        async def made() -> Worker:
            return self.make_worker()

        async def begin() -> None:
            await self.worker.start()
            await self.worker.enabled([make_job("nothing")])

        self.worker = self.run(made())
        self.run(begin())
        self._silent = False

    def make_worker(self) -> Worker:
        """Another worker on the same state folder. Within a loop."""
        host = PluginHost.load(executor_settings=self.settings)
        self.host = host
        return Worker(host, self.folder / "state", WorkerSettings(force_wait=0.5), {}, self._egress)

    @property
    def executor(self) -> XxlJobExecutor:
        found = self.host.executor("xxljob")
        assert isinstance(found, XxlJobExecutor)
        return found

    def fake(self, handlers: Mapping[str, Handler], **more: Any) -> FakeExecutor:
        """An executor in Python that has registered, until the town is left."""
        given: dict[str, Any] = {"token": TOKEN, "app": "demo", "admins": [self.admin], **more}
        fake = self._stack.enter_context(FakeExecutor(handlers, **given))
        if given.get("registers", True):
            self.registered(fake.address)
        return fake

    def registered(self, address: str) -> None:
        """Wait until the executor at the address has registered."""
        until(lambda: address in [seen.address for seen in self.executor.admin.registry.seen()])

    # ---------------------------------------------------------------- runs

    def begin(self, handler: str, **more: Any) -> LiveRun:
        facts = more.pop("facts", {})
        return self.submit(make_job(handler, **more), **facts)

    def submit(self, job: Job, **facts: Any) -> LiveRun:
        return self.run(self.worker.submit(RunOrder(job=job, instance=next(_instances), **facts)))

    def end(self, run: LiveRun) -> Outcome:
        return self.run(run.outcome())

    def call(self, handler: str, **more: Any) -> Outcome:
        return self.end(self.begin(handler, **more))

    def resumed(self, run: LiveRun) -> LiveRun:
        """The same run, as the worker found it when it began."""
        return next(one for one in self.worker.resumed if one.name == run.name)

    def stop(self, run: LiveRun, *, force: bool = False) -> Outcome:
        self._loop.call_soon_threadsafe(lambda: run.stop(force=force))
        return self.end(run)

    def log(self, run: LiveRun) -> bytes:
        path = self.folder / "state" / "runs" / run.name / "log"
        return path.read_bytes() if path.exists() else b""

    def says(self, run: LiveRun, text: str) -> None:
        """Wait until the log says it."""
        until(lambda: text.encode() in self.log(run))


class Jvm:
    """A real executor, for the length of a block."""

    def __init__(
        self, classpath: list[Path], folder: Path, admin: str, *, app: str, token: str = TOKEN, heap: str = "128m"
    ) -> None:
        self.address = f"http://127.0.0.1:{free_port()}"
        self._output = (folder / "output").open("wb")
        port = self.address.rpartition(":")[2]
        path = ":".join(str(entry) for entry in classpath)
        command = ["java", f"-Xmx{heap}", "-XX:TieredStopAtLevel=1", "-cp", path, "demo.Demo"]
        arguments = [admin, port, str(folder / "logs"), token, app]
        self.process = subprocess.Popen([*command, *arguments], stdout=self._output, stderr=subprocess.STDOUT)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.process.kill()
        self.process.wait()
        self._output.close()


def until(holds: Callable[[], object], within: float = PATIENCE) -> None:
    end = time.monotonic() + within
    while not holds():
        assert time.monotonic() < end, "it did not become so"
        time.sleep(0.02)


def evidence(outcome: Outcome) -> str:
    return "\n".join(item.text for item in outcome.evidence)
