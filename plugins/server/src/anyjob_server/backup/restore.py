"""A backup put back, so that nothing runs twice and no number comes again."""

from __future__ import annotations

import os
import pwd
import shutil
import time
from collections.abc import Generator, Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from sqlalchemy import Connection

from anyjob.cli.moment import moment
from anyjob.settings import FILE_NAME, Found, Settings, read_settings
from anyjob.worker.apps.keyfile import KEY_FILE as APP_KEYS
from anyjob_server.backup.backup import Backup
from anyjob_server.backup.errors import NotItsFolder, StateTaken
from anyjob_server.engine.recovery import ident_of
from anyjob_server.server import WORKER_FOLDER
from anyjob_server.serving import make_state_folder
from anyjob_server.settings import ServerSettings
from anyjob_server.store.copying import fill, opened_alone
from anyjob_server.store.database import Database
from anyjob_server.store.errors import StoreUnusable
from anyjob_server.store.migrate import migrate
from anyjob_server.store.putback import put_back
from anyjob_server.store.sealing import KEY_FILE
from anyjob_server.store.sqlite import SqliteDatabase
from anyjob_server.store.store import DATABASE_FILE, database_of

__all__ = ["Restored", "restore", "told_of"]

_BESIDE: Final = ("-wal", "-shm", "-journal")


@dataclass(frozen=True, slots=True, kw_only=True)
class Restored:
    """`where`: the database that has the backup now. `aside`: the folder with what was there; None: nothing was.
    `settings`: whether the state folder has the backup's settings file now."""

    where: str
    aside: Path | None
    settings: bool


def restore(backup: Backup, state: Path, settings: Settings, *, replace: bool = False) -> Restored:
    """Put a backup into a state folder, and into the database of the settings (an empty one), else a new file there.
    Where the settings are no file, those of the backup count, and go into the state folder.

    A worker's folder of the same server stays, and what goes on in it is followed where the backup knows of it.
    `replace`: what is in the way is moved aside. Raises StateTaken, NotItsFolder, StoreInUse: a server has it;
    StoreNotEmpty, StoreNewer, StoreUnusable, StateUnusable.
    """
    state = state.absolute()
    make_state_folder(state)
    known = ident_of(state / WORKER_FOLDER)
    if known is not None and known != backup.ident:
        raise NotItsFolder(state / WORKER_FOLDER)
    ours = settings.found is None and FILE_NAME in backup.files
    if ours:
        settings = read_settings(Found(file=backup.folder / FILE_NAME, by="the backup"))
    database = _database(state, settings)
    at = moment(backup.made)
    said = f"a backup made {at} was put back by {_caller()}"
    on_file = isinstance(database, SqliteDatabase)
    with ExitStack() as held:
        database.hold()
        held.callback(database.release)
        if not on_file:
            c = held.enter_context(_in_one(database))
            fill(c, backup.folder / DATABASE_FILE, database.where)
            put_back(c, _now(), said)
        taken = [name for name in _in_the_way(backup, state) if on_file or not name.startswith(DATABASE_FILE)]
        if taken and not replace:
            raise StateTaken(state, [name for name in taken if not name.endswith(_BESIDE)] or taken)
        aside = _moved(state, taken) if taken else None
        _put(backup, KEY_FILE, state)
        _put(backup, APP_KEYS, state / WORKER_FOLDER)
        if ours:
            _put(backup, FILE_NAME, state)
        if isinstance(database, SqliteDatabase):
            _as_file(backup, database, said)
    return Restored(where=database.where, aside=aside, settings=ours)


def told_of(state: Path, settings: Settings) -> str:
    """Let the database know that other means (pg_restore, a disk's snapshot) put it back; which one it is.

    Raises StoreInUse: a server has it; StoreNewer, StoreUnusable.
    """
    database = _database(state.absolute(), settings)
    if isinstance(database, SqliteDatabase) and not database.path.exists():
        raise StoreUnusable(database.where, "it is not there; put it back first, or name a backup")
    database.hold()
    try:
        with _in_one(database) as c:
            put_back(c, _now(), f"{_caller()} said that the database was put back")
    finally:
        database.release()
    return database.where


def _database(state: Path, settings: Settings) -> Database:
    said = ServerSettings.of(settings).database
    return database_of(None if said is None else said.get_secret_value(), state)


def _in_the_way(backup: Backup, state: Path) -> Iterator[str]:
    """Names of files. An empty database is what a restore that was cut off leaves."""
    for beside in ("", *_BESIDE):
        name = f"{DATABASE_FILE}{beside}"
        if (state / name).exists() and (beside or (state / name).stat().st_size):
            yield name
    if (state / KEY_FILE).exists() and (state / KEY_FILE).read_bytes() != (backup.folder / KEY_FILE).read_bytes():
        yield KEY_FILE


def _moved(state: Path, names: list[str]) -> Path:
    aside = state / time.strftime("replaced-%Y%m%dT%H%M%S")
    aside.mkdir(mode=0o700)
    for name in names:
        (state / name).rename(aside / name)
    return aside


def _put(backup: Backup, name: str, folder: Path) -> None:
    if name not in backup.files:
        return
    folder.mkdir(mode=0o711 if os.getuid() == 0 else 0o700, exist_ok=True)
    part = folder / f"{name}.part"
    part.unlink(missing_ok=True)
    if (folder / name).exists():
        return
    shutil.copyfile(backup.folder / name, part)
    part.chmod(0o600)
    part.rename(folder / name)


def _as_file(backup: Backup, database: SqliteDatabase, said: str) -> None:
    """Whole and on the disk before it bears its name: a crash leaves a restore that can be begun again."""
    part = database.path.with_name(f"{database.path.name}.part")
    for beside in ("", ".lock", *_BESIDE):
        Path(f"{part}{beside}").unlink(missing_ok=True)
    os.close(os.open(part, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600))
    with (backup.folder / DATABASE_FILE).open("rb") as source, part.open("wb") as target:
        shutil.copyfileobj(source, target, 1 << 20)
    with opened_alone(part) as c:
        put_back(c, _now(), said)
    part.rename(database.path)
    folder = os.open(database.path.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


@contextmanager
def _in_one(database: Database) -> Generator[Connection]:
    try:
        with closing(database.writer()) as c, c.begin():
            migrate(c, database.where)
            yield c
    except Exception as error:
        if (cause := getattr(error, "orig", None)) is None:
            raise
        raise StoreUnusable(database.where, str(cause).strip()) from error


def _now() -> int:
    return int(time.time() * 1000)


def _caller() -> str:
    try:
        return pwd.getpwuid(os.getuid()).pw_name
    except KeyError:
        return str(os.getuid())
