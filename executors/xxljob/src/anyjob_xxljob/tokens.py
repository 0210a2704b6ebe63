"""Access tokens: which executors belong to which app group."""

from __future__ import annotations

import hmac
import logging
from typing import Final

from anyjob.errors import SecretMissing
from anyjob.secret import Source, read_source, weakness
from anyjob_xxljob.settings import XxlJobSettings

__all__ = ["ALL", "Tokens"]

ALL: Final = "*"
"""The circle of the executors that have the token of all groups."""

_log = logging.getLogger(__name__)


class Tokens:
    """A circle is all executors with one token: an app group's, or ALL. What is known of one is not used in another."""

    def __init__(self, settings: XxlJobSettings) -> None:
        self._sources = dict(settings.tokens)
        if settings.token is not None:
            self._sources[ALL] = settings.token
        self._values: dict[str, str] = {}
        self._asked = False
        self.faults: dict[str, str] = {}
        """Circles whose token cannot be used, and why."""

    def read(self) -> None:
        """Ask the sources, once. Blocks while a command is asked."""
        if self._asked:
            return
        self._asked = True
        for circle, source in self._sources.items():
            name = "executors.xxljob.token" if circle == ALL else f"executors.xxljob.tokens.{circle}"
            fault = self._read(circle, name, source)
            if fault:
                self.faults[circle] = fault
                _log.warning("xxljob: %s", fault)

    def _read(self, circle: str, name: str, source: object) -> str:
        try:
            if isinstance(source, Source):
                token = read_source("access token", name, source)
            else:
                token = str(source.get_secret_value())  # type: ignore[attr-defined]
        except SecretMissing as error:
            return str(error)
        weak = weakness(token)
        if weak:
            return f"the token of [{name}] {weak}; take a long random one"
        if not token.isascii():
            return f"the token of [{name}] has characters that no header can hold; take ASCII ones"
        if any(hmac.compare_digest(token.encode(), known.encode()) for known in self._values.values()):
            return f"the token of [{name}] is also another app group's; give each its own"
        self._values[circle] = token
        return ""

    def circle(self, token: str) -> str | None:
        """To which circle an executor with the token belongs; None: it is nobody's. Takes as long whichever it is."""
        given, found = token.encode(errors="replace"), None
        for circle, known in self._values.items():
            if hmac.compare_digest(given, known.encode()):
                found = circle
        return found

    def of_group(self, group: str) -> str | None:
        """The circle in which jobs of an app group run; None: there is none."""
        if group in self._sources:
            return group if group in self._values else None
        if ALL in self._values:
            return ALL
        # Only a file of `anyjob run` may lack a group.
        return next(iter(self._values)) if not group and len(self._values) == 1 else None

    def token(self, circle: str) -> str:
        """What is sent to executors of the circle. Raises KeyError when it is gone from the settings."""
        return self._values[circle]
