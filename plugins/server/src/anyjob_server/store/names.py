"""The names of jobs in memory, for those app groups in which somebody looks for a part of one.

No usual index finds the middle of a text, and to look through a hundred thousand rows takes a database longer than a
page of jobs may. So the names of a group are read once, at its first search; afterwards the writer tells of each
change. This process is the only one that writes a database, so nothing changes behind it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from threading import Lock
from typing import Any, Final

from sqlalchemy import Connection, bindparam, select

from anyjob.job import JobStatus
from anyjob_server.store.statement import Statement
from anyjob_server.store.tables import ALIVE, JOBS

__all__ = ["Named", "Names", "change", "told"]

_TOLD: Final = "anyjob_named"

_ALL: Final = Statement(
    select(JOBS.c.id, JOBS.c.name, JOBS.c.status).where(JOBS.c.group == bindparam("in_group"), ALIVE)
)


@dataclass(frozen=True, slots=True)
class Named:
    """How a job of an app group is called from now on, and its status; `name` None: it is not there any more."""

    group: int
    job: int
    name: str | None
    status: JobStatus


def told(c: Connection, changes: list[Named]) -> None:
    """What changes by this connection is put into that list from now on."""
    c.info[_TOLD] = changes


def change(c: Connection, one: Named) -> None:
    """A statement of this connection has done that; whether it is kept its writer knows."""
    changes: list[Named] | None = c.info.get(_TOLD)
    if changes is not None:
        changes.append(one)


class Names:
    """Each group's names, once they are asked for. May be used on any thread."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._groups: dict[int, _Group] = {}
        self._loading: dict[int, dict[int, Named]] = {}

    def search(self, group: int, part: str, status: JobStatus | None = None) -> Callable[[Connection], list[int]]:
        """A question for a reader: the jobs of the group whose name holds `part`, whatever the case of both, by id;
        of that status only. Make it before the reader's snapshot begins: what changes from here on is not missed."""
        with self._lock:
            meanwhile = None if group in self._groups else self._loading.setdefault(group, {})
        looked = part.casefold()

        def find(c: Connection) -> list[int]:
            with self._lock:
                known = self._groups.get(group)
            if known is None:
                known = self._load(c, group, meanwhile)
            with self._lock:
                found = [job for job, name in known.names.items() if looked in name]
                if status is not None:
                    found = [job for job in found if (job in known.disabled) == (status is JobStatus.DISABLED)]
            return sorted(found)

        return find

    def _load(self, c: Connection, group: int, meanwhile: dict[int, Named] | None) -> _Group:
        made = _Group()
        rows: list[Any] = _ALL.tuples(c, {"in_group": group})
        for job, name, status in rows:
            made.put(Named(group, job, name, JobStatus(status)))
        with self._lock:
            if meanwhile is None or self._loading.get(group) is not meanwhile:
                return self._groups.get(group, made)  # somebody was faster, or all was forgotten: good for one answer
            for one in self._loading.pop(group).values():  # some stood in the snapshot already, which does no harm
                made.put(one)
            self._groups[group] = made
        return made

    def apply(self, changes: Sequence[Named]) -> None:
        """These are durable, in this order."""
        with self._lock:
            for one in changes:
                if (known := self._groups.get(one.group)) is not None:
                    known.put(one)
                elif (meanwhile := self._loading.get(one.group)) is not None:
                    meanwhile[one.job] = one

    def forget(self) -> None:
        """Nobody knows what the database has: it is to be read again."""
        with self._lock:
            self._groups.clear()
            self._loading.clear()


class _Group:
    """Names of one group, as they are compared, by job, and those jobs that are disabled."""

    __slots__ = ("disabled", "names")

    def __init__(self) -> None:
        self.names: dict[int, str] = {}
        self.disabled: set[int] = set()

    def put(self, one: Named) -> None:
        if one.name is None:
            self.names.pop(one.job, None)
            self.disabled.discard(one.job)
            return
        self.names[one.job] = one.name.casefold()
        if one.status is JobStatus.DISABLED:
            self.disabled.add(one.job)
        else:
            self.disabled.discard(one.job)
