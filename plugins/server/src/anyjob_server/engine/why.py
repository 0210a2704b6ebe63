"""Why a job does not run, or when it will: what `anyjob why` shows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection

from anyjob.job import TimeType
from anyjob.status import TriggerType
from anyjob_server.engine.clock import Clock
from anyjob_server.engine.limits import Gate
from anyjob_server.engine.loaded import Loaded
from anyjob_server.engine.room import Room
from anyjob_server.engine.roster import Active, Roster
from anyjob_server.engine.trigger import Trigger
from anyjob_server.store import instances, jobs, reasons
from anyjob_server.store.errors import JobGone
from anyjob_server.store.reasons import ReasonRow
from anyjob_server.timing.timeline import Never

__all__ = ["Going", "Waiting", "Why", "behind", "why", "why_gone"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Going:
    """An instance that runs. Times are epoch ms; `since` None: it is just starting. `stopping`: who stopped it."""

    instance: int
    schedule_time: int
    since: int | None
    stopping: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """An instance that waits, and behind what, in words. `schedule_time`: epoch ms."""

    instance: int
    schedule_time: int
    behind: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Why:
    """`next_fire` epoch ms; None with `never`, which says why time does not fire the job. `now`: what keeps new
    instances from starting at this moment, in words. `reasons`: why firings did not become runs, the newest first."""

    next_fire: int | None
    never: str
    now: str
    running: Sequence[Going]
    waiting: Sequence[Waiting]
    reasons: Sequence[ReasonRow]


def why(
    loaded: Loaded,
    trigger: Trigger,
    roster: Roster,
    gate: Gate,
    room: Room,
    clock: Clock,
    trouble: str,
    said: Sequence[ReasonRow],
) -> Why:
    """All that is known at this moment. `trouble`: what health says of the job's type; empty when it is well."""
    job = loaded.row.id
    actives = roster.of(job)
    next_fire = trigger.at(job)
    now = room.halt or (f"no worker available: {trouble}" if trouble else "")
    most = loaded.job.max_concurrency
    if not now and gate.taken(job) >= most:
        now = f"MaxConcurrency is {most}, and so many instances run or wait"
    return Why(
        next_fire=next_fire,
        never="" if next_fire is not None else _never(loaded, clock.now(), going=bool(actives)),
        now=now,
        running=[
            Going(instance=one.id, schedule_time=one.row.schedule_time, since=one.begun, stopping=one.stopped)
            for one in actives
            if one.admitted and not one.ending
        ],
        waiting=[
            Waiting(instance=one.id, schedule_time=one.row.schedule_time, behind=behind(one, gate, room))
            for one in actives
            if not one.admitted and not one.ending
        ],
        reasons=said,
    )


def why_gone(c: Connection, job: int, most: int) -> Why:
    """Of a job that is no more: what became of it. Raises JobGone when nothing is known of it any more."""
    row = jobs.get(c, job, removed=True)
    if row is None:
        raise JobGone(job)
    last = next(iter(instances.newest(c, row.group, job, size=1)), None)
    if row.time_type is TimeType.ONE_TIME and last is not None and last.trigger is TriggerType.SCHEDULED:
        never = f"it is over: it ran as instance {last.id}, which ended {last.status.label}"
    else:
        never = "the job was deleted" + (f"; its last instance was {last.id} ({last.status.label})" if last else "")
    said = reasons.newest(c, job, most)
    return Why(next_fire=None, never=never, now="", running=[], waiting=[], reasons=said)


def _never(loaded: Loaded, now: int, *, going: bool) -> str:
    if not loaded.enabled:
        return "the job is disabled"
    if loaded.timeline.chained and going:
        return "the next cycle follows from the end of the instance that runs"
    answer = loaded.timeline.next_fire(now)
    return answer.reason if isinstance(answer, Never) else "it is being computed"


def behind(active: Active, gate: Gate, room: Room) -> str:
    """What an instance that is not admitted waits for, in words."""
    place = gate.place(active.id)
    if place is None:
        return "it is just about to start"
    if not place.limit:
        return room.hold.why
    ahead = f"; {place.before} wait before it" if place.before else ""
    if place.whose == "its job":
        return f"MaxConcurrency of its job is {place.limit}{ahead}"
    what = "MaxConcurrency of its app group" if place.whose == "its app group" else "the server's slots"
    return f"the limit ({what}: {place.limit}) is reached{ahead}"
