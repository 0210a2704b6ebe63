"""A clock by hand, a job type in memory, and an engine on them: everything else is real."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncGenerator, Callable, Iterable
from contextlib import asynccontextmanager
from typing import Annotated, Any

from tests.plugins.server.store.place import Place

from anyjob.executor import Capabilities, Handle, RemoteExecutor, Scope, Stage
from anyjob.executor.capabilities import Health
from anyjob.outcome import Cause, Outcome, StopReport, Strength
from anyjob.plugins import ExecutorType, InstanceChange, PluginHost, hookimpl
from anyjob.problem import Problem
from anyjob.run import Run
from anyjob.spec import At, Spec
from anyjob.status import InstanceStatus
from anyjob.worker.instance import Instances
from anyjob.worker.settings import WorkerSettings
from anyjob.worker.worker import Worker
from anyjob_server.engine.engine import Engine
from anyjob_server.engine.recovery import claim
from anyjob_server.settings import ServerSettings
from anyjob_server.store import groups, instances, jobs, namespaces, outbox, reasons
from anyjob_server.store.groups import GroupRow
from anyjob_server.store.instances import InstanceRow
from anyjob_server.store.jobs import JobRow
from anyjob_server.store.namespaces import NamespaceRow
from anyjob_server.store.store import Store

NOON = 1_800_014_400_000
"""2027-01-15 12:00:00 UTC, a Friday."""


class HandClock:
    """Goes when it is told to."""

    def __init__(self, at: int = NOON) -> None:
        self._at = at
        self._moved = asyncio.Event()

    def now(self) -> int:
        return self._at

    async def wait(self, event: asyncio.Event, until: int | None) -> None:
        moved = self._moved
        waits = [asyncio.ensure_future(event.wait()), asyncio.ensure_future(moved.wait())]
        try:
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for one in waits:
                one.cancel()

    def set(self, at: int) -> None:
        self._at = at
        moved, self._moved = self._moved, asyncio.Event()
        moved.set()

    def on(self, seconds: float) -> None:
        self.set(self._at + round(seconds * 1000))


class PlaySpec(Spec):
    content: Annotated[str, At("Content")] = ""


class Play:
    """What runs of the type `play` do. Content: `hold` waits for `finish`, `fail` fails, anything else succeeds."""

    def __init__(self) -> None:
        self.starts: Counter[str] = Counter()
        self.over: dict[str, Outcome] = {}
        self.health = Health(state="healthy")
        self.looks = False
        """Whether the type looks at what a job needs before its start; then it finds all that jobs `hold` need."""
        self.changes: list[InstanceChange] = []
        self.enabled: list[list[str]] = []
        self.step: Callable[[], None] = lambda: None
        """Called before and after each start: a place where a server may die."""

    def finish(self, instance: int, cause: Cause = Cause.SUCCEEDED) -> None:
        for name in self.starts:
            if name.startswith(f"aj-{instance:x}-"):
                self.over.setdefault(name, Outcome(cause=cause, result="done"))

    @hookimpl
    def anyjob_executors(self) -> Iterable[ExecutorType]:
        base = LookingExecutor if self.looks else PlayExecutor
        bound: Any = type("BoundPlayExecutor", (base,), {"play": self})
        return [ExecutorType(job_type="play", executor=bound, spec=PlaySpec)]

    @hookimpl
    def anyjob_instance_changed(self, change: InstanceChange) -> None:
        self.changes.append(change)


class PlayExecutor(RemoteExecutor[PlaySpec]):
    play: Play

    def capabilities(self, spec: PlaySpec) -> Capabilities:
        return Capabilities(proof=Strength.REPORTED, resumes=True)

    async def health(self) -> Health:
        return self.play.health

    async def enabled(self, jobs: Any) -> None:
        self.play.enabled.append(sorted(job.name for job in jobs))

    async def start(self, run: Run, spec: PlaySpec) -> Handle | Outcome:
        self.play.step()
        self.play.starts[run.name] += 1
        self.play.step()
        if spec.content == "hold":
            return Handle(kind="play", scope=Scope.REMOTE, data={"name": run.name})
        if spec.content == "fail":
            return Outcome(cause=Cause.FAILED, result="it was to fail")
        return Outcome(cause=Cause.SUCCEEDED, result=f"parameters: {run.instance_parameters}")

    async def watch(self, run: Run, spec: PlaySpec, handle: Handle) -> Outcome:
        while run.name not in self.play.over:
            await asyncio.sleep(0.002)
        return self.play.over[run.name]

    async def stop(self, run: Run, spec: PlaySpec, handle: Handle, stage: Stage) -> StopReport:
        self.play.over.setdefault(run.name, Outcome(cause=Cause.REMOTE_FAILED))
        return StopReport(strength=Strength.REPORTED, by="play")

    async def find(self, run: Run, spec: PlaySpec) -> Handle | Outcome | None:
        if not self.play.starts[run.name]:
            return None
        if spec.content != "hold":
            return Outcome(cause=Cause.SUCCEEDED, result="found")
        return Handle(kind="play", scope=Scope.REMOTE, data={"name": run.name})


class Field:
    """An engine with its parts in reach."""

    def __init__(
        self,
        host: PluginHost,
        own: Instances,
        store: Store,
        engine: Engine,
        clock: HandClock,
        play: Play,
        group: GroupRow,
    ) -> None:
        self.host, self.own, self.store, self.engine = host, own, store, engine
        self.clock, self.play, self.group = clock, play, group

    async def job(self, name: str = "j", **fields: Any) -> JobRow:
        made = {"Name": name, "JobType": "play", **fields}
        return await self.engine.jobs.create(self.group, made, "somebody", strict=False)

    def row(self, job: JobRow) -> JobRow:
        found = self.store.read_now(lambda c: jobs.get(c, job.id))
        assert found is not None
        return found

    def instance(self, instance: int) -> InstanceRow:
        found = self.store.read_now(lambda c: instances.get(c, instance))
        assert found is not None
        return found

    def of(self, job: JobRow) -> list[InstanceRow]:
        """Its instances, oldest first."""
        return self.store.read_now(lambda c: instances.page(c, self.group.id, job.id, size=1000))[0][::-1]

    def reasons(self, job: JobRow) -> list[tuple[str, int]]:
        return [(one.kind, one.count) for one in self.store.read_now(lambda c: reasons.newest(c, job.id))]

    def told(self) -> list[str]:
        return [one.kind for one in self.store.read_now(outbox.unsent)]

    async def until(self, true: Callable[[], object]) -> None:
        """The test's own time limit says when to give up."""
        while not true():
            await asyncio.sleep(0.005)

    async def ended(self, job: JobRow, count: int = 1) -> list[InstanceRow]:
        await self.until(lambda: sum(one.status.finished for one in self.of(job)) >= count)
        return self.of(job)

    async def running(self, instance: int) -> None:
        await self.until(lambda: self.instance(instance).status is InstanceStatus.RUNNING)

    async def tick(self, job: JobRow, seconds: float, fired: int) -> list[InstanceRow]:
        """Let time go on until so many instances of the job have been made."""
        self.clock.on(seconds)
        await self.until(lambda: len(self.of(job)) >= fired)
        return self.of(job)


@asynccontextmanager
async def field(
    place: Place,
    play: Play | None = None,
    clock: HandClock | None = None,
    *,
    group: dict[str, Any] | None = None,
    store: type[Store] | None = None,
    worker_type: type[Worker] | None = None,
    floor: int = 0,
    **settings: Any,
) -> AsyncGenerator[Field]:
    """An engine on a database and a state folder, as a server would have it."""
    play, clock = play or Play(), clock or HandClock()
    opened = (store or Store).open(place.url, place.state, floor=floor)
    claim(place.state / "worker", opened.ident)
    host = PluginHost({"play": play})
    worker = (worker_type or Worker)(host, place.state / "worker", WorkerSettings(force_wait=1, free_disk=floor))
    own = Instances(worker)
    made = ServerSettings.model_validate({"timezone": "UTC", **settings})
    try:
        await worker.start()
        engine = Engine(opened, worker, own, made.made_calendars(), made, clock)
        row = await opened.write(lambda c: group_of(c, group or {}))
        await engine.start()
        try:
            yield Field(host, own, opened, engine, clock, play, row)
        finally:
            await engine.close()
            await own.close()
            await worker.close()
    finally:
        opened.close()
        host.observers.close(5)


def group_of(c: Any, more: dict[str, Any]) -> GroupRow:
    found = groups.get(c, "space", "group")
    if found is None:
        namespaces.insert(c, NamespaceRow(uid="space", name="space", description="", source="", created=1))
        made = groups.insert(c, GroupRow(namespace="space", group_id="group", created=1, **more))
        found = groups.by_id(c, made)
    assert found is not None
    return found


class LookingExecutor(PlayExecutor):
    async def preflight(self, spec: PlaySpec) -> Iterable[Problem]:
        return [] if spec.content == "hold" else [Problem(field="Content", value=spec.content, remedy="needs a stage")]
