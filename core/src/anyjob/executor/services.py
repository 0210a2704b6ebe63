"""What a worker offers to its executors beside runs. One object an executor."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from anyjob.outcome import Json

if TYPE_CHECKING:
    from anyjob.egress import Egress

__all__ = ["Services", "State"]


class State(Protocol):
    """Small durable facts of one executor on one worker."""

    def next(self, counter: str) -> int:
        """The next number of a counter, from 1; never given twice, also across crashes."""
        ...


class Services(Protocol):
    """Handed to `serve`."""

    @property
    def state(self) -> State: ...
    @property
    def node(self) -> str:
        """The name of this worker's node."""
        ...

    @property
    def folder(self) -> Path:
        """A folder of this executor's own in the worker's state, for what must outlive the worker. Made on first use,
        with mode 0700."""
        ...

    @property
    def environment(self) -> Mapping[str, str]:
        """What a command gets of the worker's own environment: the allow-list, never the whole."""
        ...

    @property
    def egress(self) -> Egress:
        """The worker's egress policy: every call to a URL that a job names goes through it."""
        ...

    async def deliver(self, key: str, event: Json) -> bool:
        """Hand `event` to the run that listens on `key`; durable on return. False: no run listens."""
        ...
