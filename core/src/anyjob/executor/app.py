"""Executors whose runs are calls of named code in an application: a class in a JVM, a function in a Go binary.

Three ways to reach it. `Own`: a process a run, started through the launcher; what it is told and what it answers are
files of the run's folder, so it needs no connection and outlives the worker as every command does. `Shared`: one
resident process for many runs, started by the worker. `Attached`: the user's own application, which has dialled in.
All three speak the messages of docs/protocol.md.
"""

from __future__ import annotations

import json
import signal
from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, ClassVar, Final, TypeAlias

from anyjob.executor.base import COMMAND_KEYS, Executor, S, Stage
from anyjob.executor.capabilities import Capabilities, Phase
from anyjob.executor.command import RUN_FOLDER, Command, Exit
from anyjob.executor.handle import Handle
from anyjob.executor.said import OUTCOME_FILE, START_FILE, read_said, start_message, without_word
from anyjob.outcome import Cause, Evidence, Json, Outcome, StopReport, Strength

if TYPE_CHECKING:
    from anyjob.run import Run

__all__ = ["AppExecutor", "Attached", "Own", "Shared", "Target"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Own:
    """A process for this run alone. Its `command` gets ANYJOB_APP=files:FOLDER, in which `start.json` lies and
    `outcome.json` is expected; a stop is the command's signal."""

    command: Command


@dataclass(frozen=True, slots=True, kw_only=True)
class Shared:
    """A resident process that serves many runs; all of one `key` share it.

    `key` names all that tells residents apart (class path, Java home, binary), at most 200 characters; the run's user
    need not be in it. `command` starts it, with ANYJOB_APP and ANYJOB_APP_TOKEN in its environment: it dials in with
    them. It must be the same for the same key; files of it are not written. `runs`: after so many it is replaced.
    `wait`: seconds in which a new one must have dialled in.
    """

    key: str
    command: Command
    runs: int = 1000
    wait: float = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Attached:
    """An application of the job's app group that has dialled in and serves `name`.

    `wait`: seconds in which one may still come before the run is `dependency_missing`. One that runs may be 10 s away
    from its next dial (docs/protocol.md), and a worker that has just started must not fail for that. `setting`: where
    the user sets `wait`, such as "[executors.go] wait", for that message.
    """

    name: str
    wait: float = 20.0
    setting: str = ""


Target: TypeAlias = Own | Shared | Attached

_LISTED: Final = 5
_WITHOUT_PROCESS: Final = COMMAND_KEYS
_SHARED: Final = COMMAND_KEYS - {"user"}


class AppExecutor(Executor[S]):
    """An executor that says where the code is and what it is asked.

    class GoExecutor(AppExecutor[GoSpec]):
        def target(self, run, spec):
            return Attached(name=spec.job_name)
        def request(self, run, spec):
            return {"jobName": spec.job_name}
    """

    own_capabilities: ClassVar[Capabilities] = Capabilities(phases=frozenset(Phase), maps=True)
    """What the type adds to a launcher's promises for `Own`."""

    @abstractmethod
    def kind(self, spec: S) -> type[Own | Shared | Attached]:
        """Which of the three `target` will give. Asked at bind, on a server too."""

    @abstractmethod
    def target(self, run: Run, spec: S) -> Target:
        """Where the code of this run is. Raises BadJob for what cannot be."""

    @abstractmethod
    def request(self, run: Run, spec: S) -> Mapping[str, Json]:
        """`spec` of the start message: what the application must know beside the facts of the run."""

    def outcome(self, run: Run, spec: S, outcome: Outcome) -> Outcome:
        """What the application said, as the job's outcome. The default takes it as it is."""
        del run, spec
        return outcome

    def died(self, run: Run, spec: S, exit: Exit) -> Outcome:  # noqa: A002 - the word of the trade
        """The process of an `Own` ended without an outcome. The default: it failed, whatever its code."""
        del run, spec
        return without_word(exit)

    def connected(self) -> str:
        """Who is connected, in words for `health`: "2 applications: shop-1 of shop (12 names), ..."; empty where there
        is no worker, as in `anyjob plugins`, which shows them by itself."""
        if not self.served:
            return ""
        apps = [app for app in self.services.apps.seen() if app.connected]
        said = [
            "a shared process" if app.resident else f"{app.name or app.id} of {app.group} ({len(app.names)} names)"
            for app in apps[:_LISTED]
        ]
        more = [f"{len(apps) - _LISTED} more"] if len(apps) > _LISTED else []
        many = f"{len(apps)} application{'' if len(apps) == 1 else 's'}"
        return f"{many}: {', '.join([*said, *more])}" if apps else "no application is connected"

    # ---------------------------------------------------------------- what is promised

    def ignores(self, spec: S | None) -> frozenset[str]:
        kind = Own if spec is None else self.kind(spec)
        return frozenset() if kind is Own else _SHARED if kind is Shared else _WITHOUT_PROCESS

    def capabilities(self, spec: S) -> Capabilities:
        kind = self.kind(spec)
        if kind is Own:
            return self.own_capabilities
        # The words of the application: REPORTED once it says that the call has returned.
        return Capabilities(proof=Strength.REPORTED, resumes=True, phases=frozenset(Phase), maps=True)

    def is_command(self, spec: S) -> bool:
        return self.kind(spec) is Own

    # ---------------------------------------------------------------- the verbs

    async def preview_command(self, run: Run, spec: S) -> Command | None:
        target = self.target(run, spec)
        return None if isinstance(target, Attached) else self._with_start(run, spec, target)

    async def start(self, run: Run, spec: S) -> Handle | Outcome:
        target = self.target(run, spec)
        if isinstance(target, Own):
            return self._read(run, spec, await run.place.start(run, self._with_start(run, spec, target)))
        return self._told(run, spec, await self.services.apps.start(run, target, self.request(run, spec)))

    async def watch(self, run: Run, spec: S, handle: Handle) -> Outcome:
        if self.kind(spec) is Own:
            return self._ended(run, spec, await run.place.watch(run, handle))
        return self.outcome(run, spec, await self.services.apps.watch(run, handle))

    async def stop(self, run: Run, spec: S, handle: Handle, stage: Stage) -> StopReport:
        if self.kind(spec) is Own:
            return await run.place.stop(run, handle, stage)
        return await self.services.apps.stop(run, handle, stage)

    async def find(self, run: Run, spec: S) -> Handle | Outcome | None:
        if self.kind(spec) is Own:
            found = await run.place.find(run)
            return None if found is None else self._read(run, spec, found)
        found = await self.services.apps.find(run)
        return None if found is None else self._told(run, spec, found)

    async def clean(self, run: Run, spec: S, handle: Handle | None) -> None:
        if self.kind(spec) is Own:
            await run.place.clean(run, handle)
        else:
            await self.services.apps.clean(run, handle)

    # ---------------------------------------------------------------- within

    def _with_start(self, run: Run, spec: S, target: Own | Shared) -> Command:
        command = target.command
        if isinstance(target, Shared):
            return command
        message = start_message(run, self.request(run, spec))
        env = run.environment() if command.env is None else dict(command.env)
        return replace(
            command,
            env={**env, "ANYJOB_APP": f"files:{RUN_FOLDER}"},
            files={**command.files, START_FILE: json.dumps(message).encode()},
            returns=command.returns | {OUTCOME_FILE, "result"},
        )

    def _told(self, run: Run, spec: S, got: Handle | Outcome) -> Handle | Outcome:
        return got if isinstance(got, Handle) else self.outcome(run, spec, got)

    def _read(self, run: Run, spec: S, got: Handle | Exit) -> Handle | Outcome:
        return got if isinstance(got, Handle) else self._ended(run, spec, got)

    def _ended(self, run: Run, spec: S, exit_: Exit) -> Outcome:
        said = read_said(exit_)
        if said is None:
            return self.died(run, spec, exit_)
        if said.cause is Cause.STOPPED and exit_.cause is None and not run.stopping:
            said = _not_ours(said)
        return self.outcome(run, spec, said)


def _not_ours(said: Outcome) -> Outcome:
    """It obeyed a TERM that nobody here sent."""
    text = "it says that it was stopped, and no stop was asked for: somebody else sent its process the signal"
    evidence = [*said.evidence, Evidence(source="worker", text=text)]
    return replace(said, cause=Cause.SIGNAL, code=128 + signal.SIGTERM, evidence=evidence)
