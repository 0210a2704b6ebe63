"""Executors, launchers and plugins for tests of the host."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from anyjob.executor import (
    Capabilities,
    Command,
    CommandExecutor,
    DeadlineBy,
    Exit,
    FunctionExecutor,
    Handle,
    Launcher,
    Options,
    Stage,
)
from anyjob.outcome import Cause, Outcome, StopReport, Strength
from anyjob.plugins import ExecutorType, LauncherType, hookimpl
from anyjob.run import CallRun, Run
from anyjob.spec import At, Spec


class ScriptSpec(Spec):
    script: Annotated[str, Field(description="the script"), At("Content")]
    shell: Annotated[str, At("XAttrs.$.command")] = "sh"


class ScriptExecutor(CommandExecutor[ScriptSpec]):
    def command(self, run: Run, spec: ScriptSpec) -> Command:
        return Command(argv=[spec.shell, "-c", spec.script])


class CallSettings(BaseModel):
    model_config = ConfigDict(extra="forbid")
    pool: Annotated[int, Field(ge=1)] = 4

    @classmethod
    def alone(cls) -> CallSettings:
        return cls(pool=99)


class CallSpec(Spec):
    url: Annotated[str, At("Content.$.url")] = ""


class CallExecutor(FunctionExecutor[CallSpec]):
    made = 0

    def __init__(self, settings: CallSettings) -> None:
        type(self).made += 1
        self.settings = settings

    def call(self, run: CallRun, spec: CallSpec) -> Outcome:
        return Outcome(cause=Cause.SUCCEEDED, result=spec.url)


class BoxOptions(Options):
    image: Annotated[str, At("XAttrs.$.image")] = "busybox"


class BoxLauncher(Launcher[BoxOptions]):
    """Enforces no limit but memory, brings no files back, and keeps the last verb with the options that it got."""

    def __init__(self) -> None:
        self.verbs: list[tuple[str, BoxOptions]] = []

    def capabilities(self, options: BoxOptions) -> Capabilities:
        return Capabilities(deadline=DeadlineBy.SHIM, proof=Strength.REPORTED, limits=frozenset({"memory"}))

    async def start(self, run: Run, command: Command, options: BoxOptions) -> Handle | Exit:
        self.verbs.append(("start", options))
        return Exit(code=0)

    async def watch(self, run: Run, handle: Handle, options: BoxOptions) -> Exit:
        self.verbs.append(("watch", options))
        return Exit(code=0)

    async def stop(self, run: Run, handle: Handle, stage: Stage, options: BoxOptions) -> StopReport:
        self.verbs.append(("stop", options))
        return StopReport(strength=Strength.ASKED, by="box")

    async def find(self, run: Run, options: BoxOptions) -> Handle | Exit | None:
        self.verbs.append(("find", options))
        return None

    async def clean(self, run: Run, handle: Handle | None, options: BoxOptions) -> None:
        self.verbs.append(("clean", options))


LOCAL = LauncherType(name="local", launcher=BoxLauncher, options=Options)
SCRIPT = ExecutorType(job_type="script", executor=ScriptExecutor, spec=ScriptSpec, aliases=("sh",))
CALL = ExecutorType(job_type="call", executor=CallExecutor, spec=CallSpec, settings=CallSettings)


class Offers:
    """A plugin that offers what it was given."""

    def __init__(self, *kinds: ExecutorType | LauncherType) -> None:
        self.kinds = kinds

    @hookimpl
    def anyjob_executors(self) -> Iterable[ExecutorType]:
        return [kind for kind in self.kinds if isinstance(kind, ExecutorType)]

    @hookimpl
    def anyjob_launchers(self) -> Iterable[LauncherType]:
        return [kind for kind in self.kinds if isinstance(kind, LauncherType)]


BOX = LauncherType(name="box", launcher=BoxLauncher, options=BoxOptions)
