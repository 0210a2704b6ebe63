"""What is old goes: ended instances beyond a job's history, logs by age and size, alerts by age and number. Never what
belongs to something that still runs."""

from __future__ import annotations

import asyncio
import logging
import os
import shutil
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Final

from sqlalchemy import Connection

from anyjob_server.engine.roster import Active
from anyjob_server.settings import ServerSettings
from anyjob_server.store import instances, jobs, outbox
from anyjob_server.store.errors import StoreError
from anyjob_server.store.store import Store

__all__ = ["Pruner", "instance_of"]

_HISTORY: Final = 5.0
"""Seconds between two looks at histories: a job that ends often is pruned for many ends at once."""
_LOGS: Final = 600.0
_ALERTS: Final = 60.0
_DAY: Final = 86_400_000
_AT_ONCE: Final = 200

_log = logging.getLogger(__name__)


class Pruner:
    """Counts the ends of each job, and now and then drops what is too much."""

    def __init__(
        self, store: Store, runs: Path, settings: ServerSettings, now: Callable[[], int], busy: Callable[[int], bool]
    ) -> None:
        """`runs`: the folder of run folders. `now`: epoch ms. `busy(instance)`: whether it has not ended."""
        self._store, self._runs, self._settings, self._now, self._busy = store, runs, settings, now, busy
        self._ended: set[int] = set()

    def ended(self, active: Active) -> None:
        """An instance of the job has ended."""
        self._ended.add(active.row.job)

    async def run(self) -> None:
        """Prune, until cancelled."""
        logs = alerts = time.monotonic()
        while True:
            await asyncio.sleep(_HISTORY)
            await self.history()
            if time.monotonic() >= alerts:
                await self.alerts()
                alerts = time.monotonic() + _ALERTS
            if time.monotonic() >= logs:
                await self.removed()
                await asyncio.to_thread(self.logs)
                logs = time.monotonic() + _LOGS

    async def history(self) -> None:
        """Drop what the jobs that ended since the last time have too much, with its logs."""
        ended, self._ended = list(self._ended), set()
        keep, gone = self._settings.history, list[int]()
        for start in range(0, len(ended), _AT_ONCE):
            some = ended[start : start + _AT_ONCE]

            def change(c: Connection, some: list[int] = some) -> list[int]:
                return [one for job in some for one in instances.prune(c, job, keep)]

            try:
                gone += await self._store.write(change)
            except StoreError as error:
                _log.warning("histories cannot be pruned: %s", error)
                self._ended.update(ended[start:])
                self._store.recent.clear()  # it may have been carried out all the same
                break
        self._store.recent.forget(gone)
        if gone:
            await asyncio.to_thread(self._drop, gone)

    async def alerts(self) -> None:
        """Drop alerts that were sent long ago, and unsent ones that are too old or too many."""
        now, settings = self._now(), self._settings.alerts
        before, dropped = now - settings.days * _DAY, 0

        def change(c: Connection) -> int:
            return outbox.drop(c, before, settings.most, now)

        try:
            await self._store.write(lambda c: outbox.prune(c, before))
            while some := await self._store.write(change):
                dropped += some
        except StoreError as error:
            _log.warning("alerts cannot be pruned: %s", error)
        if dropped:
            _log.warning(
                "%d alerts were dropped unsent, as older than server.alerts.days or beyond server.alerts.most", dropped
            )

    async def removed(self) -> None:
        """Drop jobs that were deleted as long ago as logs are kept, with their history."""
        before = self._now() - self._settings.logs.days * _DAY
        try:
            while await self._store.write(lambda c: jobs.purge(c, before)):
                pass
        except StoreError as error:
            _log.warning("deleted jobs cannot be pruned: %s", error)
        self._store.recent.clear()

    def logs(self) -> None:
        """Drop run folders that are too old, then the oldest until the rest is small enough. In a thread."""
        found = sorted(self._sized())
        total = sum(size for _, size, _ in found)
        oldest = time.time() - self._settings.logs.days * 86_400
        for changed, size, path in found:
            if changed >= oldest and total <= self._settings.logs.size:
                return
            shutil.rmtree(path, ignore_errors=True)
            total -= size

    def _sized(self) -> Iterator[tuple[float, int, Path]]:
        """When each run folder that may go was last written, its bytes, where it is."""
        try:
            entries = list(os.scandir(self._runs))
        except OSError:
            return
        for entry in entries:
            instance = instance_of(entry.name)
            if instance is None or self._busy(instance):
                continue
            changed, size = 0.0, 0
            for place, _, files in os.walk(entry.path):
                for name in files:
                    try:
                        said = os.lstat(os.path.join(place, name))
                    except OSError:
                        continue
                    changed, size = max(changed, said.st_mtime), size + said.st_blocks * 512
            yield changed or _changed(entry), size, Path(entry.path)

    def _drop(self, gone: Iterable[int]) -> None:
        wanted = {f"aj-{instance:x}-" for instance in gone}
        try:
            entries = list(os.scandir(self._runs))
        except OSError:
            return
        for entry in entries:
            if entry.name[: entry.name.find("-", 3) + 1] in wanted:
                shutil.rmtree(entry.path, ignore_errors=True)


def instance_of(run: str) -> int | None:
    """The instance of a run's name; None: it is no run's."""
    words = run.split("-")
    if len(words) != 4 or words[0] != "aj":
        return None
    try:
        return int(words[1], 16)
    except ValueError:
        return None


def _changed(entry: os.DirEntry[str]) -> float:
    try:
        return entry.stat(follow_symlinks=False).st_mtime
    except OSError:
        return 0.0
