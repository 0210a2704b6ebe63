"""The one thread that writes: it takes all changes that wait into one transaction."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from queue import Empty, SimpleQueue
from threading import Thread
from typing import Any, Final

from sqlalchemy import Connection

from anyjob_server.store.database import Database, Fault
from anyjob_server.store.errors import StoreFull, StoreLost

__all__ = ["Writer"]

_GROUP: Final = 256
"""Changes in one transaction at most: beyond that a commit no longer counts, and each waits for all."""


class _Change:
    """A change with whoever waits for it."""

    __slots__ = ("change", "error", "future", "loop", "result")

    def __init__(
        self, change: Callable[[Connection], Any], future: asyncio.Future[Any], loop: asyncio.AbstractEventLoop
    ) -> None:
        self.change, self.future, self.loop = change, future, loop
        self.result: Any = None
        self.error: BaseException | None = None


class Writer:
    """Carries out changes in the order in which they came. `full` says why the last one found no room."""

    def __init__(self, database: Database, c: Connection) -> None:
        self._database, self._c = database, c
        self._waiting: SimpleQueue[_Change | None] = SimpleQueue()
        self._closed = False
        self.full: str | None = None
        self._thread = Thread(target=self._run, name="anyjob-store-writer", daemon=True)
        self._thread.start()

    async def write(self, change: Callable[[Connection], Any]) -> Any:
        """Wait until the change is durable; its result."""
        if self._closed:
            raise StoreLost(self._database.where, "this server has closed it")
        loop = asyncio.get_running_loop()
        future: asyncio.Future[Any] = loop.create_future()
        self._waiting.put(_Change(change, future, loop))
        return await future

    def close(self) -> None:
        """All that was accepted is carried out first."""
        if not self._closed:
            self._closed = True
            self._waiting.put(None)
            self._thread.join()
            self._c.close()

    def _run(self) -> None:
        more = True
        while more:
            group, more = self._take()
            if group:
                self._carry_out(group)
                _tell(group)

    def _take(self) -> tuple[list[_Change], bool]:
        group: list[_Change] = []
        change = self._waiting.get()
        try:
            while change is not None:
                if not change.future.cancelled():
                    group.append(change)
                if len(group) >= _GROUP:
                    return group, True
                change = self._waiting.get_nowait()
        except Empty:
            return group, True
        return group, False

    def _carry_out(self, group: Sequence[_Change]) -> None:
        fault, why = self._transaction(group)
        if fault is Fault.FULL and len(group) > 1:
            for change in group:  # one that needs no room must not fail with one that does
                change.result = change.error = None
                self._carry_out([change])
        elif fault is Fault.FULL:
            self.full = why
            group[0].error = StoreFull(self._database.where, why)
        elif fault is not Fault.NONE:
            for change in group:
                change.error = StoreLost(self._database.where, why)
        else:
            self.full = None

    def _transaction(self, group: Sequence[_Change]) -> tuple[Fault, str]:
        """All of them, then the commit."""
        database, c = self._database, self._c
        try:
            with c.begin():
                for change in group:
                    database.mark(c)
                    try:
                        change.result = change.change(c)
                    except BaseException as error:
                        if database.fault(error) is not Fault.NONE:
                            raise
                        change.error = error
                        database.undo(c)
                    else:
                        database.keep(c)
        except Exception as error:  # noqa: BLE001 - whatever it is, those who wait are told
            fault = database.fault(error)
            return (Fault.LOST if fault is Fault.NONE else fault), str(getattr(error, "orig", error))
        return Fault.NONE, ""


def _tell(group: Sequence[_Change]) -> None:
    by_loop: dict[asyncio.AbstractEventLoop, list[_Change]] = {}
    for change in group:
        by_loop.setdefault(change.loop, []).append(change)
    for loop, changes in by_loop.items():
        try:
            loop.call_soon_threadsafe(_settle, changes)
        except RuntimeError:
            continue  # the loop has been closed: nobody waits


def _settle(changes: Sequence[_Change]) -> None:
    for change in changes:
        if change.future.done():
            continue  # cancelled meanwhile
        if change.error is not None:
            change.future.set_exception(change.error)
        else:
            change.future.set_result(change.result)
