"""Executors and launchers at work: made ready before their first run, told what is enabled, let go with the worker."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from typing import TYPE_CHECKING, Any, TypeAlias, cast

from anyjob.errors import AnyJobError, ContractBroken, ServeFailed
from anyjob.executor.app import AppExecutor
from anyjob.executor.base import Executor
from anyjob.executor.given import theirs
from anyjob.executor.launcher import Launcher
from anyjob.plugins.binding import BoundPlace
from anyjob.plugins.builtin import DEFAULT_LAUNCHER
from anyjob.plugins.plugin import failure
from anyjob.worker.local.launcher import LocalLauncher
from anyjob.worker.local.options import LocalOptions

if TYPE_CHECKING:
    from anyjob.job import Job
    from anyjob.plugins.binding import Bound
    from anyjob.plugins.host import PluginHost
    from anyjob.worker.local.shimclient import ShimClient

__all__ = ["Served", "Serving"]

Served: TypeAlias = Executor[Any] | Launcher[Any]

_log = logging.getLogger(__name__)


class Serving:
    """Who of the host's executors and launchers serves, each once.

    `prepare` gives one its services, by the name of its type or launcher, before its own `serve` is called.
    """

    def __init__(self, host: PluginHost, prepare: Callable[[str, Served], Awaitable[None]]) -> None:
        self._host, self._prepare = host, prepare
        self._served: dict[int, Served] = {}
        self._beginning: dict[int, asyncio.Task[None]] = {}
        self._told_of: set[str] = set()

    async def of(self, bound: Bound) -> None:
        """Executor and launcher of a job serve from here on. Raises what their `serve` raises."""
        await self._ready(bound.binding.job_type, bound.executor)
        if bound.place is not None:
            await self._ready(bound.place.name, bound.place.launcher)

    async def local_place(self) -> BoundPlace:
        """The local launcher, ready, for processes that are no run's."""
        launcher = self._host.launcher(DEFAULT_LAUNCHER)
        await self._ready(DEFAULT_LAUNCHER, launcher)
        return BoundPlace(name=DEFAULT_LAUNCHER, launcher=launcher, options=LocalOptions())

    async def shim(self) -> ShimClient:
        """The shim of the state folder, started if it is not there. Raises ShimLost."""
        place = await self.local_place()
        return await cast("LocalLauncher", place.launcher).shim()

    async def apps(self, job_type: str) -> str:
        """Make the executor of a type ready for applications; the type's own name.

        Raises ContractBroken where applications are none of its business, or any other AnyJobError.
        """
        executor = self._host.executor(job_type)
        if not isinstance(executor, AppExecutor):
            raise ContractBroken(f"JobType {job_type!r}", "it has no applications", "Say another job_type.")
        kinds = [offer.kind for offer in self._host.types()]
        own = next((kind.job_type for kind in kinds if job_type in (kind.job_type, *kind.aliases)), job_type)
        await self._ready(own, executor)
        return own

    async def enabled(self, jobs: Sequence[Job]) -> None:
        """Tell each type of its own among the jobs that are enabled; one that cannot be dispatched is logged and left
        out."""
        by_type: dict[str, list[Job]] = {job_type: [] for job_type in self._told_of}
        for job in jobs:
            try:
                bound = self._host.dispatch(job)
            except AnyJobError as error:
                _log.warning("job %r is left out of what is enabled: %s", job.name, error)
                continue
            if cast("Any", type(bound.executor)).enabled is not cast("Any", Executor).enabled:
                by_type.setdefault(bound.binding.job_type, []).append(job)
        for job_type, own in by_type.items():
            executor = self._host.executor(job_type)
            try:
                await self._ready(job_type, executor)
                await executor.enabled(own)
            except Exception:  # noqa: BLE001 - a plugin's code may raise anything
                _log.exception("JobType %r failed while it was told of its enabled jobs", job_type)
        self._told_of = {job_type for job_type, own in by_type.items() if own}

    async def close(self) -> None:
        """Let all of them go; what they run goes on."""
        beginning = [serving for serving in self._beginning.values() if not serving.done()]
        for serving in beginning:
            serving.cancel()
        await asyncio.gather(*beginning, return_exceptions=True)
        self._beginning.clear()
        for served in self._served.values():
            try:
                await theirs(served.close())
            except Exception:  # noqa: BLE001 - a plugin's code may raise anything, and the ledger is still to be closed
                _log.exception("%s failed while it was let go", type(served).__name__)
        self._served.clear()

    async def _ready(self, name: str, served: Served) -> None:
        """All who ask meanwhile wait for the same `serve`; after one that failed the next who asks tries again."""
        serving = self._beginning.get(id(served))
        if serving is not None and serving.done() and not serving.cancelled() and serving.exception() is None:
            return
        if serving is None or serving.done():
            serving = self._beginning[id(served)] = asyncio.get_running_loop().create_task(self._begin(name, served))
            self._served[id(served)] = served
        await asyncio.shield(serving)

    async def _begin(self, name: str, served: Served) -> None:
        await self._prepare(name, served)
        try:
            await theirs(served.serve(served.services))
        except AnyJobError:
            raise
        except Exception as error:
            raise ServeFailed(name, failure(error)) from error
