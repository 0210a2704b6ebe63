"""What an application needs of whoever keeps all of them."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Protocol

from anyjob.outcome import Outcome
from anyjob.run import Run
from anyjob.worker.apps.appbook import AppBook

if TYPE_CHECKING:
    from anyjob.worker.apps.application import Application

__all__ = ["Keeper"]


class Keeper(Protocol):
    """Implemented by `anyjob.worker.apps.applications`."""

    @property
    def book(self) -> AppBook:
        """What is durable of applications and of the runs that they hold."""
        ...

    @property
    def reconnect(self) -> float:
        """Seconds in which an application that was lost must be back."""
        ...

    def going(self, run: str) -> bool:
        """Whether the run is this worker's, and not over."""
        ...

    def note(self, text: str) -> None:
        """A line for the worker's log, of which somebody else can cause many."""
        ...

    def changed(self, app: Application) -> None:
        """It came, went, or serves other names."""
        ...

    def given_up(self, app: Application, fate: Callable[[Run], Outcome]) -> None:
        """It will not come back; `fate` is the end of what it still held."""
        ...

    def late(self, app: Application, why: str) -> bool:
        """It is not waited for any more. True: its process is ended, after which `over` is called."""
        ...

    def emptied(self, app: Application) -> None:
        """It holds no run any more."""
        ...

    def worn(self, app: Application) -> None:
        """A run has left it in a state in which it should take no more."""
        ...
