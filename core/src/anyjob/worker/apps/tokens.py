"""Which token lets an application into which app group."""

from __future__ import annotations

import hashlib
import hmac
import logging
from collections.abc import Mapping

from pydantic import SecretStr

from anyjob.errors import SecretMissing
from anyjob.worker.apps.appsettings import Source, weakness
from anyjob.worker.secrets import read_source

__all__ = ["Tokens", "digest"]

_log = logging.getLogger(__name__)


def digest(token: str) -> str:
    """All that is kept of a token. It is long and random, so that a plain hash cannot be undone."""
    return hashlib.sha256(token.encode()).hexdigest()


class Tokens:
    """Tokens of the settings. Only their digests are held."""

    def __init__(self, settings: Mapping[str, Source | SecretStr]) -> None:
        self._settings = settings
        self._digests: dict[str, str] = {}
        self.faults: dict[str, str] = {}
        """App groups whose token cannot be used, and why."""

    def read(self) -> None:
        """Ask the sources. Blocks while a command is asked."""
        for group, source in self._settings.items():
            try:
                if isinstance(source, Source):
                    token = read_source(f"token of {group}", f"worker.apps.tokens.{group}", source)
                else:
                    token = source.get_secret_value()
            except SecretMissing as error:
                self.faults[group] = error.why
                continue
            weak = weakness(token)
            if weak:
                self.faults[group] = f"the token of [worker.apps.tokens] {group} {weak}; take a long random one"
            elif digest(token) in self._digests.values():
                self.faults[group] = "another app group has the same token; give each its own"
            else:
                self._digests[group] = digest(token)
        for group, fault in self.faults.items():
            _log.warning("applications of app group %r cannot dial in: %s", group, fault)

    @property
    def groups(self) -> list[str]:
        """The app groups that have a token."""
        return sorted(self._digests)

    def group(self, token: str) -> str | None:
        """The app group of a token; None: it is nobody's. Takes as long whichever it is."""
        given, found = digest(token), None
        for group, known in self._digests.items():
            if hmac.compare_digest(given, known):
                found = group
        return found
