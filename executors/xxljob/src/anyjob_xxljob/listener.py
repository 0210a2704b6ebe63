"""Where executors register and call back: a small HTTP/1.1 server."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Final

import h11

from anyjob.listenaddress import ListenAddress
from anyjob_xxljob.message import BadMessage, reply

__all__ = ["Call", "Listener"]

_log = logging.getLogger(__name__)

_IDLE: Final = 120.0
"""Seconds after which a connection that says nothing is closed; executors come back every 30."""
_BODY: Final = 30.0
"""Seconds in which a request must be there once it has begun."""
_MOST: Final = 1024
"""Connections at one time."""
_SMALL: Final = 65536
"""Bytes of a registration."""
_AGAIN: Final = 1.0
"""Seconds between two tries to listen where somebody else does."""
_TOKEN: Final = b"xxl-job-access-token"
_PATHS: Final = ("registry", "registryRemove", "callback")


@dataclass(frozen=True, slots=True)
class Call:
    """One request of an executor: what of `registry`, `registryRemove` and `callback`, and the circle of its token."""

    what: str
    circle: str
    body: bytes


Take = Callable[[Call], Awaitable[None]]


class Listener:
    """Listens on the first address that is free, and goes on trying while none is."""

    def __init__(
        self,
        addresses: Sequence[ListenAddress],
        prefix: str,
        body: int,
        circle: Callable[[str], str | None],
        take: Take,
    ) -> None:
        """`take` acts on a request; it is answered when that returns. BadMessage is answered as a fault."""
        self._addresses, self._body, self._circle, self._take = addresses, body, circle, take
        roots = {"", "/xxl-job-admin", prefix}
        self._paths = {f"{root}/api/{what}".encode(): what for root in roots for what in _PATHS}
        self._server: asyncio.Server | None = None
        self._tries: asyncio.Task[None] | None = None
        self._writers: dict[asyncio.StreamWriter, bool] = {}
        """Connections, the oldest first, and whether a token was shown on them."""
        self._ready = asyncio.Event()
        self.fault = ""
        """Why nobody can call back; empty: they can."""

    async def open(self) -> None:
        """Listen; where another process has the addresses, as soon as it lets go of one."""
        if not await self._try():
            self._tries = asyncio.get_running_loop().create_task(self._try_again())

    async def ready(self, seconds: float) -> bool:
        """Whether somebody can call back, at the latest after `seconds`."""
        with suppress(TimeoutError):
            await asyncio.wait_for(self._ready.wait(), seconds)
        return self._ready.is_set()

    async def close(self) -> None:
        """Executors keep what they have to say until somebody listens again."""
        if self._tries is not None:
            self._tries.cancel()
        if self._server is not None:
            self._server.close()
        for writer in list(self._writers):
            writer.transport.abort()
        if self._server is not None:
            await self._server.wait_closed()

    async def _try(self) -> bool:
        faults: list[str] = []
        for address in self._addresses:
            try:
                self._server = await asyncio.start_server(self._serve, address.host, address.port, limit=1 << 17)
            except OSError as error:
                faults.append(f"{str(address)[4:]}: {error.strerror or error}")
                continue
            self.fault = ""
            self._ready.set()
            return True
        self.fault = f"executors cannot call back, because nobody can listen on {'; '.join(faults)}"
        return False

    async def _try_again(self) -> None:
        _log.warning("xxljob: %s", self.fault)
        while not await self._try():  # noqa: ASYNC110 - nobody tells when an address is free
            await asyncio.sleep(_AGAIN)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if len(self._writers) >= _MOST:
            # Whoever only holds connections keeps no executor out.
            strange = next((one for one, known in self._writers.items() if not known), writer)
            self._writers.pop(strange, None)
            strange.transport.abort()
            if strange is writer:
                return
        self._writers[writer] = False
        try:
            await self._talk(reader, writer)
        except (OSError, TimeoutError, h11.ProtocolError):
            pass
        except asyncio.CancelledError:
            pass  # the loop ends
        except Exception:  # noqa: BLE001 - one bad request must not look like a crash
            _log.exception("xxljob: a request could not be answered")
        finally:
            self._writers.pop(writer, None)
            writer.transport.abort()

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        line = h11.Connection(h11.SERVER, max_incomplete_event_size=16384)
        while True:
            async with asyncio.timeout(_IDLE):
                request = await _event(line, reader, writer)
            if not isinstance(request, h11.Request):
                return
            async with asyncio.timeout(_BODY):
                status, body, last = await self._one(line, request, reader, writer)
            headers = [("Content-Type", "application/json;charset=UTF-8"), ("Content-Length", str(len(body)))]
            if last:
                headers.append(("Connection", "close"))
            out = line.send(h11.Response(status_code=status, headers=headers)) or b""
            out += (line.send(h11.Data(data=body)) or b"") + (line.send(h11.EndOfMessage()) or b"")
            writer.write(out)
            async with asyncio.timeout(_BODY):
                await writer.drain()
            if last or line.our_state is not h11.DONE or line.their_state is not h11.DONE:
                with suppress(OSError, TimeoutError):
                    writer.write_eof()
                    async with asyncio.timeout(1):
                        await reader.read(1)
                return
            line.start_next_cycle()

    async def _one(
        self, line: h11.Connection, request: h11.Request, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> tuple[int, bytes, bool]:
        """Status and body of the answer, and whether it is the connection's last. Who has no token is not read."""
        what = self._paths.get(request.target)
        if what is None or request.method != b"POST":
            return 404, reply(500, "invalid request: POST /api/registry, /api/registryRemove or /api/callback"), True
        token = next((value for name, value in request.headers if name == _TOKEN), b"")
        circle = self._circle(token.decode("latin-1"))
        if circle is None:
            return 200, reply(500, "The access token is wrong."), True
        self._writers[writer] = True
        most = self._body if what == "callback" else _SMALL
        parts: list[bytes] = []
        size = 0
        while not isinstance(event := await _event(line, reader, writer), h11.EndOfMessage):
            if not isinstance(event, h11.Data):
                raise ConnectionError("it ended in the middle of a request")
            size += len(event.data)
            if size > most:
                return 413, reply(500, f"the body has more than {most} bytes"), True
            parts.append(bytes(event.data))
        try:
            await self._take(Call(what, circle, b"".join(parts)))
        except BadMessage as bad:
            _log.warning("xxljob: %s of an executor of %s %s", what, circle, bad)
            return 200, reply(500, f"the body {bad}"), False
        return 200, reply(), False


async def _event(line: h11.Connection, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> object:
    while True:
        event = line.next_event()
        if event is not h11.NEED_DATA:
            return event
        if line.they_are_waiting_for_100_continue:
            writer.write(line.send(h11.InformationalResponse(status_code=100, headers=[])) or b"")
        line.receive_data(await reader.read(65536))
