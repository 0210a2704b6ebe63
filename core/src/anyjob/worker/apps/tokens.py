"""Which token lets an application into which app group."""

from __future__ import annotations

import hashlib
import hmac
import logging
from collections.abc import Mapping
from typing import TYPE_CHECKING

from pydantic import SecretStr

from anyjob.errors import SecretMissing, StateUnusable
from anyjob.secret import Source, read_source, weakness

if TYPE_CHECKING:
    from anyjob.worker.apps.keyfile import KeyFile

__all__ = ["Tokens", "digest"]

_log = logging.getLogger(__name__)


def digest(token: str) -> str:
    """All that is kept of a token. It is long and random, so that a plain hash cannot be undone."""
    return hashlib.sha256(token.encode()).hexdigest()


class Tokens:
    """Tokens of the settings, and keys of a file that may change at any time. Only digests are held."""

    def __init__(self, settings: Mapping[str, Source | SecretStr]) -> None:
        self._settings = settings
        self._of_settings: dict[str, str] = {}
        self._of_keys: dict[str, str] = {}
        self._keys: KeyFile | None = None
        self._stamp: object = None
        self.faults: dict[str, str] = {}
        """App groups whose token cannot be used, and why."""

    def read(self, keys: KeyFile) -> None:
        """Ask the sources, and open the keys. Blocks while a command is asked."""
        self._keys = keys
        for group, source in self._settings.items():
            fault = self._read(group, source)
            if fault:
                self.faults[group] = fault
                _log.warning(
                    "applications of app group %r cannot dial in by the token of the settings: %s", group, fault
                )
        self.refresh()

    def _read(self, group: str, source: Source | SecretStr) -> str:
        """Take one token; why it cannot be used, else empty."""
        try:
            if isinstance(source, Source):
                token = read_source(f"token of {group}", f"worker.apps.tokens.{group}", source)
            else:
                token = source.get_secret_value()
        except SecretMissing as error:
            return error.why
        weak = weakness(token)
        if weak:
            return f"the token of [worker.apps.tokens] {group} {weak}; take a long random one"
        if digest(token) in self._of_settings:
            return "another app group has the same token; give each its own"
        self._of_settings[digest(token)] = group
        return ""

    def refresh(self) -> bool:
        """Read the keys anew if they have changed. Whether they have."""
        if self._keys is None:
            return False
        stamp = self._keys.stamp()
        if stamp == self._stamp:
            return False
        self._stamp = stamp
        try:
            self._of_keys = {key.hash: key.group for key in self._keys.read()}
        except StateUnusable as error:
            # Whom it lets in nobody can say, so it lets in nobody.
            self._of_keys = {}
            _log.warning("%s", error)
        return True

    @property
    def groups(self) -> list[str]:
        """The app groups that have a token."""
        self.refresh()
        return sorted({*self._of_settings.values(), *self._of_keys.values()})

    def group(self, token: str) -> str | None:
        """The app group of a token; None: it is nobody's. Takes as long whichever it is."""
        self.refresh()
        given, found = digest(token), None
        for known, group in (*self._of_settings.items(), *self._of_keys.items()):
            if hmac.compare_digest(given, known):
                found = group
        return found

    def holds(self, digested: str) -> bool:
        """Whether a token that let somebody in would do so still."""
        return digested in self._of_settings or digested in self._of_keys
