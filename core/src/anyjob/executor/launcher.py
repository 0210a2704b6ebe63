"""Launchers: the four verbs for a command. Where a command runs: on this node, in a container, in a pod."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Generic, Protocol, TypeVar

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
    from anyjob.run import Run

__all__ = ["Launcher", "O", "Options", "Place"]


class Options(Spec):
    """The spec of a launcher: its own keys of XAttrs (image, mounts, ...)."""


O = TypeVar("O", bound=Options)  # noqa: E741 - O as S is for specs


class Launcher(ABC, Generic[O]):
    """Starts commands somewhere. Knows Run and Command, never an executor. One object a worker process.

    The verbs keep the rules of `Executor`'s, with an Exit in place of an Outcome.
    """

    services: Services

    async def serve(self, services: Services) -> None:
        """Called once, before the first run."""

    async def close(self) -> None:
        """Called once, when the worker ends; runs go on without it."""

    async def health(self) -> Health:
        return Health(state="healthy")

    def check(self, job: Job, options: O) -> Iterable[Problem]:
        """As Executor.check."""
        del job, options
        return ()

    @abstractmethod
    def capabilities(self, options: O) -> Capabilities: ...
    @abstractmethod
    async def start(self, run: Run, command: Command, options: O) -> Handle | Exit: ...
    @abstractmethod
    async def watch(self, run: Run, handle: Handle, options: O) -> Exit: ...
    @abstractmethod
    async def stop(self, run: Run, handle: Handle, stage: Stage, options: O) -> StopReport: ...
    @abstractmethod
    async def find(self, run: Run, options: O) -> Handle | Exit | None: ...

    async def clean(self, run: Run, handle: Handle | None, options: O) -> None:
        """The outcome is durable: remove what was only kept for `find` and `watch`. Idempotent."""

    def deadline_command(self, handle: Handle) -> Sequence[str] | None:
        """What the shim executes when the deadline passes and no worker is there; None where the launcher keeps it
        otherwise."""
        del handle
        return None


class Place(Protocol):
    """A launcher with its options, chosen for a run by the host from XAttrs.launcher. All that an executor sees of
    it."""

    async def start(self, run: Run, command: Command) -> Handle | Exit: ...
    async def watch(self, run: Run, handle: Handle) -> Exit: ...
    async def stop(self, run: Run, handle: Handle, stage: Stage) -> StopReport: ...
    async def find(self, run: Run) -> Handle | Exit | None: ...
    async def clean(self, run: Run, handle: Handle | None) -> None: ...
