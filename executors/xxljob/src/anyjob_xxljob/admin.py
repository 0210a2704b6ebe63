"""XXL-JOB's admin, as far as executors meet it: they register, call back, and are called.

Source: XXL-JOB, AdminBiz and the paths /api/registry, /api/registryRemove and /api/callback.
"""

from __future__ import annotations

import asyncio
import ipaddress
import time
from typing import TYPE_CHECKING

from anyjob.errors import EgressRefused
from anyjob.executor import Health
from anyjob_xxljob.calls import Calls
from anyjob_xxljob.follower import Follower
from anyjob_xxljob.lanes import Lanes
from anyjob_xxljob.leases import Leases
from anyjob_xxljob.listener import Call, Listener
from anyjob_xxljob.message import BadMessage, callbacks, read_object
from anyjob_xxljob.registry import Full, Registry
from anyjob_xxljob.routes import Router
from anyjob_xxljob.sending import Sending
from anyjob_xxljob.settings import XxlJobSettings, listening
from anyjob_xxljob.spec import address_of
from anyjob_xxljob.tokens import ALL, Tokens
from anyjob_xxljob.wire import Wire

if TYPE_CHECKING:
    from anyjob.executor import Services

__all__ = ["Admin"]

_LISTED = 8


class Admin:
    """Everything that all runs of a worker share. `open` before the rest."""

    def __init__(self, settings: XxlJobSettings) -> None:
        self._settings = settings
        self.tokens = Tokens(settings)
        self._services: Services | None = None
        self._opened = 0.0
        self._ready = asyncio.Event()

    async def open(self, services: Services) -> None:
        """Read the tokens and listen. Called once."""
        settings = self._settings
        self._services = services
        await asyncio.to_thread(self.tokens.read)
        self.registry = Registry(settings.expire)
        self.leases = Leases(services.state, services.folder)
        self.lanes = Lanes()
        self._wire = Wire(services.egress)
        self.calls = Calls(self._wire, self.tokens, settings)
        self.follower = Follower(self.calls, self.registry, settings)
        self.sending = Sending(self.calls, Router(), self.lanes)
        self.listener = Listener(
            [listening(text) for text in settings.listen],
            settings.prefix,
            settings.body,
            self.tokens.circle,
            self._take,
        )
        await self.listener.open()
        self._opened = time.monotonic()
        self._ready.set()

    async def ready(self) -> bool:
        """Wait until `open` is done, which takes as long as asking for the tokens. False: nobody has called it, as
        where jobs are only explained."""
        if self._services is None:
            await asyncio.to_thread(self.tokens.read)
            return False
        await self._ready.wait()
        return True

    async def close(self) -> None:
        """Executors keep their callbacks for the next worker."""
        if self._ready.is_set():
            await self.listener.close()
            await self.follower.close()
            self._wire.close()

    @property
    def url(self) -> str:
        """What executors have as adminAddresses."""
        return " or ".join(f"http://{text}{self._settings.prefix}" for text in self._settings.listen)

    def may_come(self) -> float:
        """Seconds in which executors that are there may still register."""
        return max(0.0, self._opened + self._settings.wait - time.monotonic())

    def health(self) -> Health:
        """Who is registered, and when it last said so."""
        if not self._settings.tokens and self._settings.token is None:
            return Health(
                state="undetected",
                why="no access token: write [executors.xxljob] token, the one that executors have as accessToken",
            )
        if not self._ready.is_set():
            return Health(state="healthy")
        faults = [*self.tokens.faults.values(), *([self.listener.fault] if self.listener.fault else [])]
        now = time.time()
        seen = sorted(self.registry.seen(), key=lambda one: (one.circle, one.app, one.address))
        said = [
            f"{one.app} at {one.address} of {_name(one.circle)}, {now - one.last:.0f} s ago" for one in seen[:_LISTED]
        ]
        if len(seen) > _LISTED:
            said.append(f"{len(seen) - _LISTED} more")
        there = f"{len(seen)} registered: {'; '.join(said)}" if seen else f"no executor has registered at {self.url}"
        if faults:
            return Health(state="unhealthy", why="; ".join([*faults, there]))
        return Health(state="healthy", why=there)

    # ---------------------------------------------------------------- what executors say

    async def _take(self, call: Call) -> None:
        if call.what == "callback":
            services = self._services
            assert services is not None
            for callback in callbacks(call.body):
                # Durable before the answer. If nobody listens it is an earlier life's, or for another group's run:
                # answered all the same, or it would be sent for ever.
                await services.deliver(f"{call.circle}/{callback.log_id}", callback.to_json())
            return
        said = read_object(call.body)
        app, address = said.get("registryKey"), said.get("registryValue")
        if not isinstance(app, str) or not isinstance(address, str) or not app.strip() or not address.strip():
            raise BadMessage("has no registryKey and registryValue")
        if len(app) > 255 or not app.isprintable():
            raise BadMessage(
                "has a registryKey that is no name: at most 255 characters, none of them a control character"
            )
        try:
            address = address_of(address.strip())
            self._check(address)
        except (ValueError, EgressRefused) as error:
            raise BadMessage(f"has a registryValue that is not called: it {error}") from None
        if call.what == "registryRemove":
            self.registry.remove(call.circle, app.strip(), address)
            return
        try:
            self.registry.add(call.circle, app.strip(), address)
        except Full as full:
            raise BadMessage(f"is refused: {full}") from None

    def _check(self, address: str) -> None:
        """Refuse now what would be refused at the call. A name is resolved then, not here. Raises EgressRefused."""
        assert self._services is not None
        egress = self._services.egress
        target = egress.check_url(address)
        try:
            ipaddress.ip_address(target.host)
        except ValueError:
            return
        egress.addresses(target.host, target.port)


def _name(circle: str) -> str:
    return "all groups" if circle == ALL else f"app group {circle}"
