"""Recordings of a real cluster (`sights/`) as what a worker sees of a run, version by version."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

from anyjob_k8s.judge import Sight

__all__ = ["Recording", "recordings"]

_FOLDER = Path(__file__).parent / "sights"


@dataclass(frozen=True)
class Recording:
    """One situation."""

    name: str
    seen: tuple[dict[str, Any], ...]

    @classmethod
    @cache
    def of(cls, name: str) -> Recording:
        return cls(name, tuple(json.loads((_FOLDER / f"{name}.json").read_text())))

    def moments(self, *, ours: bool = False, container: str | None = None) -> Iterator[Sight]:
        """The sight after each thing that was seen."""
        kind = "Job" if any(one["object"]["kind"] == "Job" for one in self.seen) else "Pod"
        main: dict[str, Any] | None = None
        gone = False
        pods: dict[str, dict[str, Any]] = {}
        vanished: set[str] = set()
        events: dict[str, dict[str, Any]] = {}
        for one in self.seen:
            it = one["object"]
            if it["kind"] == "Event":
                events[it["metadata"]["name"]] = it
            elif it["kind"] == kind:
                main, gone = it, one["what"] == "DELETED"
            else:
                pods[it["metadata"]["uid"]] = it
                if one["what"] == "DELETED":
                    vanished.add(it["metadata"]["uid"])
            yield Sight(
                kind=kind,
                main=main,
                pods=tuple(pods.values()),
                vanished=frozenset(vanished),
                events=tuple(events.values()),
                gone=gone,
                now=one["at"],
                pending_limit=300,
                ours=ours,
                container=container,
            )

    def last(self, *, later: float = 0, ours: bool = False, container: str | None = None) -> Sight:
        """All of it, seen so many seconds later."""
        *_, sight = self.moments(ours=ours, container=container)
        return replace(sight, now=sight.now + later)


def recordings() -> list[str]:
    """The names of all."""
    return sorted(path.stem for path in _FOLDER.glob("*.json") if path.stem != "refusals")
