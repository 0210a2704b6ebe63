"""Launchers: the four verbs for a command. Where a command runs: on this node, in a container, in a pod."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, ClassVar, Generic, Protocol, TypeVar

from anyjob.executor.base import Stage
from anyjob.executor.capabilities import Capabilities, Health
from anyjob.executor.handle import Handle
from anyjob.outcome import StopReport
from anyjob.problem import Problem
from anyjob.spec import Spec

if TYPE_CHECKING:
    from anyjob.executor.command import Command, Exit
    from anyjob.executor.services import Services
    from anyjob.job import Job
    from anyjob.run import Run, RunFacts

__all__ = ["Launcher", "O", "Options", "Place"]


class Options(Spec):
    """The spec of a launcher: its own keys of XAttrs (image, mounts, ...)."""


O = TypeVar("O", bound=Options)  # noqa: E741 - O as S is for specs


class Launcher(ABC, Generic[O]):
    """Starts commands somewhere. Knows Run and Command, never an executor. One object a worker process.

    The verbs keep the rules of `Executor`'s, with an Exit in place of an Outcome.
    """

    on_node: ClassVar[bool] = False
    """Whether commands run on this node itself, with its files, its users and the worker's environment."""

    services: Services
    """Set by the worker before `serve`; not there where `served` is False."""

    @property
    def served(self) -> bool:
        """As Executor.served."""
        return hasattr(self, "services")

    async def serve(self, services: Services) -> None:
        """Called once, before the first run."""

    async def close(self) -> None:
        """Called once, when the worker ends; runs go on without it."""

    async def health(self) -> Health:
        """As Executor.health."""
        return Health(state="healthy")

    def check(self, job: Job, options: O) -> Iterable[Problem]:
        """As Executor.check."""
        del job, options
        return ()

    def privileges(self, job: Job, options: O) -> Iterable[str]:
        """As Executor.privileges."""
        del job, options
        return ()

    async def preflight(self, options: O) -> Iterable[Problem]:
        """As Executor.preflight; asked after the executor's."""
        del options
        return ()

    def preview(self, run: RunFacts, command: Command, options: O) -> Mapping[str, Sequence[str]]:
        """What a start would do with the command, for `anyjob explain`: lines under titles. As Executor.preview, also
        in that it raises BadJob."""
        del run, command, options
        return {}

    @abstractmethod
    def capabilities(self, options: O) -> Capabilities:
        """What is promised for commands with these options. Asked at bind, on a server too: it must not touch the
        machine."""

    @abstractmethod
    async def start(self, run: Run, command: Command, options: O) -> Handle | Exit:
        """Begin the command, and return at once; its Exit when it is over already. Called once for a run."""

    @abstractmethod
    async def watch(self, run: Run, handle: Handle, options: O) -> Exit:
        """Wait for the command's end. Called again by any later worker; may be cancelled at any await."""

    @abstractmethod
    async def stop(self, run: Run, handle: Handle, stage: Stage, options: O) -> StopReport:
        """ASK sends the stop signal, FORCE ends all that is left; says at once how things stand. Idempotent."""

    @abstractmethod
    async def find(self, run: Run, options: O) -> Handle | Exit | None:
        """What became of a start that was cut off. None: surely not started. An Exit without code and signal and with
        cause `unknown`: nobody can know."""

    async def clean(self, run: Run, handle: Handle | None, options: O) -> None:
        """The outcome is durable: remove what was only kept for `find` and `watch`. Idempotent."""

    def deadline_command(self, handle: Handle) -> Sequence[str] | None:
        """What ends the command at its deadline when no worker is there; None where the launcher keeps it otherwise.

        The argv is executed by the shim as the worker's user, with the worker's allowed environment, a little after
        the deadline, if no worker has begun to stop the run by then. It stands in the shim's journal: no secrets. It
        must end within two minutes, be harmless when the command is over, and give the command its grace.
        """
        del handle
        return None


class Place(Protocol):
    """A launcher with its options, chosen for a run by the host from XAttrs.launcher. All that an executor sees of
    it; the verbs are Launcher's."""

    @property
    def name(self) -> str:
        """The launcher's, as XAttrs.launcher names it."""
        ...

    @property
    def on_node(self) -> bool:
        """As Launcher.on_node."""
        ...

    async def start(self, run: Run, command: Command) -> Handle | Exit:
        """As Launcher.start."""
        ...

    async def watch(self, run: Run, handle: Handle) -> Exit:
        """As Launcher.watch."""
        ...

    async def stop(self, run: Run, handle: Handle, stage: Stage) -> StopReport:
        """As Launcher.stop."""
        ...

    async def find(self, run: Run) -> Handle | Exit | None:
        """As Launcher.find."""
        ...

    async def clean(self, run: Run, handle: Handle | None) -> None:
        """As Launcher.clean."""
        ...
