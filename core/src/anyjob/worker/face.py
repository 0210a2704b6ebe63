"""The run as executors, launchers and observers see it."""

from __future__ import annotations

import asyncio
import json
import os
import threading
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, TypeVar, cast

from anyjob.errors import ContractBroken
from anyjob.executor.capabilities import Phase
from anyjob.job import Job
from anyjob.outcome import Json
from anyjob.run import CallRun, Event, Shard
from anyjob.spec import CommonXAttrs, SecretRef
from anyjob.status import TriggerType
from anyjob.worker.environment import run_environment
from anyjob.worker.log import RunLog
from anyjob.worker.placeholders import fill
from anyjob.worker.record import RunRecord

if TYPE_CHECKING:
    from collections.abc import Coroutine

    from anyjob.executor.launcher import Place

__all__ = ["SAVED_LIMIT", "BlockingFace", "FaceContext", "RunFace"]

SAVED_LIMIT = 4096
"""Bytes of JSON that a checkpoint may hold."""

T = TypeVar("T")


class FaceContext(Protocol):
    """What a run's face needs of its worker."""

    @property
    def base_environment(self) -> Mapping[str, str]:
        """What of the worker's own environment a run on this node begins with."""
        ...

    def keep_saved(self, record: RunRecord, data: Json) -> None:
        """Keep a checkpoint; durable on return. Raises OSError."""
        ...

    def keep_cursor(self, record: RunRecord, source: str, cursor: str, size: int) -> None:
        """`source` was read up to `cursor`, and the log has `size` bytes; durable on return. Raises OSError."""
        ...

    def secret(
        self, record: RunRecord, common: CommonXAttrs, name: str, given_up: threading.Event | None = None
    ) -> str:
        """The value for the job's own name of a secret. Blocks while a command is asked, at most until `given_up` is
        set. Raises SecretMissing."""
        ...

    def progressed(self, run: RunFace) -> None:
        """The run has told how far it is: `run.progress_now`."""
        ...

    def listen(self, run: RunFace, key: str) -> None:
        """From now on, durably, what is delivered for `key` is the run's. Raises OSError."""
        ...

    def events(self, run: RunFace) -> AsyncIterator[Event]:
        """What was delivered to the run and not yet acknowledged, then what comes."""
        ...


class RunFace:
    """The Run of a worker, made for each start, and again after a crash."""

    __slots__ = (
        "_callbacks",
        "_context",
        "_log",
        "common",
        "extra_environment",
        "folder_path",
        "group_user",
        "log_quota",
        "loop",
        "order",
        "place_or_none",
        "progress_now",
        "record",
        "secrets",
        "stopping",
        "user",
    )

    def __init__(
        self, record: RunRecord, context: FaceContext, folder: str, common: CommonXAttrs, place: Place | None
    ) -> None:
        self.record, self.order = record, record.order
        self._context, self.folder_path, self.common = context, folder, common
        self.place_or_none = place
        self.extra_environment: dict[str, str] = {}
        self.user = common.user
        self.group_user: str | None = None
        self.log_quota = common.log_quota
        self.loop = asyncio.get_running_loop()
        self.secrets: dict[str, str] = {}
        self.stopping = record.stop is not None
        self.progress_now: tuple[int, int] | None = None
        self._callbacks: list[Callable[[], None]] = []
        self._log: RunLog | None = None

    def unless_said(self, log_quota: int, group_user: str | None) -> None:
        """Take what the operator set, where the job sets none. `group_user`: its app group's user on this node.
        `log_quota`: bytes."""
        if self.log_quota is None:
            self.log_quota = log_quota
        self.group_user = group_user
        self.user = self.user or group_user

    @property
    def job(self) -> Job:
        return self.order.job

    @property
    def job_id(self) -> int:
        return self.order.job_id

    @property
    def instance(self) -> int:
        return self.order.instance

    @property
    def task(self) -> int:
        return self.order.task

    @property
    def task_name(self) -> str:
        return self.order.task_name

    @property
    def attempt(self) -> int:
        return self.order.attempt

    @property
    def fence(self) -> int:
        return self.order.fence

    @property
    def name(self) -> str:
        return self.order.name

    @property
    def key(self) -> str:
        return self.order.key

    @property
    def phase(self) -> Phase:
        return self.order.phase

    @property
    def parameters(self) -> str:
        return self.order.job.parameters

    @property
    def instance_parameters(self) -> str:
        return self.order.instance_parameters

    @property
    def shard(self) -> Shard | None:
        return self.order.shard

    @property
    def payload(self) -> Json:
        return self.order.payload

    @property
    def upstream(self) -> Json:
        return self.order.upstream

    @property
    def results(self) -> Json:
        return self.order.results

    @property
    def schedule_time(self) -> int:
        return self.order.schedule_time

    @property
    def data_time(self) -> int:
        return self.order.data_time

    @property
    def trigger(self) -> TriggerType:
        return self.order.trigger

    @property
    def deadline(self) -> float | None:
        return self.order.deadline

    @property
    def grace(self) -> float:
        return self.common.grace

    @property
    def saved(self) -> Json:
        return self.record.saved

    @property
    def place(self) -> Place:
        if self.place_or_none is None:
            raise ContractBroken(
                f"The executor of JobType {self.job.job_type!r}",
                "it asked for a place",
                "Only a CommandExecutor has one.",
            )
        return self.place_or_none

    @property
    def log_path(self) -> str:
        """The file of the log; it need not exist."""
        return self.folder_path + "/log"

    @property
    def log(self) -> RunLog:
        if self._log is None:
            self._log = RunLog(
                self.log_path,
                quota=self.log_quota,
                cursors=self.record.cursors,
                keep=self._keep_cursor,
                secrets=self.secrets.values(),
                encoding=self.common.encoding,
            )
        return self._log

    def _keep_cursor(self, source: str, cursor: str, size: int) -> None:
        async def keep() -> None:
            self._context.keep_cursor(self.record, source, cursor, size)

        try:
            asyncio.get_running_loop()
        except RuntimeError:
            # Fed by a plain function, in its thread: the ledger is the loop's.
            asyncio.run_coroutine_threadsafe(keep(), self.loop).result()
        else:
            self._context.keep_cursor(self.record, source, cursor, size)

    def fill(self, text: str) -> str:
        return fill(text, self, paste=self.common.paste)

    @property
    def folder(self) -> Path:
        return Path(self.make_folder())

    def environment(self) -> dict[str, str]:
        place = self.place_or_none
        return self._environment({} if place is not None and not place.on_node else self._context.base_environment)

    def variables(self) -> dict[str, str]:
        return self._environment({})

    def _environment(self, base: Mapping[str, str]) -> dict[str, str]:
        own: dict[str, str] = {}
        for name, value in self.common.env.items():
            own[name] = self.secret(value.secret) if isinstance(value, SecretRef) else value
        return run_environment(self, base, own | self.extra_environment)

    def secret(self, name: str) -> str:
        if name not in self.secrets:
            # Not listed: the store says so in its own words.
            return self._context.secret(self.record, self.common, name)
        return self.secrets[name]

    async def resolve_secrets(self) -> None:
        """Read every secret the job lists, once, off the loop. Raises SecretMissing.

        Cancelled, it ends the command that is being asked.
        """
        if not self.common.secrets or self.secrets:
            return
        given_up = threading.Event()

        def read() -> dict[str, str]:
            return {
                name: self._context.secret(self.record, self.common, name, given_up) for name in self.common.secrets
            }

        try:
            self.secrets = await asyncio.to_thread(read)
        finally:
            given_up.set()

    def progress(self, done: int, total: int) -> None:
        self.progress_now = (done, total)
        self._context.progressed(self)

    def on_stop(self, callback: Callable[[], None]) -> None:
        if self.stopping:
            callback()
        else:
            self._callbacks.append(callback)

    def begin_stop(self) -> None:
        """Tell whoever registered; once."""
        self.stopping = True
        callbacks, self._callbacks = self._callbacks, []
        for callback in callbacks:
            callback()

    async def checkpoint(self, data: Json) -> None:
        size = len(json.dumps(data))
        if size > SAVED_LIMIT:
            raise ContractBroken(
                f"The executor of JobType {self.job.job_type!r}",
                f"a checkpoint of {size} bytes",
                f"At most {SAVED_LIMIT} are kept; keep names, not contents.",
            )
        self._context.keep_saved(self.record, data)

    async def map(self, items: Sequence[Json], name: str, key: str) -> None:
        del items, name, key
        raise ContractBroken(
            f"Job {self.job.name!r} ({self.job.job_type})",
            f"it mapped tasks in ExecuteMode {self.job.execute_mode.value}",
            "Only the modes parallel, grid and batch take them.",
        )

    async def listen(self, key: str) -> None:
        self._context.listen(self, key)

    def events(self) -> AsyncIterator[Event]:
        return self._context.events(self)

    def blocking(self) -> CallRun:
        # What is not written out there is the same on both faces.
        return cast("CallRun", BlockingFace(self))

    def close_log(self) -> None:
        """The run is over: nothing is written any more."""
        if self._log is not None:
            self._log.close()

    def make_folder(self) -> str:
        """The run's folder, made if it is not there. Raises OSError."""
        try:
            os.mkdir(self.folder_path, 0o700)
        except FileExistsError:
            pass
        return self.folder_path


class BlockingFace:
    """The CallRun of the same run, for a plain function in a thread: what awaits there, blocks here."""

    def __init__(self, face: RunFace) -> None:
        self._face = face

    def __getattr__(self, name: str) -> object:
        return getattr(self._face, name)

    def checkpoint(self, data: Json) -> None:
        self._wait(self._face.checkpoint(data))

    def map(self, items: Sequence[Json], name: str, key: str) -> None:
        self._wait(self._face.map(items, name, key))

    def progress(self, done: int, total: int) -> None:
        self._face.loop.call_soon_threadsafe(self._face.progress, done, total)

    def on_stop(self, callback: Callable[[], None]) -> None:
        self._face.loop.call_soon_threadsafe(self._face.on_stop, callback)

    def _wait(self, what: Coroutine[object, object, T]) -> T:
        return asyncio.run_coroutine_threadsafe(what, self._face.loop).result()
