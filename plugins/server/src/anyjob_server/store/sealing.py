"""Secrets at rest: sealed with a key that is never in the database."""

from __future__ import annotations

import base64
import os
import stat
from pathlib import Path
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from anyjob_server.store.errors import SealUnusable

__all__ = ["KEY_FILE", "Seal"]

KEY_FILE: Final = "server.key"
"""Its name in the server's state folder."""

_VERSION: Final = "1:"
_NONCE: Final = 12


class Seal:
    """AES-256-GCM with the key of a file: 32 bytes in base64, mode 0600."""

    def __init__(self, file: Path, key: bytes) -> None:
        self.file, self._cipher = file, AESGCM(key)

    @classmethod
    def make(cls, file: Path) -> Seal:
        """With a new key in a new file, durable on return. Raises SealUnusable, FileExistsError."""
        key = os.urandom(32)
        try:
            made = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
            with os.fdopen(made, "wb") as stream:
                os.fchmod(made, 0o600)  # whatever the umask says
                stream.write(base64.b64encode(key) + b"\n")
                stream.flush()
                os.fsync(made)
            folder = os.open(file.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
            try:
                os.fsync(folder)
            finally:
                os.close(folder)
        except FileExistsError:
            raise
        except OSError as error:
            raise SealUnusable(str(file), f"cannot be made: {error.strerror}", "Make its folder writable.") from error
        return cls(file, key)

    @classmethod
    def read(cls, file: Path) -> Seal:
        """With the key of a file that is there. Raises SealUnusable, FileNotFoundError."""
        try:
            opened = os.open(file, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW)
            with os.fdopen(opened, "rb") as stream:
                found = os.fstat(opened)
                text = stream.read(200)
        except FileNotFoundError:
            raise
        except OSError as error:
            raise SealUnusable(
                str(file), f"cannot be read: {error.strerror}", "Give it to the server's user."
            ) from error
        if not stat.S_ISREG(found.st_mode):
            raise SealUnusable(str(file), "is no file", "Restore it from the backup.")
        if found.st_mode & 0o077:
            raise SealUnusable(
                str(file),
                f"can be read by others: its mode is {stat.S_IMODE(found.st_mode):04o}",
                f"Run chmod 600 {file}, and make new access keys if somebody may have read it.",
            )
        try:
            key = base64.b64decode(text.strip(), validate=True)
        except ValueError:
            key = b""
        if len(key) != 32:
            raise SealUnusable(str(file), "holds no key: 32 bytes in base64", "Restore it from the backup.")
        return cls(file, key)

    def close(self, secret: str, owner: str) -> str:
        """The sealed text of a secret. It opens for the same owner (the access key's id) only."""
        nonce = os.urandom(_NONCE)
        sealed = nonce + self._cipher.encrypt(nonce, secret.encode(), owner.encode())
        return _VERSION + base64.b64encode(sealed).decode()

    def open(self, sealed: str, owner: str) -> str:
        """The secret. Raises SealUnusable: sealed with another key, for another owner, or changed since."""
        try:
            if not sealed.startswith(_VERSION):
                raise ValueError("another version")
            body = base64.b64decode(sealed.removeprefix(_VERSION), validate=True)
            return self._cipher.decrypt(body[:_NONCE], body[_NONCE:], owner.encode()).decode()
        except (ValueError, InvalidTag):
            raise SealUnusable(
                str(self.file),
                f"does not open what was sealed for {owner!r}",
                "It belongs to another database, or that text was changed: restore the key file that was made with"
                " this database, or make new access keys.",
            ) from None
