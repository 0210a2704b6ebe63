"""The store: the server's one memory. What it has answered is on the disk."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import Final, TypeVar

from sqlalchemy import Connection, make_url
from sqlalchemy.exc import ArgumentError

from anyjob.errors import AnyJobError
from anyjob.problem import short
from anyjob_server.store import meta
from anyjob_server.store.database import Database, Fault
from anyjob_server.store.disk import free_bytes
from anyjob_server.store.errors import FREE_SOME, SealUnusable, StoreLost, StoreUnusable
from anyjob_server.store.migrate import migrate
from anyjob_server.store.names import Names
from anyjob_server.store.postgres import PostgresDatabase
from anyjob_server.store.readers import Readers
from anyjob_server.store.recent import Recent
from anyjob_server.store.sealing import KEY_FILE, Seal
from anyjob_server.store.sqlite import SqliteDatabase
from anyjob_server.store.writer import PATIENCE, Writer

__all__ = ["DATABASE_FILE", "WORD", "Store", "database_of", "read_once"]

DATABASE_FILE: Final = "server.db"
"""SQLite's file in the state folder."""

_URLS: Final = "write postgresql://USER@HOST/NAME, or sqlite:////PATH"
_NAMELESS: Final = "of the settings"  # a URL that is not understood may hold a password anywhere

WORD: Final = "anyjob"
"""What is sealed with a database's key file, to tell whether it is its own."""
_LOOK: Final = 0.2
"""Seconds for which the free space of the disk is believed."""
FLOOR: Final = 64 << 20
"""Bytes that SQLite's disk must have free for new work."""

T = TypeVar("T")


class Store:
    """An open database. The modules beside this one hold the rows and what can be asked of them.

    `ident` is random and made with the database. `seal` closes and opens the secrets of access keys. `recent` are the
    instances that changed last; whoever writes one tells it. `names` are those of jobs, of which the writer tells it.
    """

    def __init__(
        self, database: Database, writer: Writer, readers: Readers, ident: str, seal: Seal, names: Names, floor: int
    ) -> None:
        """Use `Store.open`. Below `floor` bytes free on the disk there is no room for new work; 0: nobody looks."""
        self._database, self._writer, self._readers, self._floor = database, writer, readers, floor
        self._look_again, self._free = 0.0, 0
        self.ident, self.seal, self.recent, self.names = ident, seal, Recent(), names

    @classmethod
    def open(cls, url: str | None, state: Path, *, floor: int = FLOOR, patience: float = PATIENCE) -> Store:
        """The database of a URL (`postgresql://...`, `sqlite:////path`); None: `server.db` in the folder `state`.

        Below `floor` bytes free on SQLite's disk there is no room for new work. `patience`: seconds for which a change
        waits for a database that is lost. Makes what is not there and upgrades the tables. Raises StoreUnusable,
        StoreInUse, StoreNewer, SealUnusable.
        """
        database = database_of(url, state)
        try:
            state.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as error:
            raise StoreUnusable(database.where, f"its folder {state} cannot be made: {error.strerror}") from error
        database.hold()
        c: Connection | None = None
        try:
            c = database.writer()
            owner = secrets.token_hex(8)
            with c.begin():
                migrate(c, database.where)
                ident = meta.make(c)
                seal = _seal(c, state / KEY_FILE)
                meta.put(c, meta.OWNER, owner)
            names = Names()
            writer = Writer(database, c, partial(_ours, database.where, owner), names, patience)
            return cls(database, writer, Readers(database), ident, seal, names, floor)
        except BaseException as error:
            if c is not None:
                c.invalidate()
                c.close()
            database.release()
            if isinstance(error, AnyJobError) or not isinstance(error, Exception):
                raise
            raise StoreUnusable(database.where, _why(error)) from error

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
        """Ask on the caller's own thread: for a row or two, or before there is a loop.

        For one question: several in one `ask` may see several states. Raises as `read`.
        """
        return self._readers.read_now(ask)

    @property
    def room(self) -> str | None:
        """None: there is room; else a sentence that says why no new work is taken."""
        if (trouble := self._writer.trouble) is not None:
            return trouble
        folder = self._database.disk
        if folder is None or not self._floor:
            return None
        if (now := time.monotonic()) >= self._look_again:  # a look lets other threads in, which costs more than itself
            self._look_again, self._free = now + _LOOK, free_bytes(folder)
        if self._free >= self._floor:
            return None
        # How much that is stands not here: it changes all the time, and the same reason again is counted.
        return f"The disk of {folder} has less free than server.free_disk ({self._floor >> 20} MiB). {FREE_SOME}"


def read_once(url: str | None, state: Path, ask: Callable[[Connection], T]) -> T:
    """Ask a database past the server that has it, or that is down. Raises StoreUnusable."""
    database = database_of(url, state)
    if isinstance(database, SqliteDatabase) and not database.path.exists():
        raise StoreUnusable(database.where, "it is not there; is --state the folder of the server?")
    try:
        with closing(database.reader()) as c, database.snapshot(c):
            return ask(c)
    except Exception as error:
        if isinstance(error, AnyJobError) or database.fault(error) is Fault.NONE:
            raise
        raise StoreUnusable(database.where, str(getattr(error, "orig", error)).strip()) from error


def database_of(url: str | None, state: Path) -> Database:
    """The database that a URL means, not yet opened; None: SQLite in the folder `state`. Raises StoreUnusable."""
    if url is None:
        return SqliteDatabase(state.absolute() / DATABASE_FILE)
    try:
        read = make_url(url)
    except ArgumentError:
        raise StoreUnusable(_NAMELESS, f"its URL cannot be read; {_URLS}") from None
    match read.drivername.partition("+")[0]:
        case "sqlite" if read.database and read.database != ":memory:":
            return SqliteDatabase(Path(read.database).absolute())
        case "postgresql" | "postgres":
            return PostgresDatabase(read)
        case kind:
            raise StoreUnusable(_NAMELESS, f"{short(kind)} is no kind of database that the server knows; {_URLS}")


def _why(error: Exception) -> str:
    cause = getattr(error, "orig", error)
    said = str(cause).strip()
    if getattr(cause, "sqlite_errorname", "") in ("SQLITE_NOTADB", "SQLITE_CORRUPT"):
        return f"{said}: the file is damaged. Put the newest backup back: anyjob restore BACKUP --replace"
    return said


def _seal(c: Connection, file: Path) -> Seal:
    """The seal of this database. Raises SealUnusable."""
    sealed = meta.get(c, meta.SEALED)
    try:
        seal = Seal.read(file)
    except FileNotFoundError:
        if sealed is not None:
            raise SealUnusable(
                str(file), "is missing, and the database holds secrets sealed with it", "Restore it from the backup."
            ) from None
        seal = Seal.make(file)
    if sealed is None:
        meta.put(c, meta.SEALED, seal.close(WORD, WORD))
    else:
        seal.open(sealed, WORD)
    return seal


def _ours(where: str, owner: str, c: Connection) -> None:
    if meta.get(c, meta.OWNER) != owner:
        raise StoreLost(where, "another server has used it meanwhile: start this one again")
