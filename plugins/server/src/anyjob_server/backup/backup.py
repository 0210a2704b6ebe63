"""A backup: a folder with the database as one file, the key that opens its secrets, and what goes with them."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import sqlite3
import tempfile
import time
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Self

from anyjob.settings import FILE_NAME, Settings
from anyjob.version import VERSION
from anyjob.worker.apps.keyfile import KEY_FILE as APP_KEYS
from anyjob_server.backup.errors import BackupUnusable, FolderTaken
from anyjob_server.client.errors import NoServer
from anyjob_server.server import WORKER_FOLDER
from anyjob_server.settings import ServerSettings
from anyjob_server.store.copying import copy_to, whole
from anyjob_server.store.errors import SealUnusable
from anyjob_server.store.sealing import KEY_FILE, Seal
from anyjob_server.store.sqlite import SqliteDatabase
from anyjob_server.store.store import DATABASE_FILE, WORD, database_of

__all__ = ["Backup"]

_TOLD: Final = "backup.json"
_FORMAT: Final = 1
_COPIED: Final = 1 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Backup:
    """One that is whole. `made`: epoch seconds, when it began: nothing that was answered before is missing.
    `settings`: where the settings file that is in it stood; empty: there was none. `files`: their SHA-256 by name."""

    folder: Path
    made: float
    version: str
    ident: str
    settings: str
    jobs: int
    instances: int
    files: Mapping[str, str]

    @classmethod
    def make(cls, state: Path, settings: Settings, folder: Path) -> Self:
        """Of the server whose state folder it is, also while it runs. The folder appears whole, or not at all; nobody
        but this user may look into it: who has it can open every secret that is in it.

        Raises FolderTaken, NoServer, StoreUnusable, StoreOlder, SealUnusable, OSError.
        Raises BackupUnusable.
        """
        folder = folder.absolute()
        if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
            raise FolderTaken(folder)
        said = ServerSettings.of(settings).database
        url = None if said is None else said.get_secret_value()
        database = database_of(url, state)
        if isinstance(database, SqliteDatabase) and not database.path.exists():
            raise NoServer(state)
        folder.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        part = Path(tempfile.mkdtemp(prefix=f".{folder.name}.", dir=folder.parent))
        try:
            made = time.time()
            copy_to(database, part / DATABASE_FILE)
            _take(state / KEY_FILE, part / KEY_FILE)
            _take(state / WORKER_FOLDER / APP_KEYS, part / APP_KEYS)
            found = settings.found
            if found is not None:
                _take(found.file, part / FILE_NAME)
            if wrong := whole(part / DATABASE_FILE):
                raise BackupUnusable(part, f"the copy of the database is damaged ({wrong})")
            backup = cls._of(part, made, "" if found is None else str(found.file))
            part.rename(folder)
            _durable(folder.parent)
        except BaseException:
            shutil.rmtree(part, ignore_errors=True)
            raise
        return backup

    @classmethod
    def _of(cls, part: Path, made: float, settings: str) -> Self:
        """Of the files that are in the folder; written down beside them. Raises SealUnusable: the key opens nothing."""
        with closing(sqlite3.connect(part / DATABASE_FILE)) as raw:
            found = dict(raw.execute("SELECT name, value FROM meta"))
            (jobs,) = raw.execute("SELECT count(*) FROM jobs WHERE removed IS NULL").fetchone()
            (instances,) = raw.execute("SELECT count(*) FROM instances").fetchone()
        if not (part / KEY_FILE).exists():
            remedy = "Without it no access key opens: find it, it was made with the database."
            raise SealUnusable(KEY_FILE, "is missing from the state folder", remedy)
        Seal.read(part / KEY_FILE).open(found["sealed"], WORD)
        said = {
            "format": _FORMAT, "made": made, "version": VERSION, "ident": found["ident"], "settings": settings,
            "jobs": jobs, "instances": instances,
            "files": {one.name: _sum(one) for one in sorted(part.iterdir())},
        }  # fmt: skip
        with _closed_to_others(part / _TOLD) as stream:
            stream.write(json.dumps(said, indent=1).encode())
            stream.flush()
            os.fsync(stream.fileno())
        _durable(part)
        return cls.read(part)

    @classmethod
    def read(cls, folder: Path) -> Self:
        """What a folder holds, every byte looked at. Raises BackupUnusable."""
        try:
            said: dict[str, Any] = json.loads((folder / _TOLD).read_bytes())
            kind = said.pop("format")
            backup = cls(folder=folder, **said)
            if kind != _FORMAT:
                raise BackupUnusable(folder, f"a later version of anyjob-server made it ({backup.version})")
            for name, known in backup.files.items():
                if name != os.path.basename(name) or _sum(folder / name) != known:
                    raise BackupUnusable(folder, f"{name} is not as it was when the backup was made")
        except FileNotFoundError as error:
            raise BackupUnusable(folder, f"{error.filename} is missing") from None
        except OSError as error:
            raise BackupUnusable(folder, f"{error.filename}: {error.strerror}") from error
        except (ValueError, TypeError, KeyError, AttributeError) as error:
            raise BackupUnusable(folder, f"{_TOLD} cannot be read ({error})") from None
        return backup


def _take(file: Path, to: Path) -> None:
    """A copy of a file that may not be there."""
    try:
        source = file.open("rb")
    except FileNotFoundError:
        return
    with source, _closed_to_others(to) as target:
        shutil.copyfileobj(source, target, _COPIED)
        target.flush()
        os.fsync(target.fileno())


def _closed_to_others(path: Path) -> Any:
    return os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600), "wb")


def _sum(file: Path) -> str:
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _durable(folder: Path) -> None:
    opened = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)
