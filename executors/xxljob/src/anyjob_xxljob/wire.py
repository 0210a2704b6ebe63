"""HTTP/1.1 calls to executors, through the egress policy, on the worker's loop."""

from __future__ import annotations

import asyncio
import ipaddress
import ssl
import time
from collections.abc import Awaitable, Callable, Sequence
from functools import cache
from typing import TYPE_CHECKING, Final

import h11

from anyjob.egress import Target
from anyjob.errors import AnyJobError

if TYPE_CHECKING:
    from anyjob.egress import Egress

__all__ = ["NoAnswer", "NotSent", "Wire"]

_FRESH: Final = 15.0
"""Seconds after which an idle connection is not used any more: the executor closes it after 90, and a call that it
never read would count as one that may have arrived."""
_KEPT: Final = 8
_READ: Final = 1 << 18


class NotSent(AnyJobError):
    """The call surely did not arrive."""

    def __init__(self, address: str, why: str) -> None:
        self.address, self.why = address, why
        super().__init__(f"The executor at {address} was not reached: {why}. Nothing was sent.")


class NoAnswer(AnyJobError):
    """The call may have arrived."""

    def __init__(self, address: str, why: str) -> None:
        self.address, self.why = address, why
        super().__init__(f"The executor at {address} gave no answer: {why}.")


class _Line:
    __slots__ = ("reader", "since", "state", "writer")

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer
        self.state = h11.Connection(h11.CLIENT, max_incomplete_event_size=65536)
        self.since = time.monotonic()

    @property
    def usable(self) -> bool:
        return not (self.reader.at_eof() or self.writer.is_closing()) and time.monotonic() - self.since < _FRESH

    def close(self) -> None:
        self.writer.transport.abort()


class Wire:
    """Connections to executors, some of each kept for the next call. No cookies, proxies or redirects; nothing is sent
    twice."""

    def __init__(self, egress: Egress) -> None:
        self._egress = egress
        self._kept: dict[Target, list[_Line]] = {}

    def close(self) -> None:
        """The connections that wait for a next call are closed."""
        for lines in self._kept.values():
            for line in lines:
                line.close()
        self._kept.clear()

    async def post(
        self,
        address: str,
        path: str,
        headers: Sequence[tuple[str, str]],
        body: bytes,
        *,
        seconds: float,
        take: Callable[[bytes], bool],
        before: Callable[[], Awaitable[None]] | None = None,
    ) -> int:
        """The status of the answer, whose body is handed to `take` as it comes; False ends the call there.

        `before` is awaited once there is a connection, right before the first byte is sent. `seconds` for the
        connection, and again for the beginning of the answer and for each piece of it.

        Raises NotSent, NoAnswer, or EgressRefused, which is as sure as NotSent.
        """
        target = self._egress.check_url(address)
        base = address.split("://", 1)[1].partition("/")[2]
        line = self._take(target) or await self._connect(address, target, seconds)
        done = False
        try:
            if before is not None:
                await before()
            request = h11.Request(
                method="POST",
                target=f"/{base}/{path}" if base else f"/{path}",
                headers=[
                    ("Host", _host(target)),
                    ("Content-Type", "application/json;charset=UTF-8"),
                    ("Content-Length", str(len(body))),
                    ("Connection", "keep-alive"),
                    *headers,
                ],
            )
            out = (line.state.send(request) or b"") + (line.state.send(h11.Data(data=body)) or b"")
            line.writer.write(out + (line.state.send(h11.EndOfMessage()) or b""))
            status, done = await self._answer(line, seconds, take)
        except TimeoutError:
            raise NoAnswer(address, f"none came within {seconds:g} s") from None
        except (OSError, h11.ProtocolError, ssl.SSLError) as error:
            raise NoAnswer(address, str(error) or type(error).__name__) from None
        finally:
            if done:
                self._keep(target, line)
            else:
                line.close()
        return status

    async def _answer(self, line: _Line, seconds: float, take: Callable[[bytes], bool]) -> tuple[int, bool]:
        async with asyncio.timeout(seconds):
            await line.writer.drain()
        status = 0
        while True:
            event = line.state.next_event()
            if event is h11.NEED_DATA:
                async with asyncio.timeout(seconds):
                    line.state.receive_data(await line.reader.read(_READ))
            elif isinstance(event, h11.Response):
                status = event.status_code
            elif isinstance(event, h11.Data):
                if not take(bytes(event.data)):
                    return status, False
            elif isinstance(event, h11.EndOfMessage):
                return status, line.state.their_state is h11.DONE and line.state.our_state is h11.DONE
            elif not isinstance(event, h11.InformationalResponse):
                raise ConnectionError("the connection was closed before the answer was whole")

    async def _connect(self, address: str, target: Target, seconds: float) -> _Line:
        try:
            async with asyncio.timeout(seconds):
                found = await self._addresses(target)
                failure: OSError | None = None
                for _, _, _, _, end in found:
                    try:
                        reader, writer = await asyncio.open_connection(
                            str(end[0]),
                            target.port,
                            limit=_READ,
                            ssl=_tls() if target.scheme == "https" else None,
                            server_hostname=target.host if target.scheme == "https" else None,
                        )
                    except OSError as error:
                        failure = error
                        continue
                    return _Line(reader, writer)
                raise failure or OSError("it has no address")
        except TimeoutError:
            raise NotSent(address, f"no connection within {seconds:g} s") from None
        except OSError as error:
            raise NotSent(address, error.strerror or str(error)) from None

    async def _addresses(self, target: Target) -> Sequence[tuple[int, int, int, str, tuple[object, ...]]]:
        try:
            ipaddress.ip_address(target.host)
        except ValueError:
            return await asyncio.to_thread(self._egress.addresses, target.host, target.port)
        return self._egress.addresses(target.host, target.port)

    def _take(self, target: Target) -> _Line | None:
        lines = self._kept.get(target, [])
        while lines:
            line = lines.pop()
            if line.usable:
                return line
            line.close()
        return None

    def _keep(self, target: Target, line: _Line) -> None:
        lines = self._kept.setdefault(target, [])
        if len(lines) >= _KEPT or not line.state:
            line.close()
            return
        line.state.start_next_cycle()
        line.since = time.monotonic()
        lines.append(line)


def _host(target: Target) -> str:
    return str(target).split("://", 1)[1]


@cache
def _tls() -> ssl.SSLContext:
    return ssl.create_default_context()
