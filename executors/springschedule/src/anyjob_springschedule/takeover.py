"""Who fires which methods: told to every application, whenever either side changes."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterable
from typing import Final

from anyjob.errors import AnyJobError
from anyjob.executor import Apps, SeenApp
from anyjob.job import Job
from anyjob.spec import read_spec
from anyjob_springschedule.spec import SpringSpec

__all__ = ["Takeover"]

_log = logging.getLogger(__name__)
_AGAIN: Final = 2.0
"""Seconds until an application that did not take is asked again."""


class Takeover:
    """Keeps what applications take equal to what enabled jobs name.

    Until `want` has been called nothing is said, so that a worker that fires nothing takes nothing over. An application
    that has dialled in again is told again: it may have given the methods back meanwhile.
    """

    def __init__(self, apps: Apps) -> None:
        self._apps = apps
        self._wanted: dict[str, list[str]] | None = None
        self._told: dict[str, tuple[float, list[str]]] = {}
        self._settling: asyncio.Task[None] | None = None
        self._news = asyncio.Event()
        apps.on_change(self._changed)

    def want(self, jobs: Iterable[Job]) -> None:
        """All jobs that are enabled now, of every app group."""
        wanted: dict[str, set[str]] = {}
        for job in jobs:
            spec, _ = read_spec(SpringSpec, job)
            if spec is not None and spec.jar is None:
                wanted.setdefault(job.owner, set()).add(spec.name)
        self._wanted = {group: sorted(names) for group, names in wanted.items()}
        self._settle()

    async def close(self) -> None:
        """Nothing is given back: the jobs are still enabled, and the next worker says so."""
        if self._settling is not None:
            self._settling.cancel()
            await asyncio.gather(self._settling, return_exceptions=True)

    def _changed(self, app: SeenApp) -> None:
        if not app.connected:
            self._told.pop(app.id, None)
        elif self._wanted is not None:
            self._settle()

    def _settle(self) -> None:
        self._news.set()
        if self._settling is None or self._settling.done():
            self._settling = asyncio.get_running_loop().create_task(self._tell_all())

    async def _tell_all(self) -> None:
        while self._news.is_set():
            self._news.clear()
            failed = False
            for app in self._apps.seen():
                failed |= not await self._tell(app)
            if failed:
                await asyncio.sleep(_AGAIN)
                self._news.set()

    async def _tell(self, app: SeenApp) -> bool:
        """Whether it knows now; also when it need not."""
        if not app.connected or app.resident or self._wanted is None:
            return True
        names = self._wanted.get(app.group, [])
        if self._told.get(app.id) == (app.since, names):
            return True
        try:
            await self._apps.ask(app.id, "take", {"names": list(names)})
        except AnyJobError as error:
            _log.warning("application %s of %s did not take its methods over: %s", app.name, app.group, error)
            return False
        self._told[app.id] = (app.since, names)
        return True
