"""What a start does about what an earlier server left.

The instance's row is durable before the worker is told of it, and its end is durable in the store before the worker may
forget it. So whatever the moment of a crash, store and worker's folder together say what is to be done:

| store        | worker's folder | then |
| ------------ | --------------- | ---- |
| waiting      | does not know   | it starts: it never did |
| running      | does not know   | it ends as node_lost: the folder lost it, and the run with it |
| not ended    | goes on         | the run is followed |
| not ended    | ended           | the end is written |
| ended        | any             | stopped if it still goes, then forgotten |
| not there    | any             | the same |

After a restore the store says how things stood when the backup was made. What it has as waiting or running, and the
worker's folder does not know, may have begun and ended since: it ends as unknown, and is never started.
"""

from __future__ import annotations

import logging
import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from anyjob.outcome import Cause, because
from anyjob.status import InstanceStatus, TriggerType
from anyjob.worker.instance import Instances, LiveInstance
from anyjob.worker.worker import LiveRun, Worker
from anyjob_server.engine.afterrestore import lost_sight
from anyjob_server.engine.clock import Clock
from anyjob_server.engine.dispatcher import Dispatcher
from anyjob_server.engine.errors import DatabaseOlder, OtherDatabase
from anyjob_server.engine.loaded import Loaded, Shelf
from anyjob_server.engine.prune import instance_of
from anyjob_server.engine.roster import Active
from anyjob_server.store import instances, jobs
from anyjob_server.store.instances import InstanceRow
from anyjob_server.store.store import Store

__all__ = ["Recovery", "claim", "ident_of", "refuse_older"]

_IDENT: Final = "database"
"""The file in the worker's folder that names the database it belongs to."""

_RUNS: Final = "runs"

_log = logging.getLogger(__name__)


def claim(folder: Path, ident: str) -> None:
    """Let the worker's folder belong to a database. Before the worker starts. Raises OtherDatabase, OSError."""
    folder.mkdir(mode=0o711 if os.getuid() == 0 else 0o700, parents=True, exist_ok=True)
    file, known = folder / _IDENT, ident_of(folder)
    if known is None:
        fresh = file.with_name(f"{_IDENT}.new")
        fresh.write_text(f"{ident}\n")
        fresh.rename(file)
        return
    if known != ident:
        raise OtherDatabase(folder, known)


def ident_of(folder: Path) -> str | None:
    """The database to which a worker's folder belongs; None: to none yet."""
    try:
        return (folder / _IDENT).read_text().strip()
    except FileNotFoundError:
        return None


def refuse_older(folder: Path, where: str, next_id: int) -> None:
    """A run's folder is made when its instance is in the database. So where one is that the database has not come to,
    the database was put back to an earlier state, and would give its number again. Raises DatabaseOlder."""
    try:
        found = [instance for entry in os.scandir(folder / _RUNS) if (instance := instance_of(entry.name)) is not None]
    except FileNotFoundError:
        return
    if found and (newest := max(found)) >= next_id:
        raise DatabaseOlder(where, folder, newest)


BEFORE: Final = "somebody before the server was started again"
"""Who asked for a stop of which the worker's folder tells, and not by whom, as an older version wrote it."""


@dataclass(slots=True)
class Recovery:
    """One start's. `strays`: what the worker still had and the store does not want: stopped, and why."""

    store: Store
    worker: Worker
    instances: Instances
    dispatcher: Dispatcher
    shelf: Shelf
    clock: Clock
    strays: list[str] = field(default_factory=list[str])
    restored: bool = False
    """What the store says is older than what has happened."""

    async def run(self) -> None:
        """Take over. Once, when the worker has started and before anything fires. Raises StoreLost."""
        live = {one.firing.instance: one for one in await self.instances.resume()}
        open_ = {row.id: row for row in self.store.read_now(instances.unfinished)}
        for run in self.worker.resumed:
            if run.record.order.instance not in live:
                self._stray_run(run)
        for ident, one in live.items():
            if ident not in open_:
                await self._stray(one)
        await self.shelf.fetch(list({row.job for row in open_.values()}))
        for row in open_.values():
            loaded = self.shelf.known(row.job) or self._gone(row.job)
            if loaded is None:
                self._unreadable(row, live.get(row.id))
                continue
            self._take(row, loaded, live.get(row.id))
        ours = [one for ident, one in live.items() if ident in open_]
        if ours:
            over = sum(one.ended is not None for one in ours)
            _log.info("taken over: %d that go on, %d that ended meanwhile", len(ours) - over, over)

    def _take(self, row: InstanceRow, loaded: Loaded, live: LiveInstance | None) -> None:
        serial = loaded.job.max_concurrency if row.trigger is TriggerType.DATA_BACKFILL else None
        active = Active(row=row, loaded=loaded, status=row.status)
        if live is None and row.status is not InstanceStatus.RUNNING and not self.restored:
            self.dispatcher.enter(active, serial=serial)
            self.dispatcher.resume(active)
            return
        active.fired = active.durable = True
        self.dispatcher.enter(active, going=True)
        if live is None:
            text = (
                "the server was started again, and the worker's folder does not know the run any more: the machine was"
                " restarted, or the folder was replaced"
            )
            lost = because(Cause.NODE_LOST, "server", text)
            self.dispatcher.ended(active, lost_sight() if self.restored else lost, [], self.clock.now())
            return
        if row.start_time is not None:
            active.begun = row.start_time
            self.dispatcher.watch_timeout(active, told=bool(row.note))
        if live.stopping.is_set():
            by, active.stopped_at = live.asked
            active.stopped = by or BEFORE
        if live.ended is not None:
            self.dispatcher.ended(active, live.ended, [run.name for run in live.runs], self._end_of(live))
        else:
            self.dispatcher.told(live)

    def _end_of(self, live: LiveInstance) -> int:
        ends = [run.record.ended for run in live.runs if run.record.ended is not None]
        return min(round(max(ends) * 1000), self.clock.now()) if ends else self.clock.now()

    def _gone(self, job: int) -> Loaded | None:
        """A job that was deleted while an instance of it was not over."""
        row = self.store.read_now(lambda c: jobs.get(c, job, removed=True))
        if row is None:
            return None
        loaded = self.shelf.put_if_read(row)
        self.shelf.drop([job])
        return loaded

    def _unreadable(self, row: InstanceRow, live: LiveInstance | None) -> None:
        _log.error("instance %d: its job %d cannot be read; it is left as it is", row.id, row.job)
        if live is not None and live.ended is None:
            _log.error("instance %d goes on meanwhile", row.id)

    async def _stray(self, live: LiveInstance) -> None:
        ident = live.firing.instance
        if live.ended is None:
            self._say(f"instance {ident} of job {live.firing.job.name!r} is stopped: the database does not expect it")
            self.instances.stop(ident)
            await live.outcome()
        self.instances.forget(ident)

    def _stray_run(self, run: LiveRun) -> None:
        if run.record.outcome is None:
            self._say(f"run {run.name} is stopped: it belongs to no instance")
            run.stop()
        else:
            self.worker.forget(run.name)

    def _say(self, text: str) -> None:
        _log.warning("%s", text)
        self.strays.append(text)
