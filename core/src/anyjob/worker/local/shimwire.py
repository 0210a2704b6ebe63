"""One connection to the shim: the handshake, and frames as messages."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Mapping
from typing import Any, Protocol, cast

from anyjob.worker.shim import frames

__all__ = ["Hearer", "ShimWire"]


_FAREWELL = 5.0
"""Seconds for what is still to be sent when a connection is closed."""


class Hearer(Protocol):
    """Who owns a connection. `name` is the same in each of its connections, and no other's."""

    name: str

    def heard(self, said: Mapping[str, Any]) -> None:
        """One message of the shim."""

    def parted(self, wire: ShimWire, *, final: bool) -> None:
        """The connection is gone. `final`: the shim sent this worker away, so that it must not come back."""


_ROOM = 1 << 16
"""Bytes that are read at a time: where asyncio makes the room for them, it asks the kernel for a quarter of a megabyte
each time, and gives it back."""


class ShimWire(asyncio.BufferedProtocol):
    """One connection. `ready` is done when the shim's list has been read, and holds the list."""

    def __init__(self, hearer: Hearer) -> None:
        self._hearer = hearer
        self._frames = frames.Frames()
        self._room = memoryview(bytearray(_ROOM))
        self.transport: asyncio.Transport | None = None
        self.hello: Mapping[str, Any] = {}
        self.refused = ""
        self._gone: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.ready: asyncio.Future[Mapping[str, Any]] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        transport = cast("asyncio.Transport", transport)  # other loops have transports of their own
        self.transport = transport

    def get_buffer(self, sizehint: int) -> memoryview:
        del sizehint
        return self._room

    def buffer_updated(self, nbytes: int) -> None:
        assert self.transport is not None
        try:
            messages = self._frames.feed(bytes(self._room[:nbytes]))
        except frames.FrameError as error:
            self.refused = str(error)
            self.transport.abort()
            return
        for said in messages:
            match said.get("ev"):
                case "hello":
                    self._greet(said)
                case "list" if not self.ready.done():
                    self.ready.set_result(said)
                case "bye" | "refused" as word:
                    self.refused = f"{word}: {said['why']}"
                    self._hearer.parted(self, final="took over" in self.refused or word == "refused")
                case _:
                    self._hearer.heard(said)

    def _greet(self, said: Mapping[str, Any]) -> None:
        assert self.transport is not None
        self.hello = said
        version = min(said["version"], frames.VERSION)  # a newer shim speaks the one before its own, too
        if version not in frames.SPOKEN:
            spoken = " and ".join(map(str, frames.SPOKEN))
            self.refused = f"refused: the shim speaks protocol {said['version']}, this worker {spoken}"
            self.transport.abort()
            return
        hello = frames.encode({"do": "hello", "version": version, "id": self._hearer.name, "pid": os.getpid()})
        self.transport.write(frames.frame([hello, frames.encode({"do": "list"})]))

    def connection_lost(self, exc: Exception | None) -> None:
        self._gone.set_result(None)
        if not self.ready.done():
            self.ready.set_exception(ConnectionResetError(self.refused or str(exc or "the shim closed the connection")))
            self.ready.exception()
        self._hearer.parted(self, final=False)

    def send(self, messages: list[bytes]) -> None:
        """Send messages as one frame."""
        assert self.transport is not None
        self.transport.write(frames.frame(messages))

    def abort(self) -> None:
        """Drop the connection at once."""
        if self.transport is not None:
            self.transport.abort()

    async def close(self) -> None:
        """Send what is buffered, then disconnect."""
        if self.transport is not None:
            self.transport.close()
            try:
                async with asyncio.timeout(_FAREWELL):
                    await asyncio.shield(self._gone)
            except TimeoutError:
                self.transport.abort()  # a shim that does not read; nothing in there may not be said again
