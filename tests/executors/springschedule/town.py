"""A worker with a loop of its own, and applications that dial in to it."""

from __future__ import annotations

import asyncio
import itertools
import threading
import time
import zipfile
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypeVar

from anyjob.executor import SeenApp
from anyjob.job import Job
from anyjob.outcome import Outcome
from anyjob.plugins import PluginHost
from anyjob.worker.order import RunOrder
from anyjob.worker.settings import WorkerSettings
from anyjob.worker.worker import LiveRun, Worker
from anyjob_jvm.homes import JavaHome, choose_home, find_homes
from anyjob_springschedule.executor import SpringExecutor
from anyjob_springschedule.sampleapp import SampleApp

T = TypeVar("T")

TOKEN = "a-token-of-shop"
PATIENCE = 60.0
_instances = itertools.count(1)


@dataclass(frozen=True)
class Boot:
    """One generation of Spring Boot, with the demo compiled against it."""

    name: str
    classpath: tuple[Path, ...]


def java(version: str) -> JavaHome:
    return choose_home(find_homes(), version)


def make_job(method: str, class_name: str = "demo.Answers", **more: Any) -> Job:
    content = {"className": class_name, "method": method, **more.pop("content", {})}
    fields = {"Name": method, "JobType": "springschedule", "GroupId": "shop", "Content": content, **more}
    return Job.from_wire(fields)


class Town:
    """A worker in a thread, at `address`. Leaving lets its runs go on."""

    def __init__(self, folder: Path, *, executor: Mapping[str, Any] | None = None, **apps: Any) -> None:
        """`executor`: what else stands in the settings of the type, `apps` in [worker.apps]."""
        self.folder, self.address = folder, f"unix:{folder}/apps.sock"
        given = {"listen": [self.address], "tokens": {"shop": TOKEN}, **apps}
        self.settings = WorkerSettings.model_validate({"force_wait": 1, "apps": given})
        self._executors: dict[str, dict[str, Any]] = {"springschedule": {"wait": 1, **(executor or {})}}
        self.host = PluginHost.load(executor_settings=self._executors)
        self._silent = False

    def __enter__(self) -> Self:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever)
        self._thread.start()
        self.worker = Worker(self.host, self.folder / "state", self.settings)
        self.run(self.worker.start())
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        try:
            if not self._silent:
                self.run(self.worker.close())
        finally:
            self._loop.call_soon_threadsafe(self._loop.stop)
            self._thread.join()
            self._loop.close()

    def run(self, do: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(do, self._loop).result(PATIENCE)

    # ---------------------------------------------------------------- applications

    def app(self, boot: Boot, *, home: str = "17", name: str = "demo", **env: str) -> SampleApp:
        """One that dials in here; further variables of its environment by name."""
        given = {"ANYJOB_APP": self.address, "ANYJOB_APP_TOKEN": TOKEN, "SPRING_APPLICATION_NAME": name, **env}
        return SampleApp("demo.Demo", boot.classpath, given, home=java(home))

    def seen(self) -> list[SeenApp]:
        async def look() -> list[SeenApp]:
            return list(self.worker.apps.of("springschedule").seen())

        return self.run(look())

    def connected(self, count: int = 1) -> list[SeenApp]:
        """Wait until so many are there."""

        def there() -> bool:
            return len([app for app in self.seen() if app.connected]) == count

        until(there)
        return [app for app in self.seen() if app.connected]

    def executor(self) -> SpringExecutor:
        found = self.host.executor("springschedule")
        assert isinstance(found, SpringExecutor)
        return found

    def enable(self, *jobs: Job) -> None:
        self.run(self.executor().enabled(jobs))

    def taken(self) -> set[str]:
        """What the only application says that Spring does not fire."""
        (app,) = self.connected()
        return {name for name, said in app.details.items() if isinstance(said, dict) and said["taken"]}

    # ---------------------------------------------------------------- runs

    def begin(self, method: str, class_name: str = "demo.Answers", **more: Any) -> LiveRun:
        return self.submit(make_job(method, class_name, **more))

    def submit(self, job: Job, **facts: Any) -> LiveRun:
        return self.run(self.worker.submit(RunOrder(job=job, instance=next(_instances), **facts)))

    def end(self, run: LiveRun) -> Outcome:
        return self.run(run.outcome())

    def call(self, method: str, class_name: str = "demo.Answers", **more: Any) -> Outcome:
        return self.end(self.begin(method, class_name, **more))

    def resumed(self, run: LiveRun) -> LiveRun:
        """The same run, as the worker found it when it began."""
        return next(one for one in self.worker.resumed if one.name == run.name)

    def stop(self, run: LiveRun) -> Outcome:
        self._loop.call_soon_threadsafe(run.stop)
        return self.end(run)

    def log(self, run: LiveRun) -> bytes:
        path = self.folder / "state" / "runs" / run.name / "log"
        return path.read_bytes() if path.exists() else b""

    def drop(self) -> None:
        """Every connection is lost, as by a fault of the network."""

        async def lose() -> None:
            for app in self.worker.apps.by_key.values():
                if app.link is not None:
                    await app.link.drop()

        self.run(lose())

    def silence(self) -> None:
        """The worker ends. What follows must be `again`."""
        self._silent = True
        self.run(self.worker.close())

    def again(self, state: str) -> None:
        """After `silence`: another worker at the same address, as a new process would be."""
        self.host = PluginHost.load(executor_settings=self._executors)
        self.worker = Worker(self.host, self.folder / state, self.settings)
        self.run(self.worker.start())
        self._silent = False

    def hits(self) -> Mapping[str, Any]:
        """How often each method was called since this was last asked."""
        outcome = self.call("hits", "demo.Demo")
        assert outcome.cause == "succeeded", outcome
        return outcome.outputs

    def hits_for(self, seconds: float) -> Mapping[str, Any]:
        self.hits()
        time.sleep(seconds)
        return self.hits()


def executable(boot: Boot, into: Path, main: str = "demo.Demo") -> Path:
    """A jar that `java -jar` starts, with its class path in its manifest."""
    classes, *jars = boot.classpath
    into.mkdir()
    path = into / "app.jar"
    said = f"Manifest-Version: 1.0\nMain-Class: {main}\nClass-Path: {' '.join(jar.as_uri() for jar in jars)}\n"
    lines = said.splitlines()
    with zipfile.ZipFile(path, "w") as jar:
        jar.writestr("META-INF/MANIFEST.MF", "".join(_folded(line) for line in lines))
        for file in classes.rglob("*"):  # with its folders, which Spring asks for when it scans
            jar.write(file, file.relative_to(classes))
    return path


def _folded(line: str) -> str:
    """Lines of a manifest have at most 72 bytes."""
    parts = [line[:70], *(line[at : at + 69] for at in range(70, len(line), 69))]
    return "\n ".join(parts) + "\n"


def until(holds: Callable[[], object], within: float = PATIENCE) -> None:
    end = time.monotonic() + within
    while not holds():
        assert time.monotonic() < end, "it did not become so"
        time.sleep(0.02)


def evidence(outcome: Outcome) -> str:
    return "\n".join(item.text for item in outcome.evidence)
