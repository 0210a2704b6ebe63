"""Who may start now: the limits of app groups and of the whole server, and the queue before them.

Pure. A job's own MaxConcurrency is no queue: what it does not let in is dropped. Only what was asked for by hand for
several days (RerunJob) waits for it.

Sources: SchedulerX user guide, flow control, priorities and the queue of an application; SchedulerX API, CreateJob,
"MaxConcurrency".
"""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Iterator
from dataclasses import dataclass
from heapq import heappop, heappush
from itertools import count
from typing import TypeAlias

__all__ = ["Gate", "Place", "Ticket"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Ticket:
    """An instance that wants to start. `serial`: how many of its job may run; None: that was looked at before."""

    instance: int
    job: int
    group: int
    priority: int
    serial: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a ticket waits. `before`: how many start sooner; `limit`: how many may run, of what `whose` says."""

    before: int
    limit: int
    whose: str


_Entry: TypeAlias = tuple[int, int, Ticket]


class Gate:
    """Highest priority first, the order of arrival within one. Nothing that runs makes room for another."""

    def __init__(self, slots: int | None = None) -> None:
        """`slots`: how many may run in all; None: any number."""
        self._slots = slots
        self._limits: dict[int, int] = {}
        self._running: dict[int, Ticket] = {}
        self._by_group: defaultdict[int, int] = defaultdict(int)
        self._taken: defaultdict[int, int] = defaultdict(int)
        self._waiting: dict[int, list[_Entry]] = {}
        self._serial: dict[int, deque[Ticket]] = {}
        self._queued: dict[int, Ticket] = {}
        self._order = count()

    def taken(self, job: int) -> int:
        """How many of a job run or wait for their group: what MaxConcurrency counts."""
        return self._taken.get(job, 0)

    def limit(self, group: int, most: int | None) -> list[Ticket]:
        """How many of a group may run; None or 0: any number. Gives those that may start now."""
        if most:
            self._limits[group] = most
        else:
            self._limits.pop(group, None)
        return list(self._admit())

    def slots(self, most: int | None) -> list[Ticket]:
        """How many may run in all from now on; None: any number. Gives those that may start now."""
        self._slots = most
        return list(self._admit())

    def enter(self, ticket: Ticket) -> bool:
        """True: it may start now. Else it waits, and a later `leave` or `limit` gives it."""
        if ticket.serial is not None and (ticket.job in self._serial or self.taken(ticket.job) >= ticket.serial):
            self._serial.setdefault(ticket.job, deque()).append(ticket)
            self._queued[ticket.instance] = ticket
            return False
        return self._enter_group(ticket)

    def force(self, ticket: Ticket) -> None:
        """It runs already, whatever the limits say."""
        self._taken[ticket.job] += 1
        self._run(ticket)

    def leave(self, instance: int) -> list[Ticket]:
        """It is over, or does not want any more. Gives those that may start now."""
        ticket = self._running.pop(instance, None)
        if ticket is not None:
            self._count(self._by_group, ticket.group, -1)
            self._count(self._taken, ticket.job, -1)
        else:
            ticket = self._queued.pop(instance, None)
            if ticket is None:
                return []
            queue = self._serial.get(ticket.job)
            if queue is not None and ticket in queue:
                queue.remove(ticket)
                if not queue:
                    del self._serial[ticket.job]
                return []
            self._count(self._taken, ticket.job, -1)
            # Its entry in the heap is passed over when it comes up.
        self._promote(ticket.job)
        return list(self._admit())

    def place(self, instance: int) -> Place | None:
        """Where an instance waits; None: it does not."""
        ticket = self._queued.get(instance)
        if ticket is None:
            return None
        queue = self._serial.get(ticket.job)
        if queue is not None and ticket in queue:
            return Place(before=queue.index(ticket), limit=ticket.serial or 0, whose="its job")
        entries = self._waiting[ticket.group]
        own = next(entry[:2] for entry in entries if entry[2] is ticket)
        before = sum(entry[:2] < own and entry[2].instance in self._queued for entry in entries)
        limit = self._limits.get(ticket.group)
        if limit is not None and self._by_group[ticket.group] >= limit:
            return Place(before=before, limit=limit, whose="its app group")
        return Place(before=before, limit=self._slots or 0, whose="this server")

    # ---------------------------------------------------------------- inside

    def _enter_group(self, ticket: Ticket) -> bool:
        self._taken[ticket.job] += 1
        if not self._waits_in(ticket.group) and self._has_room(ticket.group):
            self._run(ticket)
            return True
        heappush(self._waiting.setdefault(ticket.group, []), (-ticket.priority, next(self._order), ticket))
        self._queued[ticket.instance] = ticket
        return False

    def _run(self, ticket: Ticket) -> None:
        self._running[ticket.instance] = ticket
        self._by_group[ticket.group] += 1

    def _has_room(self, group: int) -> bool:
        if self._slots is not None and len(self._running) >= self._slots:
            return False
        limit = self._limits.get(group)
        return limit is None or self._by_group[group] < limit

    def _waits_in(self, group: int) -> bool:
        return self._first(group) is not None

    def _first(self, group: int) -> _Entry | None:
        """The next of a group's queue. Those that left are dropped on the way."""
        entries = self._waiting.get(group)
        while entries:
            if self._queued.get(entries[0][2].instance) is entries[0][2]:
                return entries[0]
            heappop(entries)
        self._waiting.pop(group, None)
        return None

    def _promote(self, job: int) -> None:
        queue = self._serial.get(job)
        while queue and self.taken(job) < (queue[0].serial or 1):
            ticket = queue.popleft()
            if not queue:
                del self._serial[job]
            self._taken[job] += 1
            heappush(self._waiting.setdefault(ticket.group, []), (-ticket.priority, next(self._order), ticket))

    def _admit(self) -> Iterator[Ticket]:
        while True:
            ready = [
                entry
                for group in list(self._waiting)
                if self._has_room(group) and (entry := self._first(group)) is not None
            ]
            if not ready:
                return
            best = min(ready)
            heappop(self._waiting[best[2].group])
            ticket = self._queued.pop(best[2].instance)
            self._run(ticket)
            yield ticket

    @staticmethod
    def _count(counts: defaultdict[int, int], key: int, by: int) -> None:
        counts[key] += by
        if not counts[key]:
            del counts[key]
