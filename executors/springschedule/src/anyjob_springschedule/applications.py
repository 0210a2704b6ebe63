"""Applications that are connected to a worker, with their methods."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from anyjob.executor import SeenApp
from anyjob_springschedule.described import Method, read_methods

__all__ = ["Application", "applications"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Application:
    """An application. `since`: epoch seconds of its newest connection; `resident`: the worker started it."""

    name: str
    group: str
    software: str
    address: str
    connected: bool
    resident: bool
    since: float
    methods: Sequence[Method]


def applications(seen: Iterable[SeenApp]) -> list[Application]:
    """By app group and name."""
    return [
        Application(
            name=app.name,
            group=app.group,
            software=app.software,
            address=app.address,
            connected=app.connected,
            resident=app.resident,
            since=app.since,
            methods=read_methods(app.details),
        )
        for app in sorted(seen, key=lambda app: (app.group, app.name, app.id))
    ]
