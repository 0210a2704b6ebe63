"""Who is connected, written down for other processes: what `anyjob plugins` and commands of plugins show."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final

from anyjob.executor.services import SeenApp
from anyjob.worker.livefile import LiveFile, read_live

__all__ = ["SEEN_FILE", "SeenFile", "read_seen"]

SEEN_FILE: Final = "apps.json"
"""Its name in a state folder. It is there while a worker listens."""


class SeenFile(LiveFile):
    """Kept by the worker. `seen` gives those of each job type."""

    def __init__(self, seen: Callable[[], Mapping[str, Sequence[SeenApp]]]) -> None:
        super().__init__(lambda: {kind: [asdict(app) for app in apps] for kind, apps in seen().items()})


def read_seen(state: Path) -> dict[str, list[SeenApp]]:
    """The applications of the worker that lives on the state folder, by job type; empty where none listens there.

    What a worker that was killed left is not shown.
    """
    kept: Mapping[str, Sequence[Mapping[str, Any]]] = read_live(state / SEEN_FILE) or {}
    try:
        return {kind: [SeenApp(**app) for app in apps] for kind, apps in kept.items()}
    except (AttributeError, TypeError):  # another version's
        return {}
