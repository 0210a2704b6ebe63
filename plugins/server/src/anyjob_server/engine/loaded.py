"""Jobs as the engine uses them, kept in memory as far as they are needed."""

from __future__ import annotations

import json
import logging
from collections import OrderedDict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import tzinfo
from typing import Final

from anyjob.errors import AnyJobError
from anyjob.job import Job, JobStatus, TimeType
from anyjob.plugins.binding import Binding
from anyjob_server.store import jobs
from anyjob_server.store.jobs import JobRow
from anyjob_server.store.store import Store
from anyjob_server.timing.calendar import Calendars
from anyjob_server.timing.ofjob import timeline_of
from anyjob_server.timing.timeline import Fire, Timeline

__all__ = ["Loaded", "Shelf", "load"]

_KEPT: Final = 20_000
"""Jobs in memory. More are read again when they are due."""

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Loaded:
    """A stored job, read. `job` is what its instances run: a cycle of second_delay is not tried again."""

    row: JobRow
    job: Job
    binding: Binding
    timeline: Timeline

    @property
    def enabled(self) -> bool:
        """Whether its schedule is on."""
        return self.row.status is JobStatus.ENABLED

    def next_fire(self, after: int) -> int | None:
        """When it fires next after `after` by itself; None: never, or it is disabled. Both epoch milliseconds."""
        if not self.enabled:
            return None
        found = self.timeline.next_fire(after)
        return found.schedule_time if isinstance(found, Fire) else None


class Shelf:
    """The newest jobs that were used. Reading one parses it; its Job object stays the same until it is updated."""

    def __init__(self, store: Store, calendars: Calendars, zone: tzinfo, most: int = _KEPT) -> None:
        """`zone`: of jobs that name none."""
        self._store, self._calendars, self._zone, self._most = store, calendars, zone, most
        self._jobs: OrderedDict[int, Loaded] = OrderedDict()
        self._gone: set[int] = set()
        self._timelines: OrderedDict[tuple[object, ...], Timeline] = OrderedDict()

    def known(self, job: int) -> Loaded | None:
        """One that is in memory."""
        found = self._jobs.get(job)
        if found is not None:
            self._jobs.move_to_end(job)
        return found

    async def fetch(self, wanted: Sequence[int]) -> dict[int, Loaded]:
        """Those that are there. One that this version cannot read is logged and left out. Raises StoreLost."""
        missing = [job for job in wanted if job not in self._jobs]
        if missing:
            for row in await self._store.read(lambda c: jobs.many(c, missing)):
                if row.id not in self._jobs and row.id not in self._gone:  # an update came between
                    self.put_if_read(row)
        return {job: loaded for job in wanted if (loaded := self._jobs.get(job)) is not None}

    async def get(self, job: int) -> Loaded | None:
        """One job, from memory or the store; None: it is not there, or this version cannot read it. Raises
        StoreLost."""
        return self.known(job) or (await self.fetch([job])).get(job)

    def put_if_read(self, row: JobRow) -> Loaded | None:
        """As `put`; a row that this version cannot read is logged and left out."""
        try:
            return self.put(row)
        except (AnyJobError, ValueError, KeyError) as error:
            _log.error("job %d (%r) cannot be read and does not fire: %s", row.id, row.name, error)
            return None

    def put(self, row: JobRow) -> Loaded:
        """A row that is new or has changed. Raises BadJob."""
        loaded = load(row, self.timeline(row.job, row.created))
        self._jobs[row.id] = loaded
        self._jobs.move_to_end(row.id)
        while len(self._jobs) > self._most:
            self._jobs.popitem(last=False)
        return loaded

    def drop(self, gone: Iterable[int]) -> None:
        """They are no more."""
        for job in gone:
            self._gone.add(job)  # one who reads it just now must not bring it back
            self._jobs.pop(job, None)

    def timeline(self, job: Job, created: int) -> Timeline:
        """When a job fires. Jobs that say the same share one object. Raises BadJob."""
        key: tuple[object, ...] = (
            job.time_type, job.time_expression, job.timezone, job.calendar, job.data_offset, job.start_time,
            job.end_time, created if job.time_type is TimeType.FIXED_RATE else 0,
        )  # fmt: skip
        found = self._timelines.get(key)
        if found is None:
            found = self._timelines[key] = timeline_of(job, created, self._calendars, self._zone)
            while len(self._timelines) > self._most:
                self._timelines.popitem(last=False)
        return found


def load(row: JobRow, timeline: Timeline) -> Loaded:
    """A row, read. Raises BadJob."""
    job = row.job
    if job.time_type is TimeType.SECOND_DELAY and job.max_attempt:
        job = replace(job, max_attempt=0)
    return Loaded(row=row, job=job, binding=Binding.from_json(json.loads(row.binding)), timeline=timeline)
