"""Where the API listens."""

from __future__ import annotations

import asyncio
import contextlib
import ipaddress
import ssl
from pathlib import Path
from typing import Any, Final

from uvicorn.config import Config
from uvicorn.server import ServerState

from anyjob.errors import BadSettings
from anyjob.problem import Problem
from anyjob_server.api.guard import Guard
from anyjob_server.api.limits import ApiLimits
from anyjob_server.api.protocol import ApiProtocol

__all__ = ["Listener", "is_loopback", "tls_context"]

_BACKLOG: Final = 1024
_HANDSHAKE_SECONDS: Final = 10.0


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach the address."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def tls_context(certificate: Path, key: Path, source: str) -> ssl.SSLContext:
    """TLS 1.2 and later with a certificate chain and its key, both PEM. Raises BadSettings."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    try:
        context.load_cert_chain(certificate, key)
    except (OSError, ssl.SSLError) as error:
        told = Problem(
            field="server.tls_cert",
            value=str(certificate),
            remedy=f"cannot be used with key {key}: {error.strerror or error}; name a PEM certificate and its key",
        )
        raise BadSettings(source, [told]) from None
    return context


class Listener:
    """Serves an ASGI application on one address. On the loop of whoever opens it."""

    def __init__(
        self,
        app: Any,
        host: str,
        port: int,
        *,
        tls: ssl.SSLContext | None = None,
        insecure: bool = False,
        limits: ApiLimits | None = None,
        source: str = "The settings",
    ) -> None:
        """Port 0: any free one. Raises BadSettings for an address that others can reach, without TLS or `insecure`."""
        if tls is None and not insecure and not is_loopback(host):
            remedy = (
                "is reached by other machines, which could read what is sent there;"
                " give --tls-cert and --tls-key, or --insecure where the network itself is trusted"
            )
            raise BadSettings(source, [Problem(field="server.listen", value=host, remedy=remedy)])
        self._host, self._port, self._tls = host, port, tls
        self._guard = Guard(limits or ApiLimits())
        self._state = ServerState()
        self._config = Config(
            app,
            http=ApiProtocol,
            ws="none",
            lifespan="off",
            interface="asgi3",
            log_config=None,
            access_log=False,
            proxy_headers=False,
            # The guard's deadlines rule; this one must not come first.
            timeout_keep_alive=int(self._guard.limits.idle_seconds) + 60,
        )
        self._config.load()
        self._server: asyncio.Server | None = None
        self._watch: asyncio.Task[None] | None = None

    async def open(self) -> None:
        """Begin to listen. Raises OSError."""
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(
            lambda: ApiProtocol(self._config, self._state, self._guard, loop),
            self._host,
            self._port,
            ssl=self._tls,
            backlog=_BACKLOG,
            ssl_handshake_timeout=_HANDSHAKE_SECONDS if self._tls else None,
        )
        self._watch = loop.create_task(self._guard.watch())

    @property
    def address(self) -> tuple[str, int]:
        """Host and port where it listens."""
        assert self._server is not None
        name = self._server.sockets[0].getsockname()
        return name[0], name[1]

    @property
    def url(self) -> str:
        """`http://127.0.0.1:7780`."""
        host, port = self.address
        return f"{'https' if self._tls else 'http'}://{f'[{host}]' if ':' in host else host}:{port}"

    async def close(self, grace: float = 5.0) -> None:
        """Take no more connections, let requests that are read be answered, for at most `grace` seconds, then end
        all."""
        if self._server is None or self._watch is None:
            return
        self._server.close()
        for connection in list(self._state.connections):
            connection.shutdown()
        if self._state.tasks:
            await asyncio.wait(list(self._state.tasks), timeout=grace)
        for connection in self._guard:
            connection.drop()
        self._watch.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await self._watch
        self._server = None
