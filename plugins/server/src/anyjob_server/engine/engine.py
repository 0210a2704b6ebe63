"""The engine: everything between a job in the store and the end of its last run."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Coroutine
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, cast

from anyjob.errors import AnyJobError
from anyjob.job import Job
from anyjob.version import VERSION
from anyjob.worker.instance import Instances
from anyjob.worker.retry import Attempt, attempt_of
from anyjob.worker.worker import Worker
from anyjob_server.engine.afterrestore import is_first, let_pass
from anyjob_server.engine.announcer import Announcer
from anyjob_server.engine.clock import SYSTEM, Clock
from anyjob_server.engine.dispatcher import Dispatcher
from anyjob_server.engine.ends import Ends
from anyjob_server.engine.hold import Hold
from anyjob_server.engine.intake import Intake
from anyjob_server.engine.joblife import JobLife
from anyjob_server.engine.limits import Gate
from anyjob_server.engine.loaded import Shelf
from anyjob_server.engine.manual import Manual
from anyjob_server.engine.pen import Pen
from anyjob_server.engine.prune import Pruner
from anyjob_server.engine.recovery import Recovery
from anyjob_server.engine.room import Room
from anyjob_server.engine.roster import Active, Roster
from anyjob_server.engine.scheduler import Scheduler
from anyjob_server.engine.standing import Standing, look
from anyjob_server.engine.why import Why, why, why_gone
from anyjob_server.settings import ServerSettings
from anyjob_server.store import audit, enabled, groups, instances, jobs, reasons
from anyjob_server.store.audit import AuditRow
from anyjob_server.store.errors import StoreError
from anyjob_server.store.groups import GroupRow
from anyjob_server.store.jobs import JobRow
from anyjob_server.store.store import Store
from anyjob_server.timing.calendar import Calendars

__all__ = ["Engine", "WorkerView"]

_REASONS: Final = 10
_LOOK: Final = 0.25
"""Seconds between two looks at the brake."""

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerView:
    """A worker as GetWorkerList shows it."""

    ip: str
    port: int = 0
    label: str = ""
    version: str = ""
    starter: str = "anyjob"

    @property
    def address(self) -> str:
        """IP and port as the API writes a worker's address."""
        return f"{self.ip}:{self.port}"


class Engine:
    """Fires jobs, follows their instances, keeps what became of them. All on one loop.

    The worker has started and `instances` belongs to it. `jobs` makes and changes jobs, `manual` fires and stops what
    somebody asks for, `ends` lets callers wait for the end of an instance.
    """

    def __init__(
        self,
        store: Store,
        worker: Worker,
        instances_: Instances,
        calendars: Calendars,
        settings: ServerSettings,
        clock: Clock = SYSTEM,
        hold: Hold | None = None,
    ) -> None:
        self._store, self._worker, self._instances, self._clock = store, worker, instances_, clock
        self._hold, self._slots = hold or Hold(None, started=settings.hold), settings.slots
        self._gate, self._roster = Gate(0 if self._hold.by else settings.slots), Roster()
        self._shelf = Shelf(store, calendars, settings.zone)
        self._pen = Pen(store, clock)
        self._room = Room(store, worker.folder.path, worker.settings.free_disk, self._hold)
        self._dispatcher = Dispatcher(worker, instances_, self._pen, self._gate, self._roster, clock)
        intake = Intake(store, self._dispatcher, store.read_now(instances.next_id))
        self._scheduler = Scheduler(
            clock,
            self._shelf,
            self._gate,
            self._roster,
            self._dispatcher,
            intake,
            self._pen,
            self._room,
            settings.misfire_grace * 1000,
        )
        self._announcer = Announcer(store, worker, self._shelf)
        self.ends = Ends(self._roster)
        self.pruner = Pruner(store, worker.folder.runs, settings, clock.now, lambda one: one in self._roster.by_id)
        self._chain_over, self._dispatcher.over = self._dispatcher.over, self._over
        self._recovery = Recovery(store, worker, instances_, self._dispatcher, self._shelf, clock)
        self.manual = Manual(
            store, worker, self._shelf, self._gate, self._roster, self._dispatcher, intake, self._room, clock
        )
        self.jobs = JobLife(
            store,
            worker,
            self._shelf,
            self._scheduler.trigger,
            self._dispatcher,
            self._roster,
            self._announcer,
            self._room,
            calendars,
            settings.zone,
            clock,
        )
        self._loops: list[asyncio.Task[None]] = []
        self._writing: asyncio.Task[None] | None = None

    # ---------------------------------------------------------------- life

    async def start(self) -> None:
        """Take over what an earlier server left, then fire. Raises StoreLost."""
        for row in self._store.read_now(groups.find):
            self._gate.limit(row.id, row.max_concurrency)
        self._writing = self._loop(self._pen.run())
        self._recovery.restored = is_first(self._store)
        await self._recovery.run()
        if self._recovery.restored:
            await self._pen.flushed()
            await let_pass(self._store, self._shelf, self._clock)
        self._scheduler.trigger.load((job, at) for job, at, _, _ in self._store.read_now(jobs.due))
        await self._scheduler.chain(self._store.read_now(enabled.unchained))
        await self._announcer.first()
        for loop in (self._scheduler.trigger, self._dispatcher.timeouts, self._announcer, self.pruner):
            self._loops.append(self._loop(loop.run()))
        self._loops.append(self._loop(self._watch_hold()))

    async def close(self) -> None:
        """Fire nothing more. What was decided is written; what runs is left to the next start."""
        await _cancelled(self._loops)
        await self._scheduler.close()
        await self._dispatcher.close()
        if self._writing is not None and not self._writing.done():
            await self._pen.flushed()
            await _cancelled([self._writing])

    def _loop(self, coro: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        task = asyncio.get_running_loop().create_task(coro)
        task.add_done_callback(_told_of_failure)
        return task

    def _over(self, active: Active) -> None:
        self.pruner.ended(active)
        self.ends.over(active.id)
        self._chain_over(active)

    async def _watch_hold(self) -> None:
        """What waits goes on waiting while the server is held, and may start when it is let go."""
        while True:
            await asyncio.sleep(_LOOK)
            if self._hold.look():
                said = self._hold.why or "the server is let go: what waits begins"
                _log.warning(said)
                self._dispatcher.admit(self._gate.slots(0 if self._hold.by else self._slots))
                row = AuditRow(at=self._clock.now(), key="", action="Hold", detail=said, allowed=True)
                try:
                    await self._store.write(lambda c, row=row: audit.add(c, [row]))
                except StoreError as error:  # the brake must work all the same
                    _log.warning("that is not in the audit log: %s", error)

    def group_changed(self, group: GroupRow) -> None:
        """An app group has another MaxConcurrency."""
        self._dispatcher.admit(self._gate.limit(group.id, group.max_concurrency))

    # ---------------------------------------------------------------- what is known

    async def why(self, row: JobRow) -> Why:
        """When a job fires next, why firings did not become runs, what runs and what waits.

        Of a job that is deleted, or over, what became of it. Raises JobGone, StoreError."""
        loaded = await self._shelf.get(row.id)
        if loaded is None:
            return await self._store.read(lambda c: why_gone(c, row.id, _REASONS))
        try:
            bound = self._worker.host.dispatch(loaded.job, loaded.binding)
            trouble = await self._dispatcher.health.trouble(bound)
        except AnyJobError as error:
            trouble = str(error)
        said = await self._store.read(lambda c: reasons.newest(c, row.id, _REASONS))
        return why(loaded, self._scheduler.trigger, self._roster, self._gate, self._room, self._clock, trouble, said)

    async def lacking(self, job: Job) -> str:
        """What a run of a job would lack on this machine, asked before it is made; empty: nothing that is known of.

        Raises what the plugin host raises for a job that cannot be bound."""
        return await self._dispatcher.health.lacking(self._worker.host.dispatch(job))

    async def standing(self) -> Standing:
        """What goes on in all app groups, and what is not well. It answers also while the database is lost."""
        return await look(self._store, self._roster, self._gate, self._room, self._dispatcher.health)

    def known(self, job: int) -> JobRow | None:
        """A job that is in memory, as the store has it; None: ask the store."""
        loaded = self._shelf.known(job)
        return None if loaded is None else loaded.row

    def workers(self) -> list[WorkerView]:
        """The workers of every app group: this process's own, so far."""
        return [WorkerView(ip=self._worker.node, version=VERSION)]

    def stop_of(self, instance: int) -> tuple[str, int | None]:
        """Who had an instance that goes on stopped, and when, epoch ms; an empty name: nobody."""
        active = self._roster.by_id.get(instance)
        return ("", None) if active is None else (active.stopped, active.stopped_at)

    def force_of(self, instance: int) -> int | None:
        """When a stop becomes force for the last run of an instance, epoch ms; None: none was asked to end yet."""
        live = self._instances.live.get(instance)
        runs = [] if live is None else live.runs
        at = max((at for run in runs if (at := run.force_at) is not None), default=None)
        return None if at is None else int(at * 1000)

    def attempt_of(self, instance: int) -> Attempt | None:
        """Which attempt of an instance that goes on is the newest; None: it has only one."""
        live = self._instances.live.get(instance)
        return None if live is None else attempt_of(live.plans, live.runs, stopping=live.stopping.is_set())

    def progress(self, instance: int) -> str:
        """`done/total` of an instance that runs, as its job said last; empty: it said nothing."""
        return self._dispatcher.progress(instance)

    def log_path(self, instance: int) -> list[Path]:
        """The logs of an instance's runs, oldest first, as far as they are there."""
        live = self._instances.live.get(instance)
        names = [run.name for run in live.runs] if live is not None else self._kept_runs(instance)
        paths = (self._worker.folder.runs / name / "log" for name in names)
        return [path for path in paths if path.exists()]

    def _kept_runs(self, instance: int) -> list[str]:
        row = self._store.read_now(lambda c: instances.get(c, instance))
        said: dict[str, Any] = json.loads(row.outcome) if row is not None and row.outcome else {}
        return cast("list[str]", said.get("runs", []))


async def _cancelled(tasks: list[asyncio.Task[None]]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    tasks.clear()


def _told_of_failure(task: asyncio.Task[None]) -> None:
    if not task.cancelled() and task.exception() is not None:
        _log.critical("a part of the engine failed; start the server again", exc_info=task.exception())
