"""Tells the worker which jobs are enabled, for types that must prepare something: taking over a schedule, say."""

from __future__ import annotations

import asyncio
import logging
from typing import Any, Final, cast

from anyjob.errors import AnyJobError
from anyjob.executor import Executor
from anyjob.job import Job
from anyjob.worker.worker import Worker
from anyjob_server.engine.loaded import Shelf
from anyjob_server.store import enabled
from anyjob_server.store.errors import StoreError
from anyjob_server.store.store import Store

__all__ = ["Announcer"]

_CALM: Final = 0.2
"""Seconds without a further change before the worker is told."""

_log = logging.getLogger(__name__)


class Announcer:
    """All enabled jobs of the types that want to know, whenever that changes; a burst of changes is told once."""

    def __init__(self, store: Store, worker: Worker, shelf: Shelf) -> None:
        self._store, self._worker, self._shelf = store, worker, shelf
        self._changed = asyncio.Event()
        self._wants: dict[str, bool] = {}

    def changed(self, job_type: str) -> None:
        """A job of this type was made, changed, enabled, disabled or deleted."""
        if self._wanted(job_type):
            self._changed.set()

    async def first(self) -> None:
        """Tell of what is enabled at the start."""
        types = [one for one in self._store.read_now(enabled.types) if self._wanted(one)]
        if types:
            await self._tell()

    async def run(self) -> None:
        """Tell of changes, until cancelled."""
        while True:
            await self._changed.wait()
            self._changed.clear()
            await asyncio.sleep(_CALM)
            if not self._changed.is_set():
                await self._tell()

    async def _tell(self) -> None:
        types = [name for name, wants in self._wants.items() if wants]
        try:
            ids = await self._store.read(lambda c: enabled.of_types(c, types))
            found = await self._shelf.fetch(ids)
        except StoreError as error:
            _log.warning("the worker cannot be told which jobs are enabled: %s", error)
            return
        jobs: list[Job] = [found[job].job for job in ids if job in found]
        await self._worker.enabled(jobs)

    def _wanted(self, job_type: str) -> bool:
        wants = self._wants.get(job_type)
        if wants is None:
            try:
                executor = self._worker.host.executor(job_type)
            except AnyJobError:
                return False  # not remembered: it may be installed later
            own = cast("Any", type(executor)).enabled
            wants = self._wants[job_type] = own is not cast("Any", Executor).enabled
        return wants
