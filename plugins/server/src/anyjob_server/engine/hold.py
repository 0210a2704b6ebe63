"""The brake: whether somebody keeps the server from beginning anything."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final, Literal, TypeAlias

__all__ = ["HOLD_FILE", "STARTED_HELD", "By", "Hold"]

HOLD_FILE: Final = "hold"
"""In the state folder: while it is there, the server is held. So a brake that was pulled outlives every restart, and
can be pulled while no server runs."""

STARTED_HELD: Final = "the server was started with --hold: it begins nothing new until it is started without"

By: TypeAlias = Literal["", "file", "settings"]


class Hold:
    """`by`: what holds the server; empty: nothing. It changes with `look` alone, so that all parts see one answer."""

    def __init__(self, file: Path | None, *, started: bool) -> None:
        """`started`: the settings or the command line hold it, as long as it lives. `file` None: nothing else can."""
        self.file, self._started = file, started
        self.by: By = ""
        self.look()

    def look(self) -> bool:
        """Look at the file; whether the answer is another one now."""
        before = self.by
        self.by = "settings" if self._started else "file" if self._is_there() else ""
        return self.by != before

    @property
    def why(self) -> str:
        """In words; empty while nothing holds it."""
        if self.by == "file":
            return "the server is held: it begins nothing new until `anyjob hold --release`"
        return STARTED_HELD if self.by else ""

    def _is_there(self) -> bool:
        if self.file is None:
            return False
        try:
            os.lstat(self.file)
        except FileNotFoundError:
            return False
        except OSError:
            return self.by == "file"  # a disk that does not answer lets no brake go
        return True
