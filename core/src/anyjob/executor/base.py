"""The contract of an executor: four verbs, and what the runtime may ask beside them."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from enum import StrEnum
from typing import TYPE_CHECKING, ClassVar, Final, Generic, TypeVar

from anyjob.executor.capabilities import Capabilities, Health
from anyjob.executor.environment import base_environment
from anyjob.executor.handle import Handle
from anyjob.outcome import Outcome, StopReport
from anyjob.problem import Problem
from anyjob.spec import Spec

if TYPE_CHECKING:
    from anyjob.executor.command import Command
    from anyjob.executor.services import Services
    from anyjob.job import Job
    from anyjob.run import Run, RunFacts

__all__ = ["COMMAND_KEYS", "Executor", "RemoteExecutor", "S", "Stage"]

S = TypeVar("S", bound=Spec)

COMMAND_KEYS: Final = frozenset({"launcher", "user", "cwd", "env", "leftovers", "stopSignal"})
"""Common keys of XAttrs that only a launcher keeps. Taken in silence, a job would run as somebody else than it says."""


class Stage(StrEnum):
    """How a stop is put: `ASK` lets the run end by itself, `FORCE` does not."""

    ASK = "ASK"
    FORCE = "FORCE"


class Executor(ABC, Generic[S]):
    """Runs jobs of one type. One object a worker process; verbs run on the worker's loop, for several runs at once.

    The runtime owns everything between the verbs: durability of handles, deadline, stop ladder, retries, log. An
    executor never retries a start by itself.

        class SleepExecutor(RemoteExecutor[SleepSpec]):
            async def start(self, run, spec):
                return Handle(kind="sleep", scope=Scope.REMOTE, data={"id": await self.client.begin(run.name)})
            async def watch(self, run, spec, handle):
                return Outcome(cause=Cause.SUCCEEDED, result=await self.client.join(handle.data["id"]))
            async def stop(self, run, spec, handle, stage):
                return StopReport(strength=Strength.REPORTED, by=await self.client.cancel(handle.data["id"]))
            async def find(self, run, spec):
                ident = await self.client.lookup(run.name)
                return None if ident is None else Handle(kind="sleep", scope=Scope.REMOTE, data={"id": ident})
    """

    services: Services
    """Set by the worker before `serve`; not there where `served` is False."""

    launcher: ClassVar[str] = ""
    """For a type whose runs are commands of one kind of place: the launcher of jobs that name none. Empty: this node's
    own."""

    @property
    def served(self) -> bool:
        """Whether a worker has this executor. False where jobs and types are only looked at: when a server binds, for
        `anyjob explain` and `anyjob plugins`."""
        return hasattr(self, "services")

    @property
    def environment(self) -> Mapping[str, str]:
        """What a command gets of the worker's own environment; where none serves, of this process's."""
        return self.services.environment if self.served else base_environment()

    def check(self, job: Job, spec: S) -> Iterable[Problem]:
        """What the settings forbid the job; asked at bind only, so that settings which became stricter harm no run that
        goes on. Must not touch the machine. Settings of a worker may differ: whoever starts looks again."""
        del job, spec
        return ()

    def privileges(self, job: Job, spec: S) -> Iterable[str]:
        """What the job asks of the machine beyond what an ordinary run may have (a host's folder, its network, a
        privileged container), each as the field and value that say so. Asked of jobs that `check` lets pass, for
        whoever decides who may create them. Must not touch the machine."""
        del job, spec
        return ()

    def capabilities(self, spec: S) -> Capabilities:
        """What is promised for this spec; asked at bind, on a server too, so it must not touch the machine. The
        default denies all."""
        del spec
        return Capabilities()

    def ignores(self, spec: S | None) -> frozenset[str]:
        """Those of COMMAND_KEYS that runs of this spec do not keep; a job that sets one is refused. Asked at bind;
        `spec` is None when it could not be read. The default: all.

        Where `user` is kept a launcher is chosen, and `run.place` is there.
        """
        del spec
        return COMMAND_KEYS

    def is_command(self, spec: S) -> bool:
        """Whether runs of this spec are commands of `run.place`, so that what the launcher promises holds for them
        (`Capabilities.joined`). Asked at bind, on a server too."""
        del spec
        return False

    async def preview_command(self, run: Run, spec: S) -> Command | None:
        """The command that a start would give to the launcher, for `anyjob explain`; None where there is none."""
        del run, spec
        return None

    async def enabled(self, jobs: Sequence[Job]) -> None:
        """The jobs of this type that are enabled on this worker's app groups, all of them; called whenever that
        changes. For types that must prepare something beyond a run, such as taking over a schedule."""
        del jobs

    async def serve(self, services: Services) -> None:
        """Called once, before the first run: start listeners and residents."""

    async def close(self) -> None:
        """Called once, when the worker ends; runs go on without it."""

    async def health(self) -> Health:
        """Whether this executor can work here. Asked every 30 seconds, beside the runs."""
        return Health(state="healthy")

    async def preflight(self, spec: S) -> Iterable[Problem]:
        """What is missing on this worker for the spec. Asked before each start; an answer ends the run as
        `dependency_missing`, and nothing is started. A job with attempts left is asked about again."""
        del spec
        return ()

    def preview(self, run: RunFacts, spec: S) -> Mapping[str, Sequence[str]]:
        """What a start would do, for `anyjob explain`: lines under titles. Secrets read as `[secret NAME]`.

        `run` never starts. Commands are shown anyway; this is for what is to be told beside. Raises BadJob for what
        could not be started.
        """
        del run, spec
        return {}

    @abstractmethod
    async def start(self, run: Run, spec: S) -> Handle | Outcome:
        """Begin, and return at once: the handle, or the outcome when the run is already over.

        Called once for a run. After a crash within it, `find` is asked first. An exception ends the run as
        `start_failed`.
        """

    @abstractmethod
    async def watch(self, run: Run, spec: S, handle: Handle) -> Outcome:
        """Wait until the run is over as surely as the type can know.

        Called after `start`, and again by any later worker process; it may be cancelled at any await and called
        anew. An exception ends the run as `unknown`.
        """

    @abstractmethod
    async def stop(self, run: Run, spec: S, handle: Handle, stage: Stage) -> StopReport:
        """Act, and say at once how things stand. Idempotent; also called when no watch is going.

        Never called while `start` runs: a stop then sets `run.stopping`, gives `start` the grace, cancels it, asks
        `find`, and stops what that gave. Once `watch` has ended, the report is the outcome's own, else the
        capability's proof. If `watch` has not ended in time after FORCE, the run ends with this method's last report.
        """

    @abstractmethod
    async def find(self, run: Run, spec: S) -> Handle | Outcome | None:
        """What became of a run whose start was cut off. None: surely not started, so the same run is started.

        `Outcome(unknown)`: nobody can know; then it is not started again.
        """

    async def clean(self, run: Run, spec: S, handle: Handle | None) -> None:
        """The outcome is durable: remove what was only kept for `find` and `watch` (a container, a ConfigMap).

        Called once the run has ended, and again after a crash in between; idempotent. An exception is logged and
        changes nothing.
        """


class RemoteExecutor(Executor[S]):
    """An executor whose runs live in another system, by the four verbs themselves.

    Synchronous clients go to threads, with one poll or watch for all runs: never a thread for each watched run.
    """
