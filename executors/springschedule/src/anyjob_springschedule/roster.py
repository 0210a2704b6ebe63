"""The applications of a worker in a file, so that a command can read what a running worker knows."""

from __future__ import annotations

import asyncio
import json
import logging
import os
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Final

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from anyjob.executor import SeenApp, Services
from anyjob_springschedule.described import Method, read_methods

__all__ = ["FILE", "Application", "Roster", "RosterKeeper", "applications", "read_roster", "write_roster"]

FILE: Final = "applications.json"
_PAUSE: Final = 0.2
"""Seconds in which changes are gathered."""
_log = logging.getLogger(__name__)


class Application(BaseModel):
    """An application and its methods. `since`: epoch seconds of its newest connection."""

    model_config = ConfigDict(frozen=True)

    name: str
    group: str
    software: str = ""
    address: str = ""
    connected: bool = True
    resident: bool = False
    since: float = 0.0
    methods: tuple[Method, ...] = ()


class _File(BaseModel):
    written: float
    applications: Annotated[tuple[Application, ...], Field(max_length=10_000)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Roster:
    """`written`: epoch seconds."""

    written: float
    applications: Sequence[Application]


def applications(seen: Iterable[SeenApp]) -> list[Application]:
    return [
        Application(
            name=app.name,
            group=app.group,
            software=app.software,
            address=app.address,
            connected=app.connected,
            resident=app.resident,
            since=app.since,
            methods=tuple(read_methods(app.details)),
        )
        for app in sorted(seen, key=lambda app: (app.group, app.name, app.id))
    ]


def write_roster(folder: Path, known: Sequence[Application]) -> None:
    """Whole or not at all. Raises OSError."""
    said = _File(written=time.time(), applications=tuple(known))
    part = folder / f".{FILE}"
    part.write_text(said.model_dump_json(by_alias=True))
    os.replace(part, folder / FILE)


def read_roster(folder: Path) -> Roster | None:
    """None: no worker has written one there. Raises OSError, ValueError."""
    try:
        text = (folder / FILE).read_text()
    except FileNotFoundError:
        return None
    try:
        said = _File.model_validate(json.loads(text))
    except ValidationError as error:
        raise ValueError(str(error).splitlines()[0]) from None
    return Roster(written=said.written, applications=said.applications)


class RosterKeeper:
    """Keeps the file of a worker as new as what it knows."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._writing: asyncio.Task[None] | None = None
        services.apps.on_change(self._changed)

    async def close(self) -> None:
        if self._writing is not None:
            self._writing.cancel()
            await asyncio.gather(self._writing, return_exceptions=True)

    def _changed(self, app: SeenApp) -> None:
        del app
        if self._writing is None or self._writing.done():
            self._writing = asyncio.get_running_loop().create_task(self._write())

    async def _write(self) -> None:
        await asyncio.sleep(_PAUSE)
        known = applications(self._services.apps.seen())
        try:
            await asyncio.to_thread(write_roster, self._services.folder, known)
        except OSError as error:
            _log.warning("the list of applications could not be written: %s", error)
