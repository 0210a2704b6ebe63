"""How the observers of a worker's host do, written down for other processes: what `anyjob plugins` shows."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final

from anyjob.plugins.observers import ObserverReport, Observers
from anyjob.worker.livefile import LiveFile, read_live

__all__ = ["ObservedFile", "read_observed"]

_FILE: Final = "observers.json"


class ObservedFile(LiveFile):
    """Kept by the worker where its host has observers; else there is none."""

    def __init__(self, observers: Observers) -> None:
        self._observers = observers
        super().__init__(lambda: [asdict(one) for one in observers.report()])

    def begin(self, state: Path) -> None:
        """Write it into the state folder, and from now on after whatever an observer is told. In the worker's loop."""
        if not self._observers.report():
            return
        loop = asyncio.get_running_loop()

        def told() -> None:
            if not loop.is_closed():
                loop.call_soon_threadsafe(self.changed)

        self._observers.on_change = told
        self.open(state / _FILE)

    def close(self) -> None:
        self._observers.on_change = None
        super().close()


def read_observed(state: Path) -> list[ObserverReport]:
    """The observers of the worker that lives on the state folder; empty where none does, or it has none."""
    kept: Sequence[Mapping[str, Any]] = read_live(state / _FILE) or ()
    try:
        return [ObserverReport(**one) for one in kept]
    except TypeError:  # another version's
        return []
