"""A remote system in memory and an executor for it: it remembers what was started, and outlives any worker of the
test."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterable
from typing import Annotated

from anyjob.executor import Capabilities, Handle, RemoteExecutor, Scope, Stage
from anyjob.outcome import Cause, Outcome, StopReport, Strength
from anyjob.plugins import ExecutorType, hookimpl
from anyjob.run import Run
from anyjob.spec import At, Spec


class WorldSpec(Spec):
    content: Annotated[str, At("Content")] = ""


class World:
    """Jobs by run name. `frozen`: the worker's process counts as dead, so nothing it does reaches the world any
    more."""

    def __init__(self) -> None:
        self.starts: Counter[str] = Counter()
        self.cleaned: Counter[str] = Counter()
        self.over: dict[str, Outcome] = {}
        self.asked: Counter[tuple[str, Stage]] = Counter()
        self.frozen = False
        self.obeys = True
        self.crash_at: str | None = None
        self.verbs: list[str] = []

    async def step(self, point: str) -> None:
        """A place where the worker may die: from then on this call never returns."""
        self.verbs.append(point)
        if self.crash_at == point:
            self.frozen = True
            self.crash_at = None
        if self.frozen:
            await asyncio.Event().wait()

    def finish(self, name: str, outcome: Outcome | None = None) -> None:
        self.over[name] = outcome or Outcome(cause=Cause.SUCCEEDED, result="done")


class WorldExecutor(RemoteExecutor[WorldSpec]):
    world: World

    def capabilities(self, spec: WorldSpec) -> Capabilities:
        return Capabilities(proof=Strength.REPORTED, resumes=True)

    async def start(self, run: Run, spec: WorldSpec) -> Handle | Outcome:
        await self.world.step("start: before")
        self.world.starts[run.name] += 1
        await self.world.step("start: after")
        return Handle(kind="world", scope=Scope.REMOTE, data={"name": run.name})

    async def watch(self, run: Run, spec: WorldSpec, handle: Handle) -> Outcome:
        await self.world.step("watch: before")
        while run.name not in self.world.over:
            await asyncio.sleep(0)
        await self.world.step("watch: after")
        return self.world.over[run.name]

    async def stop(self, run: Run, spec: WorldSpec, handle: Handle, stage: Stage) -> StopReport:
        await self.world.step("stop: before")
        self.world.asked[run.name, stage] += 1
        if self.world.obeys:
            self.world.finish(run.name, Outcome(cause=Cause.REMOTE_FAILED))
        await self.world.step("stop: after")
        return StopReport(strength=Strength.REPORTED if self.world.obeys else Strength.ASKED, by="world")

    async def find(self, run: Run, spec: WorldSpec) -> Handle | Outcome | None:
        await self.world.step("find: before")
        if self.world.starts[run.name]:
            return Handle(kind="world", scope=Scope.REMOTE, data={"name": run.name})
        return None

    async def clean(self, run: Run, spec: WorldSpec, handle: Handle | None) -> None:
        await self.world.step("clean: before")
        self.world.cleaned[run.name] += 1


class WorldPlugin:
    """Registers the type `world` over one World."""

    def __init__(self, world: World) -> None:
        self._executor: type[WorldExecutor] = type("BoundWorldExecutor", (WorldExecutor,), {"world": world})

    @hookimpl
    def anyjob_executors(self) -> Iterable[ExecutorType]:
        return [ExecutorType(job_type="world", executor=self._executor, spec=WorldSpec)]
