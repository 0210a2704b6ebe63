"""A run as an executor sees it: one start of one attempt of a task.

Two faces with the same names: `Run` for verbs on the worker's loop, `CallRun`, blocking, for plain functions in
threads. `RunFacts` is what both, and observers, share.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from anyjob.executor.capabilities import Phase
from anyjob.executor.command import RUN_FOLDER
from anyjob.outcome import Json
from anyjob.status import TriggerType

if TYPE_CHECKING:
    from pathlib import Path

    from anyjob.executor.launcher import Place
    from anyjob.job import Job
    from anyjob.spec.commonxattrs import CommonXAttrs

__all__ = ["RUN_FOLDER", "CallRun", "Event", "Log", "Run", "RunFacts", "Shard"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Shard:
    """One part of a sharding instance: `id` and `parameter` from the job's Parameters, `total` parts in all."""

    id: int
    parameter: str
    total: int


class Log(Protocol):
    """The run's log: raw bytes, in the order of arrival. The runtime owns the file, its quota and its encoding."""

    def write(self, data: bytes) -> None:
        """Append bytes that this worker made itself. On a fed log those after the last feed go when it dies."""
        ...

    def feed(self, data: bytes, source: str, cursor: str) -> None:
        """Append bytes pulled from `source`, and keep how far it was read: a later worker goes on from there, no
        byte twice. The cursor is kept as it is, also where the run has secrets: nothing of `data` may be in it."""
        ...

    def cursor(self, source: str) -> str | None:
        """How far `source` was read, by this or an earlier worker. None: nothing was read yet."""
        ...

    def kept(self, source: str) -> str | None:
        """How far `source` was read for good: what is fed after that may be asked for again by a later worker. Whoever
        frees what was read goes by this."""
        ...

    def last_line(self) -> str:
        """The last line that is not blank, of the last 64 KB, in the job's encoding; empty when there is none."""
        ...


class Event(Protocol):
    """One delivery to a run that listens, for example a callback of the remote side.

    `key` is the one that was listened for, `body` what was delivered.
    """

    key: str
    body: Json

    def done(self) -> None:
        """Acknowledge: from now on it is not replayed."""
        ...


class RunFacts(Protocol):
    """What is fixed or local about a run. No method blocks."""

    @property
    def job(self) -> Job:
        """The job as it was when the instance fired."""
        ...

    @property
    def job_id(self) -> int:
        """The number that the server gave it; 0 for a job of a file."""
        ...

    @property
    def instance(self) -> int:
        """The number of the firing, of at most 63 bits."""
        ...

    @property
    def task(self) -> int:
        """The number of the unit within the instance, from 0."""
        ...

    @property
    def task_name(self) -> str:
        """The shard's number, the phase around a broadcast, or what a map said; empty for a task that is alone."""
        ...

    @property
    def attempt(self) -> int:
        """The user's count of tries, 0 for the first. Losing a node does not raise it."""
        ...

    @property
    def fence(self) -> int:
        """Rises with every start of the task, for whatever reason."""
        ...

    @property
    def name(self) -> str:
        """Unique to this start, at most 63 characters, DNS-safe: a name for a container, pod or remote job."""
        ...

    @property
    def key(self) -> str:
        """The same for every start of this attempt: an idempotency key."""
        ...

    @property
    def phase(self) -> Phase:
        """Which part of the instance the run does."""
        ...

    @property
    def user(self) -> str | None:
        """As whom a command runs on its node, by the job or a policy; None: as the worker."""
        ...

    @property
    def common(self) -> CommonXAttrs:
        """The common keys of XAttrs, with what policies changed."""
        ...

    @property
    def parameters(self) -> str:
        """The job's Parameters."""
        ...

    @property
    def instance_parameters(self) -> str:
        """What whoever fired the instance gave it: a stranger's text, never part of code. Empty: nothing."""
        ...

    @property
    def shard(self) -> Shard | None:
        """The part of a sharding or broadcast instance; None in other modes."""
        ...

    @property
    def payload(self) -> Json:
        """What a map put into this task; None for other tasks."""
        ...

    @property
    def upstream(self) -> Json:
        """What the jobs before this one in a workflow returned; so far there are none, and it is None."""
        ...

    @property
    def results(self) -> Json:
        """How the tasks of the instance ended, for `POST` and `REDUCE`: a list of {task, status, result}; else None."""
        ...

    @property
    def schedule_time(self) -> int:
        """When the instance was to fire. Epoch milliseconds."""
        ...

    @property
    def data_time(self) -> int:
        """Which time its data is of: the schedule time with the job's DataOffset. Epoch milliseconds."""
        ...

    @property
    def trigger(self) -> TriggerType:
        """What fired the instance."""
        ...

    @property
    def deadline(self) -> float | None:
        """Epoch seconds; None: the run may take as long as it likes."""
        ...

    @property
    def grace(self) -> float:
        """Seconds between asking a run to stop and forcing it."""
        ...

    @property
    def log(self) -> Log:
        """Where the run's output goes."""
        ...

    @property
    def saved(self) -> Json:
        """What `checkpoint` last held, also in a later process; None before the first."""
        ...

    @property
    def stopping(self) -> bool:
        """Whether a stop was asked for or the deadline has passed."""
        ...

    def fill(self, text: str) -> str:
        """`text` with every `#{schedulerx.*}` placeholder replaced by what the job's owner set."""
        ...

    def environment(self) -> dict[str, str]:
        """The whole environment of a command: an allow-list from the worker, the job's `env`, and the `ANYJOB_*`
        names. Where the launcher starts commands elsewhere than on this node it is `variables()`."""
        ...

    def variables(self) -> dict[str, str]:
        """The job's `env` and the `ANYJOB_*` names, with nothing of the worker's own. Names of files hold
        RUN_FOLDER."""
        ...

    def secret(self, name: str) -> str:
        """The value of a secret the job lists. Raises SecretMissing."""
        ...

    def progress(self, done: int, total: int) -> None:
        """Show that `done` of `total` is done. Not durable, and cheap: the last one counts."""
        ...

    def on_stop(self, callback: Callable[[], None]) -> None:
        """Call back once when a stop is asked for; at once if it already was. Callbacks run on the worker's loop: be
        short."""
        ...


class Run(RunFacts, Protocol):
    """The face that an executor's verbs get, on the worker's loop."""

    @property
    def place(self) -> Place:
        """Where a command runs: the launcher that XAttrs.launcher names, with its options. Raises ContractBroken for a
        spec of which the executor ignores `user`: no launcher is chosen then."""
        ...

    @property
    def folder(self) -> Path:
        """The run's own folder on this worker's node, made with mode 0700 when it is asked for. It holds the log; what
        else lies there is whoever starts the run's. Raises OSError."""
        ...

    async def checkpoint(self, data: Json) -> None:
        """Keep `data` for any later worker; durable on return. For what must be known before a side effect; at most
        4 KB of JSON. Raises ContractBroken for more."""
        ...

    async def map(self, items: Sequence[Json], name: str, key: str) -> None:
        """Add tasks named `name`, one an item. Repeating a `key` within the run does nothing. Raises ContractBroken
        where maps are denied."""
        ...

    async def listen(self, key: str) -> None:
        """From now on whatever is delivered under `key` is this run's, durably."""
        ...

    def events(self) -> AsyncIterator[Event]:
        """What was delivered and not yet acknowledged, then what comes."""
        ...

    def blocking(self) -> CallRun:
        """The same run for a plain function in a thread."""
        ...


class CallRun(RunFacts, Protocol):
    """The face that a plain function in a thread gets: the same names, blocking."""

    def checkpoint(self, data: Json) -> None:
        """As Run.checkpoint; durable on return."""
        ...

    def map(self, items: Sequence[Json], name: str, key: str) -> None:
        """As Run.map."""
        ...
