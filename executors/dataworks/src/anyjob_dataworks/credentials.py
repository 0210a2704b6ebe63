"""By what key requests are signed."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from threading import Lock
from typing import TYPE_CHECKING, Final

from anyjob.errors import SecretMissing
from anyjob.secret import read_source

if TYPE_CHECKING:
    from anyjob_dataworks.settings import Key

__all__ = ["NAMES", "PRACTICE", "Credentials", "Wallet"]

NAMES: Final = ("ACCESS_KEY_ID", "ACCESS_KEY_SECRET", "SECURITY_TOKEN")
"""The names under which a job lists secrets of its own; the last only for temporary credentials."""

_KEPT: Final = 60.0
"""Seconds after which a source of the settings is read again: a temporary key is renewed there."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Credentials:
    """An access key; `token` for a temporary one. `shown` stands for its id where people read."""

    id: str
    secret: str = field(repr=False)
    token: str = field(default="", repr=False)
    shown: str = ""

    def hide(self, text: str) -> str:
        """The text without what must stay secret, for what the other side says in its answers."""
        for value in (self.secret, self.token):
            if value:
                text = text.replace(value, "[secret]")
        return text


PRACTICE: Final = Credentials(id="practice-key", secret="practice-secret", shown="the practice key")  # noqa: S106 - everybody knows it, and nothing real takes it
"""What the practice server takes, and what is sent there: no real key ever goes to it."""


class Wallet:
    """The keys of the settings, by app group. Safe to share between threads."""

    def __init__(self, keys: Mapping[str, Key]) -> None:
        self._keys = keys
        self._read: dict[str, tuple[float, Credentials]] = {}
        self._lock = Lock()

    def entry(self, group: str) -> str | None:
        """Under which name the settings have a key for the app group: its own, else `*`."""
        return next((name for name in (group, "*") if name in self._keys), None)

    @property
    def entries(self) -> list[str]:
        """All of them."""
        return sorted(self._keys)

    def read(self, entry: str) -> Credentials:
        """The key. Blocks while a command is asked. Raises SecretMissing."""
        with self._lock:
            known = self._read.get(entry)
        if known is not None and time.monotonic() - known[0] < _KEPT:
            return known[1]
        key, where = self._keys[entry], f"executors.dataworks.credentials.{entry}"
        values = {
            part: "" if source is None else read_source(part, f"{where}.{part}", source)
            for part, source in (("id", key.id), ("secret", key.secret), ("token", key.token))
        }
        for part in ("id", "secret"):
            if not values[part].strip():
                raise SecretMissing(part, f"[{where}.{part}] is empty.")
        credentials = Credentials(**values, shown=f"the key of [{where}]")
        with self._lock:
            self._read[entry] = (time.monotonic(), credentials)
        return credentials

    def forget(self, credentials: Credentials) -> None:
        """It was refused: read its source again next time."""
        with self._lock:
            self._read = {name: known for name, known in self._read.items() if known[1] is not credentials}
