"""Signed requests as bytes, and connections that send them: as little as can be of whoever measures a server."""

from __future__ import annotations

import asyncio
import hashlib
import time
import uuid
from collections.abc import Mapping
from typing import Any, Self

from anyjob.outcome import Json
from anyjob_server.client.form import parameters_of
from anyjob_server.client.signature import authorization, canonical_request, form

__all__ = ["Wire", "scope", "signed"]

_EMPTY = hashlib.sha256(b"").hexdigest()
_FORM = "application/x-www-form-urlencoded"


def signed(host: str, key: str, secret: str, action: str, fields: Mapping[str, Json], *, method: str = "GET") -> bytes:
    """One request, ACS3. The fields are the query of a GET, the form of a POST.

    A server takes it once, while its time is less than 15 minutes off, and only if it was up when this was signed.
    """
    given = parameters_of(fields)
    body = form(given).encode() if method == "POST" else b""
    query = {} if method == "POST" else given
    headers = {
        "host": host,
        "x-acs-action": action,
        "x-acs-version": "2019-04-30",
        "x-acs-date": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        "x-acs-signature-nonce": uuid.uuid4().hex,
        "x-acs-content-sha256": hashlib.sha256(body).hexdigest() if body else _EMPTY,
        **({"content-type": _FORM} if body else {}),
    }
    canonical = canonical_request(method, query, headers, headers["x-acs-content-sha256"])
    lines = [f"{method} /{'?' if query else ''}{form(query)} HTTP/1.1"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    lines.append(f"authorization: {authorization(key, secret, headers, canonical)}")
    if body:
        lines.append(f"content-length: {len(body)}")
    return "\r\n".join([*lines, "", ""]).encode() + body


class Wire(asyncio.Protocol):
    """A connection that is kept, for one request at a time."""

    def __init__(self) -> None:
        self._transport: asyncio.Transport | None = None
        self._answer: asyncio.Future[tuple[int, bytes]] | None = None
        self._got = b""

    @classmethod
    async def open(cls, host: str) -> Self:
        """`host`: name and port."""
        name, _, port = host.rpartition(":")
        _, made = await asyncio.get_running_loop().create_connection(cls, name, int(port))
        return made

    async def ask(self, request: bytes) -> tuple[int, bytes]:
        """HTTP status and body."""
        assert self._transport is not None
        assert self._answer is None
        self._answer = asyncio.get_running_loop().create_future()
        self._transport.write(request)
        try:
            return await self._answer
        finally:
            self._answer, self._got = None, b""

    def close(self) -> None:
        """End it."""
        if self._transport is not None:
            self._transport.abort()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """For asyncio."""
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        """For asyncio. Answers have a length."""
        self._got += data
        head, found, body = self._got.partition(b"\r\n\r\n")
        if not found or self._answer is None or self._answer.done():
            return
        length = int(head.lower().partition(b"content-length:")[2].partition(b"\r\n")[0])
        if len(body) >= length:
            self._answer.set_result((int(head[9:12]), body))

    def connection_lost(self, exc: Exception | None) -> None:
        """For asyncio."""
        if self._answer is not None and not self._answer.done():
            self._answer.set_exception(exc or ConnectionResetError("the server closed the connection"))


def scope(namespace: str, group: str) -> dict[str, Any]:
    """The two fields that nearly every operation takes."""
    return {"Namespace": namespace, "GroupId": group}
