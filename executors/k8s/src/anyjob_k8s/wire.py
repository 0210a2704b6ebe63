"""HTTP/1.1 to an API server on the worker's loop: no thread for a stream, and no more memory than TLS itself takes.

asyncio's own TLS transport holds 256 KB for each connection, which five hundred followed logs cannot afford; a
non-blocking socket under a reader of the loop holds a tenth of that.

Source: RFC 9112, 6 (message body) and 7.1 (chunked).
"""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import AsyncIterator, Mapping
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from anyjob_k8s.client import Access

__all__ = ["Answer", "Broken", "Unreached", "Wire"]

_BLOCK: Final = 65536
_HEAD_LIMIT: Final = 65536
_CONNECT: Final = 10.0


class Unreached(OSError):
    """There is no connection: nothing was sent."""


class Broken(OSError):
    """The connection ended, or what came is no HTTP: what was sent may have been done."""


class Wire:
    """One connection. One request at a time; not for two tasks at once."""

    __slots__ = ("_buffer", "_loop", "_socket", "used")

    def __init__(self, connected: socket.socket, loop: asyncio.AbstractEventLoop) -> None:
        self._socket, self._loop = connected, loop
        self._buffer = b""
        self.used = False
        """Whether an answer came over it before."""

    @classmethod
    async def dial(cls, access: Access) -> Wire:
        """Connect. Raises Unreached."""
        loop = asyncio.get_running_loop()
        host, port = access.proxy or (access.host, access.port)
        made: Wire | None = None
        try:
            async with asyncio.timeout(_CONNECT):
                made = cls(await _connect(loop, host, port), loop)
                if access.proxy is not None:
                    await made._through_proxy(f"{access.host}:{access.port}")
                if access.tls is not None:
                    await made._handshake(access.tls, access.server_name)
        except (OSError, TimeoutError, UnicodeError) as error:
            if made is not None:
                made.close()
            said = f"no answer within {_CONNECT:.0f} s" if isinstance(error, TimeoutError) and not str(error) else error
            raise Unreached(f"{access.server}: {said}") from error
        except BaseException:
            if made is not None:
                made.close()
            raise
        return made

    async def ask(self, method: str, target: str, headers: Mapping[str, str], body: bytes | None) -> Answer:
        """Send a request, and read the head of its answer. Raises Broken."""
        lines = [f"{method} {target} HTTP/1.1", *(f"{name}: {value}" for name, value in headers.items())]
        if body is not None:
            lines.append(f"Content-Length: {len(body)}")
        await self._send("\r\n".join([*lines, "", ""]).encode("latin-1") + (body or b""))
        return await self._head()

    async def read(self) -> bytes:
        """What has come; waits until something has. Empty: the other side ended the stream. Raises Broken."""
        if self._buffer:
            data, self._buffer = self._buffer, b""
            return data
        while True:
            try:
                return self._socket.recv(_BLOCK)
            except (BlockingIOError, ssl.SSLWantReadError):
                await self._ready(write=False)
            except ssl.SSLWantWriteError:
                await self._ready(write=True)
            except ssl.SSLEOFError:
                return b""
            except OSError as error:
                raise Broken(str(error)) from error

    def back(self, data: bytes) -> None:
        """Was read, and is not the reader's."""
        self._buffer = data + self._buffer

    def close(self) -> None:
        """The connection is over."""
        self._socket.close()

    @property
    def stale(self) -> bool:
        """Whether the other side has ended an idle connection, or said something unasked."""
        try:
            self._socket.recv(1)
        except (BlockingIOError, ssl.SSLWantReadError):
            return False
        except OSError:
            return True
        return True

    async def _send(self, data: bytes) -> None:
        view = memoryview(data)
        while view:
            try:
                view = view[self._socket.send(view) :]
            except (BlockingIOError, ssl.SSLWantWriteError):
                await self._ready(write=True)
            except ssl.SSLWantReadError:
                await self._ready(write=False)
            except OSError as error:
                raise Broken(str(error)) from error

    async def _head(self) -> Answer:
        head = b""
        while (end := head.find(b"\r\n\r\n")) < 0:
            data = await self.read()
            if not data:
                raise Broken("the connection was closed before an answer came")
            head += data
            if len(head) > _HEAD_LIMIT:
                raise Broken("the answer's head has no end")
        self.back(head[end + 4 :])
        lines = head[:end].decode("latin-1").split("\r\n")
        words = lines[0].split(" ", 2)
        if len(words) < 2 or not words[0].startswith("HTTP/1.") or not words[1].isdigit():
            raise Broken(f"the answer is no HTTP: {lines[0][:80]!r}")
        headers: dict[str, str] = {}
        for line in lines[1:]:
            name, _, value = line.partition(":")
            headers[name.strip().lower()] = value.strip()
        self.used = True
        return Answer(self, int(words[1]), headers)

    async def _through_proxy(self, target: str) -> None:
        answer = await self.ask("CONNECT", target, {"Host": target}, None)
        if answer.status != 200:
            raise Unreached(f"the proxy answers {answer.status} to CONNECT {target}")
        self.used = False

    async def _handshake(self, context: ssl.SSLContext, name: str) -> None:
        wrapped = context.wrap_socket(self._socket, server_hostname=name, do_handshake_on_connect=False)
        self._socket = wrapped
        while True:
            try:
                return wrapped.do_handshake()
            except ssl.SSLWantReadError:
                await self._ready(write=False)
            except ssl.SSLWantWriteError:
                await self._ready(write=True)

    async def _ready(self, *, write: bool) -> None:
        file, waiter = self._socket.fileno(), self._loop.create_future()
        add, remove = (
            (self._loop.add_writer, self._loop.remove_writer)
            if write
            else (self._loop.add_reader, self._loop.remove_reader)
        )
        add(file, _set, waiter)
        try:
            await waiter
        finally:
            remove(file)


class Answer:
    """The answer to one request, its body unread."""

    __slots__ = ("_left", "_wire", "headers", "status", "whole")

    def __init__(self, wire: Wire, status: int, headers: Mapping[str, str]) -> None:
        self._wire, self.status, self.headers = wire, status, headers
        length = headers.get("content-length", "")
        self._left = int(length) if length.isdigit() else None
        self.whole = False
        """Whether the body was read to the end that its sender gave it."""

    @property
    def reusable(self) -> bool:
        """Whether the connection can take another request."""
        return self.whole and self.headers.get("connection", "").lower() != "close"

    async def chunks(self) -> AsyncIterator[bytes]:
        """The body as it comes. Raises Broken when it ends before its end."""
        if self.status == 204:
            self.whole = True
            return
        if "chunked" in self.headers.get("transfer-encoding", "").lower():
            async for data in self._chunked():
                yield data
            return
        while self._left is None or self._left:
            data = await self._wire.read()
            if not data:
                if self._left is None:
                    return  # the end of the connection is that of the body: nobody knows whether it is whole
                raise Broken("the answer ended before its end")
            if self._left is not None:
                if len(data) > self._left:
                    self._wire.back(data[self._left :])
                    data = data[: self._left]
                self._left -= len(data)
            yield data
        self.whole = True

    async def body(self, limit: int) -> bytes:
        """All of it. Raises Broken, also when it is over `limit` bytes."""
        found: list[bytes] = []
        size = 0
        async for data in self.chunks():
            found.append(data)
            size += len(data)
            if size > limit:
                raise Broken(f"the answer is longer than {limit} bytes")
        return b"".join(found)

    async def _chunked(self) -> AsyncIterator[bytes]:
        data = b""
        while True:
            while (end := data.find(b"\r\n")) < 0:
                data += await self._more()
            try:
                size = int(data[:end].partition(b";")[0], 16)
            except ValueError:
                raise Broken("the answer's chunks cannot be read") from None
            data = data[end + 2 :]
            left = size
            while left:
                if not data:
                    data = await self._more()
                piece, data = data[:left], data[left:]
                left -= len(piece)
                yield piece
            while len(data) < 2:
                data += await self._more()
            if not size:
                # Trailers are none of the API's.
                self._wire.back(data[2:])
                self.whole = True
                return
            data = data[2:]

    async def _more(self) -> bytes:
        data = await self._wire.read()
        if not data:
            raise Broken("the answer ended before its end")
        return data


def _set(waiter: asyncio.Future[None]) -> None:
    if not waiter.done():
        waiter.set_result(None)


async def _connect(loop: asyncio.AbstractEventLoop, host: str, port: int) -> socket.socket:
    failure: OSError | None = None
    for family, kind, protocol, _, address in await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM):
        found = socket.socket(family, kind, protocol)
        try:
            found.settimeout(0)
            found.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            found.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
            found.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, 30)
            found.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPINTVL, 10)
            found.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPCNT, 3)
            await loop.sock_connect(found, address)
        except OSError as error:
            found.close()
            failure = error
        except BaseException:
            found.close()
            raise
        else:
            return found
    raise failure or OSError(f"{host} has no address")
