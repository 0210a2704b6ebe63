"""HTTP on one connection: uvicorn's, with the limits that it does not have."""

from __future__ import annotations

import asyncio
import logging
import math
import socket
import struct
from typing import Final, cast

from uvicorn.config import Config
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.server import ServerState

from anyjob_server.api.app import new_request_id
from anyjob_server.api.errors import GatewayError, HeadTooLarge, MalformedRequest, TooManyConnections, TooSlow
from anyjob_server.api.guard import Guard, Phase
from anyjob_server.api.reply import raw_response
from anyjob_server.api.wholeanswers import WholeAnswers

__all__ = ["ApiProtocol"]

_PARSED: Final = 0xFFFF
"""Bytes of a URL that httptools reads: it counts in 16 bits. A CreateJob by GET may have a longer script."""

_log = logging.getLogger("anyjob.server.api")
_http_log = logging.getLogger("anyjob.server.http")
_http_log.setLevel(logging.ERROR)  # a line for each malformed request is a stranger's to write


class ApiProtocol(HttpToolsProtocol, asyncio.BufferedProtocol):
    """One connection. What is refused here, before there is a request, is answered in the gateway's form."""

    def __init__(self, config: Config, state: ServerState, guard: Guard, loop: asyncio.AbstractEventLoop) -> None:
        super().__init__(config, state, {}, loop)
        self.logger = _http_log
        self.access_log = False  # its lines hold the query: job, key id and signature
        self.phase, self.deadline = Phase.HEAD, math.inf
        self._guard, self._limits = guard, guard.limits
        self._fed, self._head = 0, 0
        self._refusal: GatewayError | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        transport = cast("asyncio.Transport", transport)
        super().connection_made(transport)
        self.transport = self._answers = WholeAnswers(transport)
        self._enter(Phase.HEAD, self._limits.head_seconds)
        if not self._guard.enter(self):
            self._refuse(TooManyConnections(self._limits.connections))

    def connection_lost(self, exc: Exception | None) -> None:
        self._guard.leave(self)
        super().connection_lost(exc)

    def get_buffer(self, sizehint: int) -> memoryview:
        del sizehint
        return self._guard.room

    def buffer_updated(self, nbytes: int) -> None:
        self.data_received(bytes(self._guard.room[:nbytes]))

    def data_received(self, data: bytes) -> None:
        if self.phase is Phase.CLOSING:
            return
        if self.phase is Phase.IDLE:
            self._enter(Phase.HEAD, self._limits.head_seconds)
        self._fed += len(data)
        super().data_received(data)
        # In the phase HEAD no header that is whole has more; the parser holds what is not whole.
        if self.phase is Phase.HEAD and self._fed > self._limits.head:
            self._refuse(HeadTooLarge(self._limits.head))

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._head = 0

    def on_url(self, url: bytes) -> None:
        self._head += len(url)
        super().on_url(url)

    def on_header(self, name: bytes, value: bytes) -> None:
        self._head += len(name) + len(value)
        super().on_header(name, value)

    def on_headers_complete(self) -> None:
        if self._head > self._limits.head:
            self._refusal = HeadTooLarge(self._limits.head)
            raise self._refusal
        self._fed = 0
        self._enter(Phase.BODY, self._limits.body_seconds)
        whole, query = self.url, b""
        if len(whole) > _PARSED:
            self.url, _, query = whole.partition(b"?")
        super().on_headers_complete()
        if query:
            self.scope["query_string"] = query  # nobody has looked at it: the request's task has not had its turn

    def on_message_complete(self) -> None:
        if self.phase is Phase.BODY:
            self._enter(Phase.WORK, math.inf)
        super().on_message_complete()

    def on_response_complete(self) -> None:
        # As uvicorn's, but for a timer that it sets here and cancels with the next request: the guard has deadlines.
        self._answers.flush()
        self.server_state.total_requests += 1
        if self.transport.is_closing():
            self._enter(Phase.CLOSING, self._limits.body_seconds)
            return
        self.flow.resume_reading()
        if self.pipeline:
            self._start_asgi_task(*self.pipeline.pop())
        if self.cycle.response_complete and self.phase is Phase.WORK:
            self._enter(Phase.IDLE, self._limits.idle_seconds)

    def pause_writing(self) -> None:
        super().pause_writing()
        # Whoever asks and does not read the answers would be waited for without end.
        self.deadline = min(self.deadline, self.loop.time() + self._limits.body_seconds)

    def resume_writing(self) -> None:
        super().resume_writing()
        if self.phase is Phase.WORK:
            self.deadline = math.inf

    def send_400_response(self, msg: str) -> None:
        self._refuse(self._refusal or MalformedRequest("it is no HTTP/1.1"))

    def overdue(self) -> None:
        """The time of its phase is over."""
        if self.phase is Phase.HEAD and self._fed:
            self._refuse(TooSlow("head of the request", self._limits.head_seconds))
        elif self.phase is Phase.BODY:
            self._refuse(TooSlow("body of the request", self._limits.body_seconds))
        else:
            self.drop()

    def drop(self) -> None:
        """End it at once. What its peer does not read the kernel need not keep, either."""
        peer = self.transport.get_extra_info("socket")
        if peer is not None and self.transport.get_write_buffer_size():
            peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.transport.abort()

    def _enter(self, phase: Phase, seconds: float) -> None:
        self.phase, self.deadline = phase, self.loop.time() + seconds

    def _refuse(self, error: GatewayError) -> None:
        if self.transport.is_closing():
            return
        if self.phase is Phase.WORK or (self.cycle and self.cycle.response_started and self.phase is Phase.BODY):
            self.drop()  # an answer is on the way, for which this one would be taken
            return
        request_id = new_request_id()
        _log.info("%s refused %s -: %s", request_id, self.client[0] if self.client else "", error.code)
        self.transport.write(raw_response(request_id, error))
        self.transport.close()
        self._enter(Phase.CLOSING, self._limits.head_seconds)
