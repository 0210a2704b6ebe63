"""Who is connected, written down for other processes: what `anyjob plugins` and commands of plugins show."""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final

from anyjob.executor.services import SeenApp

__all__ = ["SEEN_FILE", "SeenFile", "read_seen"]

SEEN_FILE: Final = "apps.json"
"""Its name in a state folder. It is there while a worker listens."""

_log = logging.getLogger(__name__)
_PAUSE: Final = 0.2
"""Seconds in which changes are gathered."""


class SeenFile:
    """Kept by the worker. `seen` gives those of each job type."""

    def __init__(self, seen: Callable[[], Mapping[str, Sequence[SeenApp]]]) -> None:
        self._seen = seen
        self._path: Path | None = None
        self._timer: asyncio.TimerHandle | None = None

    def open(self, path: Path) -> None:
        """Write it to `path` now, and from now on after each change."""
        self._path = path
        self._write()

    def changed(self) -> None:
        """Write it soon."""
        if self._path is not None and self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(_PAUSE, self._write)

    def close(self) -> None:
        """Remove it: without a worker nobody is connected."""
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
        body = {kind: [asdict(app) for app in apps] for kind, apps in self._seen().items()}
        new = self._path.with_suffix(".new")
        try:
            file = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
            with os.fdopen(file, "w") as stream:
                json.dump({"pid": os.getpid(), "types": body}, stream)
            new.replace(self._path)
        except OSError as error:
            _log.warning("%s cannot be written: %s", self._path, error)


def read_seen(state: Path) -> dict[str, list[SeenApp]]:
    """The applications of the worker that lives on the state folder, by job type; empty where none listens there.

    What a worker that was killed left is not shown.
    """
    try:
        body: Mapping[str, Any] = json.loads((state / SEEN_FILE).read_bytes())
        if not Path(f"/proc/{body['pid']}").exists():
            return {}
        return {kind: [SeenApp(**app) for app in apps] for kind, apps in body["types"].items()}
    except (OSError, ValueError, KeyError, TypeError):
        return {}
