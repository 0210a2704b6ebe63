"""The API on a real port, its operations replaced by one that tells what it was asked."""

from __future__ import annotations

import asyncio
import json
import socket
import ssl
import threading
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from tests.plugins.server.api.signing import Signer
from tests.plugins.server.api.vectors import Ring

from anyjob_server.api.app import Api
from anyjob_server.api.gateway import Gateway, Signed
from anyjob_server.api.key import Key
from anyjob_server.api.limits import ApiLimits
from anyjob_server.api.listener import Listener

KEY_ID, SECRET = "AKtest", "a-secret-that-nobody-prints"


@dataclass
class Asked:
    """What reached the operations."""

    calls: list[Signed] = field(default_factory=list[Signed])
    trap: Exception | None = None
    padding: int = 0
    """Bytes that every answer has besides."""

    async def answer(self, signed: Signed, request_id: str, remote: str) -> tuple[int, bytes]:
        self.calls.append(signed)
        if self.trap is not None:
            raise self.trap
        told = {"Success": True, "RequestId": request_id, "Told": dict(signed.parameters), "Rest": "x" * self.padding}
        return 200, json.dumps(told).encode()


@dataclass
class Ground:
    """A listener in a thread of its own, and how to talk to it by bytes."""

    port: int
    signer: Signer
    asked: Asked = field(default_factory=Asked)
    tls: ssl.SSLContext | None = None

    def connect(self) -> socket.socket:
        made = socket.create_connection(("127.0.0.1", self.port), timeout=20)
        return self.tls.wrap_socket(made, server_hostname="localhost") if self.tls else made

    def say(self, data: bytes) -> tuple[int, dict[str, Any]]:
        """Send, and read one answer."""
        with self.connect() as peer:
            peer.sendall(data)
            return read_answer(peer)


def read_answer(peer: socket.socket) -> tuple[int, dict[str, Any]]:
    """Status and JSON of one answer. Raises ConnectionResetError where the connection ends before it."""
    data = b""
    while b"\r\n\r\n" not in data:
        data += _more(peer)
    head, _, body = data.partition(b"\r\n\r\n")
    lines = head.decode().split("\r\n")
    headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines[1:])}
    assert headers["content-type"] == "application/json;charset=utf-8"
    while len(body) < int(headers["content-length"]):
        body += _more(peer)
    told: dict[str, Any] = json.loads(body)
    assert type(told) is dict
    return int(lines[0].split()[1]), told


def _more(peer: socket.socket) -> bytes:
    more = peer.recv(65536)
    if not more:
        raise ConnectionResetError
    return more


@contextmanager
def ground(limits: ApiLimits | None = None, *, tls: ssl.SSLContext | None = None) -> Generator[Ground]:
    asked, opened, loop = Asked(), threading.Event(), asyncio.new_event_loop()
    gateway = Gateway(Ring(Key(access_key_id=KEY_ID, secret=SECRET.encode())))
    limits = limits or ApiLimits()
    listener = Listener(Api(gateway, asked, limits), "127.0.0.1", 0, limits=limits, tls=tls)
    over = asyncio.Event()

    async def serve() -> None:
        await listener.open()
        opened.set()
        await over.wait()
        await listener.close()

    thread = threading.Thread(target=lambda: loop.run_until_complete(serve()))
    thread.start()
    try:
        assert opened.wait(20)
        yield Ground(listener.address[1], Signer(key_id=KEY_ID, secret=SECRET), asked)
    finally:
        loop.call_soon_threadsafe(over.set)
        thread.join(20)
        loop.close()
