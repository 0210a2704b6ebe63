"""The store: the server's one memory. What it has answered is on the disk."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Final, TypeVar

from sqlalchemy import Connection

from anyjob.errors import AnyJobError
from anyjob_server.store import meta
from anyjob_server.store.database import Database
from anyjob_server.store.errors import StoreUnusable
from anyjob_server.store.migrate import migrate
from anyjob_server.store.readers import Readers
from anyjob_server.store.sealing import KEY_FILE, Seal
from anyjob_server.store.sqlite import SqliteDatabase
from anyjob_server.store.writer import Writer

__all__ = ["DATABASE_FILE", "Store"]

DATABASE_FILE: Final = "server.db"
"""SQLite's file in the state folder."""

T = TypeVar("T")


class Store:
    """An open database. The modules beside this one hold the rows and what can be asked of them.

    `ident` is random and made with the database. `seal` closes and opens the secrets of access keys.
    """

    def __init__(self, database: Database, writer: Writer, readers: Readers, ident: str, seal: Seal) -> None:
        """Use `Store.open`."""
        self._database, self._writer, self._readers = database, writer, readers
        self.ident, self.seal = ident, seal

    @classmethod
    def open(cls, url: str | None, state: Path) -> Store:
        """The database of a URL (`postgresql://...`, `sqlite:////path`); None: `server.db` in the folder `state`.

        Makes what is not there and upgrades the tables. Raises StoreUnusable, StoreInUse, StoreNewer, SealUnusable.
        """
        database = _database(url, state)
        database.hold()
        c: Connection | None = None
        try:
            c = database.writer()
            with c.begin():
                migrate(c, database.where)
                ident = meta.make(c)
            seal = _seal(state / KEY_FILE)
            return cls(database, Writer(database, c), Readers(database), ident, seal)
        except BaseException as error:
            if c is not None:
                c.close()
            database.release()
            if isinstance(error, AnyJobError) or not isinstance(error, Exception):
                raise
            raise StoreUnusable(database.where, str(getattr(error, "orig", error))) from error

    @property
    def where(self) -> str:
        """As messages name it."""
        return self._database.where

    def close(self) -> None:
        """Everything accepted is durable first; then another server may have the database."""
        self._writer.close()
        self._readers.close()
        self._database.release()

    async def write(self, change: Callable[[Connection], T]) -> T:
        """Carry out a change on the writer's thread; return when it is durable.

        Changes that wait together share a transaction, each on its own: an exception of one is raised to its caller
        alone, and nothing of that one is kept. A change touches the connection only, commits nothing, and may be called
        a second time after everything it did has been undone. A caller that is cancelled does not know whether its
        change is kept. Raises StoreFull, StoreLost, and what the change raises.
        """
        return await self._writer.write(change)

    async def read(self, ask: Callable[[Connection], T]) -> T:
        """Ask on a reader's thread, in one snapshot. Raises StoreLost, and what `ask` raises."""
        return await self._readers.read(ask)

    def read_now(self, ask: Callable[[Connection], T]) -> T:
        """Ask on the caller's own thread: for a row or two, or before there is a loop. Raises as `read`."""
        return self._readers.read_now(ask)

    @property
    def room(self) -> str | None:
        """None: there is room; else a sentence that says why no new work is taken."""
        return self._writer.full


def _database(url: str | None, state: Path) -> Database:
    if url is None:
        return SqliteDatabase(state.absolute() / DATABASE_FILE)
    if url.startswith("sqlite:///"):
        return SqliteDatabase(Path(url.removeprefix("sqlite:///")).absolute())
    raise StoreUnusable(url, "it is no URL of a database: write postgresql://USER@HOST/NAME, or sqlite:////PATH")


def _seal(file: Path) -> Seal:
    try:
        return Seal.read(file)
    except FileNotFoundError:
        return Seal.make(file)
