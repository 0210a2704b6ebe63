"""What a worker knows while it lives, written down for other processes: what `anyjob plugins` shows."""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

__all__ = ["LiveFile", "read_live"]

_log = logging.getLogger(__name__)
_PAUSE: Final = 0.2
"""Seconds in which changes are gathered."""


class LiveFile:
    """Kept by the worker. `body` gives what it holds, as JSON has it."""

    def __init__(self, body: Callable[[], object]) -> None:
        self._body = body
        self._path: Path | None = None
        self._timer: asyncio.TimerHandle | None = None

    def open(self, path: Path) -> None:
        """Write it to `path` now, and from now on after each change."""
        self._path = path
        self._write()

    def changed(self) -> None:
        """Write it soon. In the worker's loop."""
        if self._path is not None and self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(_PAUSE, self._write)

    def close(self) -> None:
        """Remove it: it says what is, and without a worker nothing of it is."""
        if self._timer is not None:
            self._timer.cancel()
        if self._path is not None:
            with contextlib.suppress(OSError):
                self._path.unlink()
            self._path = None

    def _write(self) -> None:
        self._timer = None
        if self._path is None:
            return
        new = self._path.with_suffix(".new")
        try:
            file = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
            with os.fdopen(file, "w") as stream:
                json.dump({"pid": os.getpid(), "body": self._body()}, stream)
            new.replace(self._path)
        except OSError as error:
            _log.warning("%s cannot be written: %s", self._path, error)


def read_live(path: Path) -> Any:
    """What the file of a worker that lives holds; None where there is none, and what a killed one left is none."""
    try:
        kept: Any = json.loads(path.read_bytes())
        return kept["body"] if Path(f"/proc/{kept['pid']}").exists() else None
    except (OSError, ValueError, KeyError, TypeError):
        return None
