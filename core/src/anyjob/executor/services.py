"""What a worker offers to its executors beside runs. One object an executor."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from anyjob.outcome import Json

if TYPE_CHECKING:
    from anyjob.egress import Egress
    from anyjob.executor.app import Attached, Shared
    from anyjob.executor.base import Stage
    from anyjob.executor.handle import Handle
    from anyjob.outcome import Outcome, StopReport
    from anyjob.run import Run

__all__ = ["Apps", "SeenApp", "Services", "State"]


class State(Protocol):
    """Small durable facts of one executor on one worker."""

    def next(self, counter: str) -> int:
        """The next number of a counter, from 1; never given twice, also across crashes."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class SeenApp:
    """An application that is connected, or was a short while ago.

    `id` is of its process, the same over reconnects; `name` is what it calls itself. `names` are what it serves,
    `details` what it tells of some of them (a schedule, a bean). `group` is the app group of its token, `software` the
    SDK with its version, `address` from where it dialled in. `since`: epoch seconds of its newest connection;
    `connected`: it is there now. `runs`: how many it holds. `resident`: it was started by this worker.
    """

    id: str
    name: str
    group: str
    software: str
    names: Sequence[str]
    details: Mapping[str, Json] = field(default_factory=dict[str, Json])
    address: str = ""
    connected: bool = True
    since: float = 0.0
    runs: int = 0
    resident: bool = False


class Apps(Protocol):
    """Applications of the executor's own type, as AppExecutor uses them: those that dialled in, and residents.

    `start`, `watch`, `stop`, `find` and `clean` keep the rules of Executor's. An application that is lost has some time
    to come back (the settings' `[worker.apps] reconnect`); then its runs are `unknown`, for a resident whose end was
    seen what that says.
    """

    async def start(self, run: Run, target: Shared | Attached, request: Mapping[str, Json]) -> Handle | Outcome:
        """Tell an application of the run; a resident is started if there is none. `request` is `spec` of the
        message."""
        ...

    async def watch(self, run: Run, handle: Handle) -> Outcome:
        """What the application says of the run's end, or what is known of it when it is lost."""
        ...

    async def stop(self, run: Run, handle: Handle, stage: Stage) -> StopReport:
        """Ask the application; after FORCE a resident whose code goes on is ended."""
        ...

    async def find(self, run: Run) -> Handle | Outcome | None:
        """Whether the one application that may have got the run holds it."""
        ...

    async def clean(self, run: Run, handle: Handle | None) -> None:
        """Let the application forget the run."""
        ...

    def seen(self, group: str | None = None) -> Sequence[SeenApp]:
        """Who is connected; of one app group, or all."""
        ...

    def on_change(self, callback: Callable[[SeenApp], None]) -> None:
        """Call `callback`, on the worker's loop, whenever an application of the type has come, went, or serves other
        names. It must not block; what it raises is logged."""
        ...

    async def ask(self, app: str, kind: str, body: Mapping[str, Json]) -> Mapping[str, Json]:
        """A request of the type's own to the application `app` (`SeenApp.id`), such as `take`. Raises AnyJobError when
        it is refused, not known, or not answered."""
        ...


class Services(Protocol):
    """Handed to `serve`."""

    @property
    def state(self) -> State:
        """Counters of the executor's own on this worker."""
        ...

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

    @property
    def apps(self) -> Apps:
        """Applications in which code of this type runs, for AppExecutor."""
        ...

    async def deliver(self, key: str, event: Json) -> bool:
        """Hand `event` to the run that listens on `key`; durable on return. False: no run listens."""
        ...
