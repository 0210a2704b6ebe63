"""New instances: their rows become durable, then they may start."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from itertools import count

from sqlalchemy import Connection

from anyjob.status import InstanceStatus, TriggerType
from anyjob_server.engine.dispatcher import Dispatcher
from anyjob_server.engine.loaded import Loaded
from anyjob_server.engine.roster import Active
from anyjob_server.store import instances, jobs, reasons
from anyjob_server.store.errors import StoreLost
from anyjob_server.store.instances import InstanceRow
from anyjob_server.store.reasons import ReasonRow
from anyjob_server.store.store import Store

__all__ = ["Intake", "Turn"]

_log = logging.getLogger(__name__)


@dataclass(slots=True, kw_only=True)
class Turn:
    """What is written together: instances, when their jobs fire next, why others were left out, and what whoever asked
    for it keeps `beside`."""

    actives: list[Active] = field(default_factory=list[Active])
    nexts: dict[int, int | None] = field(default_factory=dict[int, int | None])
    reasons: list[ReasonRow] = field(default_factory=list[ReasonRow])
    beside: Callable[[Connection], None] | None = None


class Intake:
    """Makes instances and hands them to the dispatcher."""

    def __init__(self, store: Store, dispatcher: Dispatcher, first: int) -> None:
        """`first`: the id of the next instance."""
        self._store, self._dispatcher = store, dispatcher
        self._ids = count(first)

    def new(
        self,
        loaded: Loaded,
        trigger: TriggerType,
        schedule_time: int,
        data_time: int,
        now: int,
        *,
        parameters: str = "",
        retry_of: int | None = None,
        note: str = "",
        serial: int | None = None,
    ) -> Active:
        """An instance that is taken up `now` and has its place before the limits. It is not yet in the store. All times
        are epoch milliseconds. `retry_of`: the instance that it repeats."""
        row = InstanceRow(
            id=next(self._ids),
            job=loaded.row.id,
            group=loaded.row.group,
            status=InstanceStatus.WAITING,
            trigger=trigger,
            schedule_time=schedule_time,
            data_time=data_time,
            created=now,
            parameters=parameters,
            priority=int(loaded.job.priority),
            executor=f"{loaded.binding.distribution} {loaded.binding.version}",
            retry_of=retry_of,
            note=note,
        )
        active = Active(row=row, loaded=loaded, status=InstanceStatus.WAITING)
        self._dispatcher.enter(active, serial=serial)
        if not active.admitted:
            active.status = InstanceStatus.POOL
        return active

    async def keep(self, turn: Turn) -> set[int]:
        """Write a turn; the ids of the instances that are new, which start now. A scheduled firing that was there
        already is none.

        Raises StoreFull, StoreLost: then nothing was kept.
        """
        rows = [_as_stands(active) for active in turn.actives]

        def change(c: Connection) -> set[int]:
            made = instances.insert(c, rows)
            jobs.set_next(c, turn.nexts.items())
            reasons.add(c, turn.reasons)
            if turn.beside is not None:
                turn.beside(c)
            return made

        try:
            made = await self._store.write(change)
        except StoreLost as error:
            made = await self._found(rows) if error.unknown else set[int]()
            if not made:
                self._drop(turn.actives)
                raise
        except BaseException:
            self._drop(turn.actives)
            raise
        self._store.recent.made(active.row for active in turn.actives if active.id in made)
        for active in turn.actives:
            if active.id in made:
                self._dispatcher.durable(active)
            else:
                self._dispatcher.dropped(active)
        return made

    def _drop(self, actives: Sequence[Active]) -> None:
        for active in actives:
            self._dispatcher.dropped(active)

    async def _found(self, rows: list[InstanceRow]) -> set[int]:
        """Which of them the database has, now that it did not say."""
        _log.warning("the database did not say whether it kept %d instances; asking it", len(rows))
        return await self._store.read(lambda c: {row.id for row in rows if instances.get(c, row.id) is not None})


def _as_stands(active: Active) -> InstanceRow:
    if active.status is InstanceStatus.WAITING:
        return active.row
    active.row = replace(active.row, status=active.status)
    return active.row
