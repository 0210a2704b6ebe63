"""SQLite: one file in the state folder, its log beside it, every commit on the disk.

Source: SQLite, PRAGMA journal_mode and synchronous.
"""

from __future__ import annotations

import fcntl
import json
import os
import socket
import sqlite3
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import NullPool

from anyjob_server.store.database import Database, Fault
from anyjob_server.store.errors import StoreInUse, StoreUnusable

__all__ = ["SqliteDatabase"]

_BUSY_MS: Final = 10_000
_OLDEST: Final = (3, 35, 0)  # RETURNING


class SqliteDatabase(Database):
    """The file at `path`; made when it is not there, readable by its user alone."""

    def __init__(self, path: Path) -> None:
        self.path, self.where = path, str(path)
        self.marks_are_cheap = False
        self._lock: int | None = None
        self._writers = self._engine("BEGIN IMMEDIATE")
        self._readers = self._engine("")

    def hold(self) -> None:
        """By flock on a file beside it: the kernel lets go of it when the process ends, however it ends."""
        if sqlite3.sqlite_version_info < _OLDEST:
            raise StoreUnusable(self.where, f"SQLite {sqlite3.sqlite_version} is too old; it takes 3.35 or later")
        try:
            lock = os.open(f"{self.path}.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                holder = _read_holder(os.pread(lock, 1000, 0))
                os.close(lock)
                raise StoreInUse(self.where, holder) from None
            os.ftruncate(lock, 0)
            os.pwrite(lock, json.dumps({"pid": os.getpid(), "host": socket.gethostname()}).encode(), 0)
            self._lock = lock
            os.close(os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))
        except OSError as error:
            raise StoreUnusable(self.where, f"{error.strerror} ({error.filename})") from error

    def release(self) -> None:
        """The lock file stays; it says who was last."""
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

    def writer(self) -> Connection:
        return self._writers.connect()

    def reader(self) -> Connection:
        c = self._readers.connect()
        _raw(c).execute("PRAGMA query_only=ON")
        return c

    @contextmanager
    def snapshot(self, c: Connection) -> Generator[None]:
        """By the driver: SQLAlchemy's transaction costs more than most questions."""
        raw = _raw(c)
        raw.execute("BEGIN")
        try:
            yield
        finally:
            if c.in_transaction():  # something was asked by SQLAlchemy, which began one for itself
                c.rollback()
            elif raw.in_transaction:
                raw.execute("COMMIT")

    @contextmanager
    def question(self, c: Connection) -> Generator[None]:
        """Without BEGIN and COMMIT, which cost as much as a row and let other threads in twice more."""
        try:
            yield
        finally:
            if c.in_transaction():  # as above
                c.rollback()

    def fault(self, error: BaseException) -> Fault:
        """By SQLite's primary result code."""
        cause = error.orig if isinstance(error, DBAPIError) else error
        code = getattr(cause, "sqlite_errorcode", None)
        if not isinstance(cause, sqlite3.Error) or code is None:
            return Fault.NONE
        match code & 0xFF:
            case sqlite3.SQLITE_FULL:
                return Fault.FULL
            case sqlite3.SQLITE_BUSY | sqlite3.SQLITE_LOCKED:
                return Fault.BUSY
            case sqlite3.SQLITE_IOERR | sqlite3.SQLITE_CANTOPEN | sqlite3.SQLITE_CORRUPT | sqlite3.SQLITE_NOTADB:
                return Fault.LOST
            case sqlite3.SQLITE_READONLY | sqlite3.SQLITE_NOMEM:
                return Fault.LOST
            case _:
                return Fault.NONE

    def ticket(self, c: Connection) -> str:
        return ""

    def outcome(self, c: Connection, ticket: str) -> bool | None:
        """A commit that failed on the disk may come back when the log is read again."""
        return None

    def mark(self, c: Connection) -> None:
        _raw(c).execute("SAVEPOINT change")

    def keep(self, c: Connection) -> None:
        _raw(c).execute("RELEASE change")

    def undo(self, c: Connection) -> None:
        raw = _raw(c)
        raw.execute("ROLLBACK TO change")
        raw.execute("RELEASE change")

    @property
    def disk(self) -> Path | None:
        return self.path.parent

    def _engine(self, begin: str) -> Engine:
        engine = create_engine("sqlite://", creator=self._connect, poolclass=NullPool)

        def begins(c: Connection) -> None:
            _raw(c).execute(begin)

        if begin:
            event.listen(engine, "begin", begins)
        return engine

    def _connect(self) -> sqlite3.Connection:
        # isolation_level None: the driver begins no transaction by itself; the event above does.
        raw = sqlite3.connect(self.path, timeout=_BUSY_MS / 1000, isolation_level=None, check_same_thread=False)
        try:
            (mode,) = raw.execute("PRAGMA journal_mode=WAL").fetchone()
            if mode != "wal":
                raise StoreUnusable(self.where, "its file system cannot keep SQLite's log; use a local disk")
            raw.execute("PRAGMA synchronous=FULL")
            raw.execute("PRAGMA foreign_keys=ON")
            raw.execute("PRAGMA temp_store=MEMORY")
            raw.execute("PRAGMA cache_size=-32000")  # KiB
        except BaseException:
            raw.close()
            raise
        return raw


def _raw(c: Connection) -> sqlite3.Connection:
    driver: Any = c.connection.driver_connection
    return driver


def _read_holder(text: bytes) -> str:
    try:
        said: dict[str, object] = json.loads(text)
        return f"process {said['pid']} on {said['host']}"
    except (ValueError, KeyError, TypeError):
        return "another server"
