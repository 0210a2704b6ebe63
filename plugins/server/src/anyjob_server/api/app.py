"""The ASGI application: one path, GET and POST, JSON.

Source: SchedulerX API, SDK, "RequestId".
"""

from __future__ import annotations

import logging
import os
import random
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any, Final, Protocol, TypeAlias

from anyjob.problem import short
from anyjob_server.api.errors import (
    Faulty,
    GatewayError,
    MethodRefused,
    RequestTooLarge,
    TooManyConnections,
    UnknownPath,
)
from anyjob_server.api.fault import log_fault
from anyjob_server.api.gateway import Gateway, Signed
from anyjob_server.api.limits import ApiLimits
from anyjob_server.api.reply import HEADERS, gateway_error
from anyjob_server.api.request import WireRequest

__all__ = ["Api", "Dispatch", "Message", "Receive", "Send", "new_request_id"]

Message: TypeAlias = MutableMapping[str, Any]
Receive: TypeAlias = Callable[[], Awaitable[Message]]
Send: TypeAlias = Callable[[Message], Awaitable[None]]

_log = logging.getLogger("anyjob.server.api")
_DISCARDED: Final = 16
"""A body up to so many times the limit is read to its end, so that its sender sees the answer and not a reset."""
_SMALL: Final = 65536
"""Bodies up to this are read even when many are held."""


class Dispatch(Protocol):
    """Who carries out what was asked, and never raises."""

    async def answer(self, signed: Signed, request_id: str, remote: str) -> tuple[int, bytes]:
        """HTTP status and body. Raises GatewayError."""
        ...


class _Gone(Exception):
    """The client went away."""


_ids = random.Random(os.urandom(16))  # noqa: S311 - nobody gains by guessing one; the kernel's costs a switch of threads


def new_request_id() -> str:
    """An upper-case UUID of version 4, as the vendor's."""
    text = f"{_ids.getrandbits(128):032X}"
    return f"{text[:8]}-{text[8:12]}-4{text[13:16]}-{'89AB'[int(text[16], 16) & 3]}{text[17:20]}-{text[20:]}"


class Api:
    """The application that an ASGI server calls."""

    def __init__(self, gateway: Gateway, dispatch: Dispatch, limits: ApiLimits | None = None) -> None:
        self._gateway, self._dispatch, self._limits = gateway, dispatch, limits or ApiLimits()
        self._held = 0

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """One request. Nothing of its parameters, key or signature goes into the log."""
        if scope["type"] != "http":
            return
        request_id, action, close = new_request_id(), "", False
        remote = scope["client"][0] if scope.get("client") else ""
        try:
            close = True  # until the body has been read
            _check_head(scope)
            request = WireRequest(
                method=scope["method"],
                query=scope["query_string"],
                headers=scope["headers"],
                body=await self._body(scope, receive),
                remote=remote,
            )
            close = False
            signed = self._gateway.check(request)
            action = signed.action
            status, body = await self._dispatch.answer(signed, request_id, remote)
        except _Gone:
            return
        except GatewayError as error:
            _log.info("%s refused %s %s: %s", request_id, remote, short(action) or "-", error.code)
            status, body = error.status, gateway_error(request_id, error, _host(scope))
        except Exception as error:  # noqa: BLE001 - a fault must not end the connection without an answer
            log_fault(_log, request_id, error)
            status, body = 500, gateway_error(request_id, Faulty(), _host(scope))
        headers = [*HEADERS, (b"content-length", b"%d" % len(body))]
        if close:
            headers.append((b"connection", b"close"))
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": body})

    async def _body(self, scope: Message, receive: Receive) -> bytes:
        limit = self._limits.body
        announced = _announced(scope)
        if announced > limit * _DISCARDED:
            raise RequestTooLarge(limit)
        chunks, size, counted = list[bytes](), 0, 0
        try:
            while True:
                message = await receive()
                if message["type"] == "http.disconnect":
                    raise _Gone
                chunk: bytes = message.get("body", b"")
                size += len(chunk)
                if size > limit * _DISCARDED:
                    raise RequestTooLarge(limit)
                if size <= limit and chunk:
                    if size > _SMALL and self._held + len(chunk) > self._limits.held:
                        raise TooManyConnections(self._limits.connections)
                    self._held += len(chunk)
                    counted += len(chunk)
                    chunks.append(chunk)
                elif size > limit:
                    chunks.clear()
                if not message.get("more_body", False):
                    break
        finally:
            self._held -= counted
        if size > limit:
            raise RequestTooLarge(limit)
        return chunks[0] if len(chunks) == 1 else b"".join(chunks)


def _check_head(scope: Message) -> None:
    if scope["path"] != "/":
        raise UnknownPath
    if scope["method"] not in ("GET", "POST"):
        raise MethodRefused(scope["method"])


def _announced(scope: Message) -> int:
    for name, value in scope["headers"]:
        if name == b"content-length":
            return int(value)
    return 0


def _host(scope: Message) -> str:
    return next((value.decode("latin-1") for name, value in scope["headers"] if name == b"host"), "")
