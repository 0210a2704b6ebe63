"""Keys of applications in a state folder: made by `anyjob key`, read by the worker while it runs."""

from __future__ import annotations

import fcntl
import json
import os
import secrets
import time
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

from anyjob.errors import StateUnusable, WorkerError
from anyjob.nearest import did_you_mean
from anyjob.worker.apps.tokens import digest

__all__ = ["KEY_FILE", "AppKey", "KeyFile", "NoSuchKey"]

KEY_FILE: Final = "app-keys.json"
"""Its name in a state folder."""


class NoSuchKey(WorkerError):
    """A key was named that is not there."""

    def __init__(self, key: str, known: list[str]) -> None:
        self.key = key
        hint = did_you_mean(key, known) or f"known: {', '.join(known) or 'none'}"
        super().__init__(f"There is no key {key!r} of applications; {hint}.")


@dataclass(frozen=True, slots=True, kw_only=True)
class AppKey:
    """One key. `hash` is all that is kept of its token; `created`: epoch seconds."""

    id: str
    group: str
    hash: str
    created: int


class KeyFile:
    """The keys of one file; one that is not there holds none."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def read(self) -> list[AppKey]:
        """All keys. Raises StateUnusable."""
        try:
            body: Mapping[str, Any] = json.loads(self.path.read_bytes())
            return [AppKey(**key) for key in body["keys"]]
        except FileNotFoundError:
            return []
        except OSError as error:
            raise StateUnusable(self.path.parent, f"{error.strerror} ({error.filename})") from error
        except (ValueError, KeyError, TypeError) as error:
            raise StateUnusable(self.path.parent, f"{self.path.name} cannot be read: {error}") from error

    def create(self, group: str) -> tuple[AppKey, str]:
        """A new key for the applications of an app group, and its token, which nobody can read again.

        Raises StateUnusable.
        """
        token = f"aja_{secrets.token_urlsafe(32)}"
        with self._changing() as keys:
            key = AppKey(id=f"app-{secrets.token_hex(4)}", group=group, hash=digest(token), created=int(time.time()))
            keys.append(key)
        return key, token

    def revoke(self, ident: str) -> AppKey:
        """Take a key away. Raises NoSuchKey, StateUnusable."""
        with self._changing() as keys:
            found = next((key for key in keys if key.id == ident), None)
            if found is None:
                raise NoSuchKey(ident, [key.id for key in keys])
            keys.remove(found)
        return found

    def stamp(self) -> object:
        """Differs when the file has changed."""
        try:
            found = self.path.stat()
        except OSError:
            return None
        return found.st_mtime_ns, found.st_ino, found.st_size

    @contextmanager
    def _changing(self) -> Generator[list[AppKey]]:
        """The keys, to be changed: two commands at once wait for each other, and a reader sees whole files."""
        folder = self.path.parent
        try:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            lock = os.open(folder / f"{self.path.name}.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise StateUnusable(folder, f"{error.strerror} ({error.filename})") from error
        try:
            fcntl.flock(lock, fcntl.LOCK_EX)
            keys = self.read()
            yield keys
            new = folder / f"{self.path.name}.new"
            file = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
            with os.fdopen(file, "w") as stream:
                json.dump({"keys": [asdict(key) for key in keys]}, stream, indent=1)
                stream.flush()
                os.fsync(stream.fileno())
            new.replace(self.path)
        except OSError as error:
            raise StateUnusable(folder, f"{error.strerror} ({error.filename})") from error
        finally:
            os.close(lock)
