"""The one thread that writes: it takes all changes that wait into one transaction."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections import deque
from collections.abc import Callable, Sequence
from queue import Empty, SimpleQueue
from threading import Thread
from typing import Any, Final

from sqlalchemy import Connection

from anyjob_server.store import meta
from anyjob_server.store.change import Change, tell
from anyjob_server.store.database import Database, Fault
from anyjob_server.store.errors import FREE_SOME, StoreError, StoreFull, StoreLost, lost
from anyjob_server.store.names import Named, Names, told

__all__ = ["PATIENCE", "Writer"]

_GROUP: Final = 256
"""Changes in one transaction at most: beyond that a commit no longer counts, and each waits for all."""
PATIENCE: Final = 10.0
"""Seconds for which a change waits for a database that is lost."""
_LOOK: Final = 0.5
"""Seconds from one look to the next whether there is room, or a connection, again."""
_PAUSE: Final = 0.05
"""Seconds between two attempts to reach a database."""
_PROBE: Final = "x" * (64 << 10)


class Writer:
    """Carries out changes in the order in which they came."""

    def __init__(
        self,
        database: Database,
        c: Connection,
        check: Callable[[Connection], None],
        names: Names,
        patience: float = PATIENCE,
    ) -> None:
        """`check` looks at each new connection: whether it leads to the same database in the same hands. `names` hears
        of each job that changed, before whoever changed it does. `patience`: seconds for which a change waits for a
        database that is away."""
        self._database, self._check, self._patience = database, check, patience
        self._names, self._named = names, list[Named]()
        self._c: Connection | None = c
        told(c, self._named)
        self._gathered: deque[Change] = deque()
        self._waiting: SimpleQueue[Change | None] = SimpleQueue()
        self._closed = False
        self._trouble: str | None = None
        self._full, self._next_look = False, 0.0
        self._begun: float | None = None
        self._thread = Thread(target=self._run, name="anyjob-store-writer", daemon=True)
        self._thread.start()

    async def write(self, change: Callable[[Connection], Any]) -> Any:
        """Wait until the change is durable; its result. Raises StoreLost."""
        if self._closed:
            raise StoreLost(self._database.where, "this server has closed it")
        loop = asyncio.get_running_loop()
        future: asyncio.Future[Any] = loop.create_future()
        self._gathered.append(Change(change, future))
        if len(self._gathered) == 1:
            # All of this turn together: a thread that is woken for the first of them would take the loop's time.
            loop.call_soon(self._hand_over)
        return await future

    def _hand_over(self) -> None:
        with contextlib.suppress(IndexError):
            while True:
                self._waiting.put(self._gathered.popleft())

    @property
    def trouble(self) -> str | None:
        """Why what is new may not be kept, until the writer has seen by itself that it is over."""
        begun = self._begun
        if self._trouble is None and begun is not None and time.monotonic() > begun + self._patience:
            silent = f"has not answered for {time.monotonic() - begun:.0f} s"
            return f"The database {self._database.where} {silent}. The server goes on when it does."
        return self._trouble

    def close(self) -> None:
        """All that was accepted is carried out first."""
        if not self._closed:
            self._closed = True
            self._hand_over()
            self._waiting.put(None)
            self._thread.join()

    def _run(self) -> None:
        more = True
        while more:
            if self._trouble and time.monotonic() >= self._next_look:
                self._look()
            group, more = self._take()
            if group:
                self._begun = time.monotonic()
                self._carry_out(group, self._begun + self._patience)
                self._begun = None
                tell(group)
        self._drop()

    def _take(self) -> tuple[list[Change], bool]:
        """What waits, in order, and whether more may come. While there is trouble it does not wait long."""
        group: list[Change] = []
        try:
            change = self._waiting.get(timeout=_LOOK if self._trouble else None)
            while change is not None:
                if change.wanted:
                    group.append(change)
                if len(group) >= _GROUP:
                    return group, True
                change = self._waiting.get_nowait()
        except Empty:
            return group, True
        return group, False

    def _carry_out(self, group: Sequence[Change], end: float) -> None:
        """Until it is done, or refused, or `end` has come; then each change has its result or its error."""
        where = self._database.where
        while True:
            fault, why = self._transaction(group)
            if fault is Fault.NONE:
                if not self._full:
                    self._trouble = None
                return
            self._note(fault, why)
            if fault is Fault.UNKNOWN or (fault is not Fault.FULL and time.monotonic() > end):
                for change in group:
                    change.error = StoreLost(where, why, unknown=fault is Fault.UNKNOWN)
                return
            if len(group) > 1:
                break
            if fault is Fault.FULL:
                group[0].error = StoreFull(where, why)
                return
            time.sleep(_PAUSE)
        for change in group:  # what one of them needs, or breaks, must not harm the others
            self._carry_out([change], end)

    def _transaction(self, group: Sequence[Change], *, apart: bool | None = None) -> tuple[Fault, str]:
        """All of them, then the commit. Whatever fault there was: nothing is kept, unless it is UNKNOWN.

        `apart`: each between marks, so that one that fails can be undone. Where marks cost, they are made only once one
        has failed, and all are called again.
        """
        database, ticket = self._database, None
        self._named.clear()
        apart = len(group) > 1 and (database.marks_are_cheap if apart is None else apart)
        try:
            c = self._connection()
            transaction = c.begin()
        except Exception as error:  # noqa: BLE001 - whatever it is, those who wait are told
            return self._failed(error)
        try:
            for change in group:
                if not self._try(c, change, apart=apart) and not apart:
                    transaction.rollback()
                    return (Fault.NONE, "") if len(group) == 1 else self._transaction(group, apart=True)
            ticket = database.ticket(c)
            transaction.commit()
        except Exception as error:  # noqa: BLE001 - as above
            fault, why = self._failed(error)
            if ticket is None or fault is not Fault.LOST:
                return fault, why
            fault = self._ended(ticket)
            if fault is Fault.UNKNOWN:
                self._names.forget()
            if fault is not Fault.NONE:
                return fault, why
        self._names.apply(self._named)
        return Fault.NONE, ""

    def _try(self, c: Connection, change: Change, *, apart: bool) -> bool:
        """One change: whether it went well. Raises what the database itself is at fault for."""
        database = self._database
        change.result = change.error = None
        named = len(self._named)
        if apart:
            database.mark(c)
        try:
            change.result = change.call(c)
        except BaseException as error:  # a stray SystemExit must not end the thread either
            if database.fault(error) is not Fault.NONE:
                raise
            change.error = error
            del self._named[named:]
            if apart:
                database.undo(c)
            return False
        if apart:
            database.keep(c)
        return True

    def _ended(self, ticket: str) -> Fault:
        """How a transaction ended whose commit was not answered."""
        end = time.monotonic() + self._patience
        while time.monotonic() < end:
            try:
                committed = self._database.outcome(self._connection(), ticket)
            except Exception as error:  # noqa: BLE001 - as above
                self._failed(error)
                time.sleep(_PAUSE)
                continue
            if committed is not None:
                return Fault.NONE if committed else Fault.LOST
            if not ticket:
                break
            time.sleep(_PAUSE)
        return Fault.UNKNOWN

    def _connection(self) -> Connection:
        if self._c is None:
            made = self._database.writer()
            try:
                with made.begin():
                    self._check(made)
            except BaseException:
                _discard(made)
                raise
            told(made, self._named)
            self._c = made
        return self._c

    def _failed(self, error: Exception) -> tuple[Fault, str]:
        """The connection as it was before the transaction, or none; what an error says."""
        fault = self._database.fault(error)
        if fault in (Fault.NONE, Fault.LOST):
            fault = Fault.LOST
            self._drop()
        elif self._c is not None:
            try:
                self._c.rollback()
            except Exception:  # noqa: BLE001 - it is dropped
                self._drop()
        return fault, str(error) if isinstance(error, StoreError) else str(getattr(error, "orig", error)).strip()

    def _drop(self) -> None:
        if self._c is not None:
            _discard(self._c)
            self._c = None

    def _look(self) -> None:
        """Whether the trouble is over: by a change as large as new work may need."""
        for step in (_probe, _clear):
            fault, why = self._transaction([Change(step, None)])
            if fault is not Fault.NONE:
                self._note(fault, why)
                return
        self._full, self._trouble = False, None

    def _note(self, fault: Fault, why: str) -> None:
        self._full = self._full or fault is Fault.FULL
        self._next_look = time.monotonic() + _LOOK
        where, why = self._database.where, " ".join(why.split())
        self._trouble = (
            f"The database {where} has no room: {why}. {FREE_SOME}" if fault is Fault.FULL else lost(where, why)
        )


def _probe(c: Connection) -> None:
    meta.put(c, meta.PROBE, _PROBE)


def _clear(c: Connection) -> None:
    meta.drop(c, meta.PROBE)


def _discard(c: Connection) -> None:
    try:
        c.invalidate()
        c.close()
    except Exception:  # noqa: BLE001, S110 - it is of no use either way
        pass
