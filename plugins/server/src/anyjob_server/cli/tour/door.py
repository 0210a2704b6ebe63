"""Where applications beside the jobs of a tour dial in, and with which token."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Iterable
from dataclasses import replace
from typing import Final

from pydantic import SecretStr

from anyjob.secret import read_source
from anyjob.settings import Settings
from anyjob.worker.worker import Worker
from anyjob_server.cli.tour.beside import Beside, Dials

__all__ = ["Door", "with_door"]

_ADDRESS: Final = "tcp:127.0.0.1:0"
"""Any port: two tours may go on at one time. No socket: a JVM before Java 16 knows none."""


def with_door(settings: Settings, besides: Iterable[Beside]) -> Settings:
    """The caller's settings; where a folder has an application beside it, the worker also listens for it, and its app
    group has a token of this command's own if the caller has given it none."""
    groups = {peer.dials.group for beside in besides for peer in beside.peers if peer.dials}
    if not groups:
        return settings
    apps = settings.worker.apps
    own = {group: SecretStr(secrets.token_urlsafe(24)) for group in sorted(groups)}
    listen = list(dict.fromkeys([*apps.listen, _ADDRESS]))
    opened = apps.model_copy(update={"listen": listen, "tokens": {**own, **apps.tokens}})
    return replace(settings, worker=settings.worker.model_copy(update={"apps": opened}))


class Door:
    """That of one worker, which `with_door` has opened."""

    def __init__(self, worker: Worker) -> None:
        self._worker = worker

    async def environment(self, dials: Dials) -> dict[str, str]:
        """What an application is started with. Raises SecretMissing where the caller's own token cannot be read."""
        source = self._worker.settings.apps.tokens[dials.group]
        if isinstance(source, SecretStr):
            token = source.get_secret_value()
        else:
            setting = f"worker.apps.tokens.{dials.group}"
            token = await asyncio.to_thread(read_source, f"token of {dials.group}", setting, source)
        told = set(self._worker.settings.apps.listen)
        # Of its port only the worker knows; without an address the application says itself that it has none.
        address = next((text for text in self._worker.apps.addresses if text not in told), "")
        return {"ANYJOB_APP": address, "ANYJOB_APP_TOKEN": token}

    def has(self, dials: Dials) -> bool:
        """Whether such an application is connected."""
        return any(app.connected for app in self._worker.apps.of(dials.type).seen(dials.group))
