"""What a worker offers to its executors beside runs. One object an executor."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from anyjob.outcome import Json

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
    def environment(self) -> Mapping[str, str]:
        """What a command gets of the worker's own environment: the allow-list, never the whole."""
        ...

    async def deliver(self, key: str, event: Json) -> bool:
        """Hand `event` to the run that listens on `key`; durable on return. False: no run listens."""
        ...
