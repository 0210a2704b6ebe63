"""A database of either kind copied to a file of SQLite, and back: what a backup is made of."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Generator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, Final

from sqlalchemy import Connection, insert, select

from anyjob_server.store.database import Database
from anyjob_server.store.errors import StoreNotEmpty, StoreOlder, StoreUnusable
from anyjob_server.store.migrate import head, migrate, revision_of
from anyjob_server.store.sqlite import SqliteDatabase
from anyjob_server.store.tables import METADATA

__all__ = ["copy_to", "fill", "opened_alone", "whole"]

_AT_ONCE: Final = 1_000


def copy_to(database: Database, file: Path) -> None:
    """All of the database as of one moment, durable in the new `file`; a server may go on writing meanwhile.

    Raises StoreUnusable, StoreOlder.
    """
    os.close(os.open(file, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600))
    try:
        with closing(database.reader()) as c:
            if c.dialect.name == "sqlite":
                _copy_pages(c, file)
            else:
                _copy_rows(database, c, file)
    except (sqlite3.Error, OSError) as error:
        raise StoreUnusable(database.where, str(error)) from error
    except Exception as error:
        if (cause := getattr(error, "orig", None)) is None:
            raise
        raise StoreUnusable(database.where, str(cause).strip()) from error
    _durable(file)


def fill(c: Connection, file: Path, where: str) -> None:
    """Put the rows of such a file into an empty database, inside the caller's transaction. Raises StoreNotEmpty."""
    for table in METADATA.sorted_tables:
        if c.execute(select(table).limit(1)).first() is not None:
            raise StoreNotEmpty(where, table.name)
    with closing(SqliteDatabase(file).reader()) as source:
        _rows(source, c)


def whole(file: Path) -> str:
    """What SQLite finds wrong with a file of its own; empty: nothing."""
    try:
        with closing(sqlite3.connect(f"{file.absolute().as_uri()}?mode=ro&immutable=1", uri=True)) as raw:
            (said,) = raw.execute("PRAGMA quick_check(1)").fetchone()
    except sqlite3.Error as error:
        return str(error)
    return "" if said == "ok" else str(said)


@contextmanager
def opened_alone(file: Path) -> Generator[Connection]:
    """A file of SQLite with this version's tables, in one transaction; on the disk and without a log beside it after
    the block. Raises StoreNewer."""
    database = SqliteDatabase(file)
    with closing(database.writer()) as c:
        with c.begin():
            migrate(c, str(file))
            yield c
        _raw(c).execute("PRAGMA journal_mode=DELETE")
    _durable(file)


def _copy_pages(c: Connection, file: Path) -> None:
    with closing(sqlite3.connect(file)) as target:
        _raw(c).backup(target)
        target.execute("PRAGMA journal_mode=DELETE")


def _copy_rows(database: Database, c: Connection, file: Path) -> None:
    with database.snapshot(c), opened_alone(file) as target:
        if (revision := revision_of(c)) != head():
            raise StoreOlder(database.where, revision or "none", head())
        _rows(c, target)


def _rows(source: Connection, target: Connection) -> None:
    for table in METADATA.sorted_tables:
        found = source.execution_options(yield_per=_AT_ONCE).execute(select(table))
        for some in found.mappings().partitions():
            target.execute(insert(table), [dict(row) for row in some])


def _durable(file: Path) -> None:
    for path in (file, file.parent):
        opened = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        try:
            os.fsync(opened)
        finally:
            os.close(opened)


def _raw(c: Connection) -> Any:
    return c.connection.driver_connection
