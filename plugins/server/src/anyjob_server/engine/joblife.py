"""Making and changing jobs: all that is checked, and what follows for their firing."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import tzinfo

from sqlalchemy import Connection

from anyjob.job import BadJob, Job, JobStatus
from anyjob.modes import ModeRefused, mode_of
from anyjob.problem import Problem
from anyjob.worker.identity import resolve_user
from anyjob.worker.worker import Worker
from anyjob_server.engine.announcer import Announcer
from anyjob_server.engine.clock import Clock
from anyjob_server.engine.dispatcher import Dispatcher
from anyjob_server.engine.errors import NoRoom, TooManyJobs
from anyjob_server.engine.loaded import Loaded, Shelf, load
from anyjob_server.engine.room import Room
from anyjob_server.engine.roster import Roster
from anyjob_server.engine.trigger import Trigger
from anyjob_server.store import groups, jobs, scripts
from anyjob_server.store.errors import JobGone
from anyjob_server.store.groups import GroupRow
from anyjob_server.store.jobs import JobRow
from anyjob_server.store.scripts import ScriptRow
from anyjob_server.store.store import Store
from anyjob_server.timing.calendar import Calendars
from anyjob_server.timing.ofjob import time_problems, told_more

__all__ = ["Allow", "JobLife", "anybody"]

Allow = Callable[[Job], None]
"""Asked with a job that was checked, before anything of it is written. Raises what refuses it."""


def anybody(job: Job) -> None:
    """Refuses nothing."""
    del job


class JobLife:
    """Each method returns when its change is durable, and the job fires by it from then on."""

    def __init__(
        self,
        store: Store,
        worker: Worker,
        shelf: Shelf,
        trigger: Trigger,
        dispatcher: Dispatcher,
        roster: Roster,
        announcer: Announcer,
        room: Room,
        calendars: Calendars,
        zone: tzinfo,
        clock: Clock,
    ) -> None:
        self._store, self._worker, self._shelf, self._trigger = store, worker, shelf, trigger
        self._host = worker.host
        self._dispatcher, self._roster, self._announcer, self._room = dispatcher, roster, announcer, room
        self._calendars, self._zone, self._clock = calendars, zone, clock
        self._changing = asyncio.Lock()
        """Held from a look at what a job is to what it is then: a change keeps what others changed before it."""

    async def create(
        self,
        group: GroupRow,
        fields: Mapping[str, object],
        by: str,
        *,
        allow: Allow = anybody,
        strict: bool = True,
        beside: Callable[[Connection, int], None] | None = None,
    ) -> JobRow:
        """A job of the API's fields. `strict` asks for every field that CreateJob requires. `beside` is carried out in
        the same transaction, with the job's id.

        Raises BadJob, UnknownJobType, PluginError, NameTaken, TooManyJobs, NoRoom, StoreError.
        """
        named = {"Namespace": group.namespace, "GroupId": group.group_id}
        now = self._clock.now()
        job = self._read({**fields, **named}, now, strict=strict)
        binding = self._checked(job, now)
        allow(job)
        self._refuse_if_full(job.name)
        row = JobRow(
            group=group.id,
            name=job.name,
            job_type=job.job_type,
            status=job.status,
            wire=json.dumps(job.to_wire(), ensure_ascii=False),
            binding=binding,
            time_type=job.time_type,
            created=now,
            updated=now,
            creator=by,
        ).of(job)
        row = replace(row, next_fire=self._next(row, now))

        def change(c: Connection) -> int:
            if group.max_jobs and groups.count_jobs(c, group.id) >= group.max_jobs:
                raise TooManyJobs(group.group_id, group.max_jobs)
            (made,) = jobs.insert(c, [row])
            if beside is not None:
                beside(c, made)
            return made

        row = replace(row, id=await self._store.write(change)).of(job)
        self._put(row)
        return row

    async def update(self, row: JobRow, fields: Mapping[str, object], by: str, *, allow: Allow = anybody) -> JobRow:
        """The job with these fields changed; the others stay. JobType and where it belongs cannot change.

        Raises what `create` does, and JobGone.
        """
        return await self._update(row, fields, by, allow, None)

    async def script(self, row: JobRow, content: str, description: str, by: str, *, allow: Allow = anybody) -> JobRow:
        """The job with another Content, which becomes the newest version of its script. Raises as `update`."""
        script = ScriptRow(job=row.id, created=self._clock.now(), creator=by, description=description, content=content)
        return await self._update(row, {"Content": content}, by, allow, script)

    async def enable(self, rows: Sequence[JobRow]) -> None:
        """Time fires them from now on. Raises StoreError."""
        await self._switch(rows, JobStatus.ENABLED)

    async def disable(self, rows: Sequence[JobRow]) -> None:
        """Time does not fire them any more. What waits and runs goes on. Raises StoreError."""
        await self._switch(rows, JobStatus.DISABLED)

    async def delete(self, rows: Sequence[JobRow], by: str) -> None:
        """They are no more. What waits ends, what runs goes on to its end; the history stays. Raises StoreError."""
        ids, now = [row.id for row in rows], self._clock.now()
        gone = await self._store.write(lambda c: jobs.delete(c, ids, now))
        self._shelf.drop(gone)
        for job in gone:
            self._trigger.set(job, None)
            for active in self._roster.of(job):
                if not active.fired:
                    self._dispatcher.stop(active, f"{by} deleted the job")
        for row in rows:
            self._announcer.changed(row.job_type)

    # ---------------------------------------------------------------- inside

    async def _update(
        self, row: JobRow, fields: Mapping[str, object], by: str, allow: Allow, script: ScriptRow | None
    ) -> JobRow:
        del by
        async with self._changing:
            return await self._changed(self._as_it_is(row), fields, allow, script)

    async def _changed(
        self, row: JobRow, fields: Mapping[str, object], allow: Allow, script: ScriptRow | None
    ) -> JobRow:
        kept = {name: value for name, value in fields.items() if name not in ("Namespace", "GroupId", "RegionId")}
        now = self._clock.now()
        job = self._read({**json.loads(row.wire), **kept}, now)
        if job.job_type != row.job_type:
            remedy = f"cannot be changed, the job is {row.job_type}; create another job and delete this one"
            raise BadJob([Problem(field="JobType", value=job.job_type, remedy=remedy)], row.name)
        binding = self._checked(job, now)
        allow(job)
        new = replace(
            row,
            name=job.name,
            status=job.status,
            wire=json.dumps(job.to_wire(), ensure_ascii=False),
            binding=binding,
            time_type=job.time_type,
            updated=now,
            revision=row.revision + 1,
        ).of(job)
        new = replace(new, next_fire=self._next(new, now)).of(job)

        def change(c: Connection) -> None:
            known = jobs.get(c, row.id)
            if known is None:
                raise JobGone(row.id)
            jobs.update(c, new)
            if script is not None:
                if not scripts.history(c, row.id):  # what it was before its first change
                    first = replace(
                        script, created=row.created, creator=row.creator, description="", content=row.job.content
                    )
                    scripts.insert(c, first)
                scripts.insert(c, script)

        await self._store.write(change)
        self._put(new)
        return new

    def _as_it_is(self, row: JobRow) -> JobRow:
        now = self._store.read_now(lambda c: jobs.get(c, row.id))
        if now is None:
            raise JobGone(row.id)
        return now

    async def _switch(self, rows: Sequence[JobRow], status: JobStatus) -> None:
        async with self._changing:
            await self._switched(rows, status)

    async def _switched(self, rows: Sequence[JobRow], status: JobStatus) -> None:
        now, changed = self._clock.now(), list[JobRow]()
        ids = [row.id for row in rows]
        for row in self._store.read_now(lambda c: jobs.many(c, ids)):
            if row.status is status:
                continue
            wire = {**json.loads(row.wire), "Status": int(status)}
            new = replace(row, status=status, wire=json.dumps(wire, ensure_ascii=False), updated=now)
            changed.append(replace(new, next_fire=self._next(new, now)))

        def change(c: Connection) -> list[JobRow]:
            there = [row for row in changed if jobs.get(c, row.id) is not None]
            for row in there:
                jobs.update(c, row)
            return there

        if changed:
            for row in await self._store.write(change):
                self._put(row)

    def _read(self, fields: Mapping[str, object], now: int, *, strict: bool = False) -> Job:
        try:
            return Job.from_wire(fields, strict=strict)
        except BadJob as bad:
            more_told = self._host.more_problems(bad)
            told = BadJob([told_more(one) for one in more_told.problems], more_told.job)
            if bad.rest is None:
                raise told from None
            named = {problem.field.partition(".")[0] for problem in told.problems}
            more = [one for one in self._problems(bad.rest, now) if one.field.partition(".")[0] not in named]
            raise BadJob([*told.problems, *more], told.job) from None

    def _checked(self, job: Job, now: int) -> str:
        """Everything about the job at once; its binding, as JSON."""
        problems = self._problems(job, now)
        try:
            binding = self._host.bind(job)
        except BadJob as bad:
            raise BadJob([*bad.problems, *problems], job.name) from None
        if problems:
            raise BadJob(problems, job.name)
        if "user" in job.xattrs and (problem := self._user(job)) is not None:
            raise BadJob([problem], job.name)
        if "secrets" in job.xattrs:
            refused = self._worker.secret_problems(job, self._host.dispatch(job).common)
            if refused:
                raise BadJob(refused, job.name)
        return json.dumps(binding.to_json())

    def _user(self, job: Job) -> Problem | None:
        """Why no run of a job on this node could be its XAttrs.user, as the worker would say it at each start."""
        bound = self._host.dispatch(job)
        user = bound.common.user
        if user is None or bound.place is None or not bound.place.on_node or user == self._worker.run_as(job):
            return None
        found = resolve_user(user, job.owner, self._worker.settings.users)
        return found if isinstance(found, Problem) else None

    def _problems(self, job: Job, now: int) -> list[Problem]:
        """What is wrong with mode and times."""
        problems: list[Problem] = []
        try:
            mode = mode_of(job)
        except ModeRefused as refused:
            remedy = str(refused).rpartition('" ')[2]
            problems.append(Problem(field="ExecuteMode", value=job.execute_mode.value, remedy=remedy))
            mode = None
        if mode is not None:
            try:
                mode.plan(job, "")
            except BadJob as bad:
                problems += bad.problems
        return [*problems, *time_problems(job, now, self._calendars, self._zone)]

    def _next(self, row: JobRow, now: int) -> int | None:
        """When the job fires next, as it is about to be stored. One whose time has not changed keeps its next time."""
        loaded = load(row, self._shelf.timeline(row.job, row.created))
        known = self._shelf.known(row.id)
        if loaded.timeline.chained and self._roster.has(row.id):
            return None  # the end of what runs says when
        if _fires_as(known, loaded):
            return self._trigger.at(row.id)
        return loaded.next_fire(now)

    def _put(self, row: JobRow) -> None:
        known, loaded = self._shelf.known(row.id), self._shelf.put(row)
        if not _fires_as(known, loaded):  # else it may have fired since its next time was looked up
            self._trigger.set(row.id, row.next_fire)
        self._announcer.changed(row.job_type)

    def _refuse_if_full(self, name: str) -> None:
        lack = self._room.lack
        if lack:
            raise NoRoom(name, lack)


def _fires_as(known: Loaded | None, loaded: Loaded) -> bool:
    """Whether nothing that decides when it fires has changed."""
    return known is not None and known.enabled and loaded.enabled and known.timeline is loaded.timeline
