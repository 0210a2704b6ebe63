"""A worker for a moment, so that applications dial in and say what they serve."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING, Final

from anyjob.errors import WorkerError
from anyjob_springschedule.applications import Application, applications

if TYPE_CHECKING:
    from anyjob.plugins import PluginHost
    from anyjob.settings import Settings

__all__ = ["NotListening", "ask_applications"]

_QUIET: Final = 1.0
"""Seconds after the last one came until no other is waited for."""


class NotListening(WorkerError):
    """No application can dial in here."""

    def __init__(self, listen: list[str]) -> None:
        self.listen = tuple(listen)
        if listen:
            why = (
                f"Another process listens on {', '.join(listen)}. If it is `anyjob run --state DIR`, or a program with"
                " a worker on that folder, add --state DIR here; an `anyjob run` without --state: wait for its end."
            )
        else:
            why = (
                "The settings have no [worker.apps] listen, so no application can dial in. Write an address and tokens."
            )
        super().__init__(why)


async def ask_applications(host: PluginHost, settings: Settings, folder: Path, wait: float) -> list[Application]:
    """Those that dial in within `wait` seconds; a second after the last one it is enough. Empty: none came.

    `folder`: the state folder of the worker, nobody else's. Applications that were dialling in vain for a while try
    again every 10 seconds. Raises NotListening.
    """
    from anyjob.worker.worker import Worker

    listen = list(settings.worker.apps.listen)
    if not listen:
        raise NotListening(listen)
    async with Worker(host, folder, settings.worker, settings.secrets, settings.egress) as worker:
        if not worker.apps.addresses:
            raise NotListening(listen)
        apps = worker.apps.of("springschedule")
        loop = asyncio.get_running_loop()
        end = loop.time() + wait
        while (left := end - loop.time()) > 0:
            try:
                async with asyncio.timeout(min(_QUIET, left) if apps.seen() else left):
                    await worker.apps.news.wait()
            except TimeoutError:
                break
        return applications(app for app in apps.seen() if app.connected)
