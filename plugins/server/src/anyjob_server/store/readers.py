"""Reading beside the writer: a few threads, each with a connection of its own."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from threading import Lock, local
from typing import Any, Final

from sqlalchemy import Connection

from anyjob_server.store.database import Database, Fault
from anyjob_server.store.errors import StoreLost

__all__ = ["Readers"]

_THREADS: Final = 2


class Readers:
    """Reads see every change whose writer was answered."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._pool = ThreadPoolExecutor(_THREADS, thread_name_prefix="anyjob-store-reader")
        self._own = local()
        self._all: list[_Reader] = []
        self._here = _Reader(database)
        self._here_lock = Lock()

    async def read(self, ask: Callable[[Connection], Any]) -> Any:
        """The answer, found on a reader's thread."""
        return await asyncio.get_running_loop().run_in_executor(self._pool, self._on_thread, ask)

    def read_now(self, ask: Callable[[Connection], Any]) -> Any:
        """The answer to one question, found on the caller's thread."""
        with self._here_lock:
            return self._here.ask(ask, self._database.question)

    def close(self) -> None:
        """Wait for what is being read."""
        self._pool.shutdown()
        for reader in (self._here, *self._all):
            reader.close()

    def _on_thread(self, ask: Callable[[Connection], Any]) -> Any:
        reader: _Reader | None = getattr(self._own, "reader", None)
        if reader is None:
            reader = self._own.reader = _Reader(self._database)
            self._all.append(reader)
        return reader.ask(ask, self._database.snapshot)


class _Reader:
    """One connection, made again when it is lost."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._c: Connection | None = None

    def ask(
        self, ask: Callable[[Connection], Any], within: Callable[[Connection], AbstractContextManager[object]]
    ) -> Any:
        for last in (False, True):
            try:
                c = self._c = self._c or self._database.reader()
                with within(c):
                    return ask(c)
            except Exception as error:
                if self._database.fault(error) is not Fault.LOST:
                    raise
                self.close()
                if last:
                    raise StoreLost(self._database.where, str(getattr(error, "orig", error))) from error
        raise AssertionError

    def close(self) -> None:
        if self._c is not None:
            self._c.close()
            self._c = None
