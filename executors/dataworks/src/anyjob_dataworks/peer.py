"""A practice server that speaks what the samples, examples and tests need of DataWorks. Loopback only.

`python -m anyjob_dataworks.peer 8056` serves it at that port, as the region `practice:8056`. It checks every signature.

Sources: Alibaba Cloud API, signature V3, the headers; Alibaba Cloud API, error codes, the gateway's.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import socket
import sys
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, ClassVar, Final, Self
from urllib.parse import parse_qsl

from anyjob_dataworks.credentials import PRACTICE
from anyjob_dataworks.peerapi import Refusal, operations
from anyjob_dataworks.peerflows import PeerFlows
from anyjob_dataworks.signature import ALGORITHM, TIME_FORMAT, signature

__all__ = ["Exchange", "Peer", "PeerKey", "Play", "Signed"]

_WINDOW: Final = 900
_MUST_BE_SIGNED: Final = ("host", "x-acs-action", "x-acs-content-sha256", "x-acs-date", "x-acs-signature-nonce")


@dataclass(frozen=True, slots=True, kw_only=True)
class PeerKey:
    """An access key that the server knows. `token`, until `expires` (epoch seconds), for a temporary one."""

    secret: str
    token: str = ""
    expires: float = float("inf")
    allowed: Callable[[str], bool] = lambda action: True


@dataclass(frozen=True, slots=True, kw_only=True)
class Signed:
    """A request as its signature covers it. `headers`: those that are signed, by names in lower case."""

    method: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes
    key_id: str
    secret: str

    def expected(self) -> str:
        """The signature, by this package's own reckoning; tests put the vendor's in its place."""
        body_hash = hashlib.sha256(self.body).hexdigest()
        return signature(self.method, self.query, self.headers, body_hash, self.secret)


class Exchange:
    """One request, and ways to answer it."""

    def __init__(self, handler: _Handler, action: str, parameters: Mapping[str, str]) -> None:
        self._handler, self.action, self.parameters = handler, action, parameters

    def do(self) -> dict[str, Any]:
        """Do what is asked, and answer nothing."""
        return self._handler.result(self.action, self.parameters)

    def answer(self, status: int, body: object, headers: Mapping[str, str] | None = None) -> None:
        """As JSON."""
        data = json.dumps(body).encode()
        self.raw(status, data, {"Content-Type": "application/json;charset=utf-8", **(headers or {})})

    def raw(self, status: int, data: bytes, headers: Mapping[str, str]) -> None:
        """These bytes."""
        self.begin(status, {**headers, "Content-Length": str(len(data))})
        self.write(data)

    def begin(self, status: int, headers: Mapping[str, str]) -> None:
        """The head of an answer."""
        self._handler.send_response(status)
        for name, value in headers.items():
            self._handler.send_header(name, value)
        self._handler.end_headers()

    def write(self, data: bytes) -> None:
        """A part of its body. Raises OSError once the caller has hung up."""
        self._handler.connection.sendall(data, socket.MSG_NOSIGNAL)

    def refuse(self, status: int, code: str, message: str, headers: Mapping[str, str] | None = None) -> None:
        """As the gateway says no."""
        self.answer(status, {"RequestId": "practice", "HostId": "practice", "Code": code, "Message": message}, headers)

    def hang_up(self) -> None:
        """Close the connection."""
        self._handler.close_connection = True
        self._handler.connection.shutdown(socket.SHUT_RDWR)


Play = Callable[[Exchange], None]
"""What a test does in place of the server, for one request."""


class Peer:
    """The server, for the length of a block. `port` is where it listens, `region` its name for jobs; `asked` the
    actions that came, with their parameters; `clock` the seconds that it is ahead."""

    def __init__(self, port: int = 0, expected: Callable[[Signed], str] = Signed.expected) -> None:
        """`port` 0: any that is free. `expected`: who reckons signatures."""
        self._port, self._expected = port, expected
        self.keys: dict[str, PeerKey] = {PRACTICE.id: PeerKey(secret=PRACTICE.secret)}
        self.flows = PeerFlows()
        self.asked: list[tuple[str, Mapping[str, str]]] = []
        self.clock = 0.0
        self.plays: list[tuple[str, Play]] = []
        """What is done for the next request of an action, first come first served."""
        self.closing = threading.Event()
        self._do = operations(self.flows)
        self._nonces: set[str] = set()
        self._lock = threading.Lock()

    def play(self, action: str, play: Play, times: int = 1) -> None:
        """Answer the next `times` requests of an action so."""
        self.plays += [(action, play)] * times

    def count(self, action: str) -> int:
        """How often an action was asked for."""
        return sum(name == action for name, _ in self.asked)

    @property
    def region(self) -> str:
        """What jobs write as their region, to be sent here."""
        return f"practice:{self.port}"

    def __enter__(self) -> Self:
        handler = type("_HandlerOfOne", (_Handler,), {"peer": self})
        self._server = _Server(("127.0.0.1", self._port), handler)
        self.port = self._server.server_port
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.closing.set()
        self.flows.closing.set()
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    # ---------------------------------------------------------------- the gateway

    def admit(self, signed: Signed, said: str) -> None:
        """Raises Refusal for a request that the gateway does not let through."""
        headers, key = signed.headers, self.keys.get(signed.key_id)
        if key is None:
            raise Refusal(404, "InvalidAccessKeyId.NotFound", "Specified access key is not found.")
        missing = [name for name in _MUST_BE_SIGNED if name not in headers]
        if missing:
            raise Refusal(400, "IncompleteSignature", f"{', '.join(missing)} is not signed.")
        if headers["x-acs-content-sha256"] != hashlib.sha256(signed.body).hexdigest():
            raise Refusal(400, "SignatureDoesNotMatch", "The body is not the one that is signed.")
        if not hmac.compare_digest(said, self._expected(signed)):
            message = "Specified signature is not matched with our calculation."
            raise Refusal(400, "SignatureDoesNotMatch", message)
        now = time.time() + self.clock
        try:
            at = time.mktime(time.strptime(headers["x-acs-date"], TIME_FORMAT)) - time.timezone
        except ValueError:
            raise Refusal(400, "InvalidTimeStamp.Format", "Specified time stamp is not well formatted.") from None
        if abs(now - at) > _WINDOW:
            raise Refusal(400, "InvalidTimeStamp.Expired", "Specified time stamp or date value is expired.")
        if headers.get("x-acs-security-token", "") != key.token:
            raise Refusal(400, "InvalidSecurityToken.Malformed", "Specified SecurityToken is malformed.")
        if now > key.expires:
            raise Refusal(400, "InvalidSecurityToken.Expired", "Specified SecurityToken is expired.")
        with self._lock:
            if headers["x-acs-signature-nonce"] in self._nonces:
                raise Refusal(400, "SignatureNonceUsed", "Specified signature nonce was used already.")
            self._nonces.add(headers["x-acs-signature-nonce"])
        if not key.allowed(headers["x-acs-action"]):
            raise Refusal(403, "ResourceNotAuthorized.Api", "You are not authorized to access the resources.")

    def operation(self, version: str, action: str) -> Callable[[Mapping[str, str]], dict[str, Any]]:
        """Raises Refusal for one that there is not."""
        found = self._do.get((version, action))
        if found is None:
            message = "Specified api is not found, please check your url and method."
            raise Refusal(404, "InvalidApi.NotFound", message)
        return found

    def next_play(self, action: str) -> Play | None:
        """What was set up for this request."""
        with self._lock:
            for place, (name, play) in enumerate(self.plays):
                if name == action:
                    del self.plays[place]
                    return play
        return None


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 256

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A caller that hung up is no fault of this server."""


class _Handler(BaseHTTPRequestHandler):
    peer: ClassVar[Peer]
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True  # else the body waits until the caller has acknowledged the head: 40 ms

    def do_GET(self) -> None:
        self._serve()

    def do_POST(self) -> None:
        self._serve()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's own name
        """Nothing is told on stderr."""

    def date_time_string(self, timestamp: float | None = None) -> str:
        """By the server's own clock."""
        return formatdate((time.time() if timestamp is None else timestamp) + self.peer.clock, usegmt=True)

    def result(self, action: str, parameters: Mapping[str, str]) -> dict[str, Any]:
        """What the operation gives. Raises Refusal."""
        done = self.peer.operation(self.headers.get("x-acs-version", ""), action)(parameters)
        return {"RequestId": "practice", **done}

    def _serve(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        query = dict(parse_qsl(self.path.partition("?")[2], keep_blank_values=True))
        parameters = {**query, **dict(parse_qsl(body.decode(), keep_blank_values=True))}
        action = self.headers.get("x-acs-action", "")
        exchange = Exchange(self, action, parameters)
        try:
            self.peer.admit(*self._signed(query, body))
            self.peer.asked.append((action, parameters))
            play = self.peer.next_play(action)
            if play is not None:
                play(exchange)
            else:
                exchange.answer(200, exchange.do())
        except Refusal as no:
            if no.status == 200:  # as some operations do
                said = {"Success": False, "HttpStatusCode": 404, "ErrorCode": no.code, "ErrorMessage": no.message}
                exchange.answer(200, {"RequestId": "practice", **said})
            else:
                exchange.refuse(no.status, no.code, no.message)
        except OSError:
            self.close_connection = True

    def _signed(self, query: Mapping[str, str], body: bytes) -> tuple[Signed, str]:
        """The request, and the signature that it carries."""
        kind, _, rest = self.headers.get("Authorization", "").partition(" ")
        parts = dict(part.strip().split("=", 1) for part in rest.split(",") if "=" in part)
        if kind != ALGORITHM or {"Credential", "SignedHeaders", "Signature"} - parts.keys():
            raise Refusal(400, "IncompleteSignature", "The request is not signed by ACS3-HMAC-SHA256.")
        names = parts["SignedHeaders"].split(";")
        key = self.peer.keys.get(parts["Credential"])
        signed = Signed(
            method=self.command,
            query=query,
            headers={name: self.headers.get(name, "") for name in names},
            body=body,
            key_id=parts["Credential"],
            secret="" if key is None else key.secret,
        )
        return signed, parts["Signature"]


def _main() -> None:
    with Peer(int(sys.argv[1]) if sys.argv[1:] else 0) as peer:
        sys.stdout.write(f"practice:{peer.port}\n")
        sys.stdout.flush()
        try:
            threading.Event().wait()
        except KeyboardInterrupt:
            pass  # the way to end it


if __name__ == "__main__":
    _main()
