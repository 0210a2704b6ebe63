"""A small HTTP server whose paths behave in the ways that the samples need. Loopback only; standard library only.

`python -m anyjob_http.peer 8055` serves them at that port, for trying out the examples.
"""

from __future__ import annotations

import base64
import json
import socket
import sys
import threading
from collections.abc import Iterable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import TracebackType
from typing import ClassVar, Final, Self
from urllib.parse import parse_qsl, quote, unquote

__all__ = ["Peer"]

_LONG: Final = 90.0
_LINE: Final = b"0123456789abcde\n"


class Peer:
    """The server, for the length of a block. `url` is its origin; `requests` what came, "GET /hello" each."""

    def __init__(self, port: int = 0) -> None:
        """`port` 0: any that is free."""
        self._port = port
        self.requests: list[str] = []
        self.closing = threading.Event()
        self.jobs: dict[str, str] = {}
        """Jobs taken by 202: `going` or `done`, by their keys."""

    def __enter__(self) -> Self:
        handler = type("_HandlerOfOne", (_Handler,), {"peer": self})
        self._server = _Server(("127.0.0.1", self._port), handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.closing.set()
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


class _Server(ThreadingHTTPServer):
    request_queue_size = 1024
    daemon_threads = True

    def handle_error(self, request: object, client_address: object) -> None:
        """Callers that hang up are what some samples are about."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    peer: ClassVar[Peer]

    def do_GET(self) -> None:
        self._serve()

    def do_POST(self) -> None:
        self._serve()

    def _serve(self) -> None:
        self.body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        path, _, self.query = self.path.partition("?")
        self.peer.requests.append(f"{self.command} {path}")
        do = getattr(self, f"on_{path.strip('/').partition('/')[0]}", None)
        if do is None:
            self._answer(404, b"nothing here")
        else:
            do()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's own name
        """Nothing is told on stderr."""

    # ---------------------------------------------------------------- what the paths do

    def on_hello(self) -> None:
        self._answer(200, b"hello")

    def on_fails(self) -> None:
        self._answer(500, b"no")

    def on_status(self) -> None:
        self._answer(int(self.query), b"as you asked")

    def on_echo(self) -> None:
        self._answer(200, self.body, {"Content-Type": self.headers.get("Content-Type", "text/plain")})

    def on_form(self) -> None:
        """The form as JSON, with a code as many services have it."""
        form = dict(parse_qsl(self.body.decode()))
        said = json.dumps({"code": 200, "form": form}).encode()
        self._answer(200, said, {"Content-Type": "application/json"})

    def on_sleeps(self) -> None:
        """Says that it is ready, and then nothing for a minute and more."""
        self._begin(200, {"Transfer-Encoding": "chunked"})
        self._chunk(b"ready\n")
        self.peer.closing.wait(_LONG)
        self._chunk(b"")

    def on_remembers(self) -> None:
        """Appends to the file that the form names."""
        file, run = Path(unquote(self.body.decode())), self.headers["X-Anyjob-Run"]
        for word in ("begin", "end"):
            with file.open("a") as lines:
                print(run, word, file=lines)
            if word == "begin":
                self.peer.closing.wait(0.3)
        self._answer(200, b"done")

    def on_floods(self) -> None:
        self._stream(_LINE * 4096 for _ in range(int(self.query) // (len(_LINE) * 4096)))

    def on_line(self) -> None:
        self._stream(b"x" * 50_000 for _ in range(int(self.query) // 50_000))

    def on_counts(self) -> None:
        def numbers() -> Iterable[bytes]:
            for number in range(1, int(self.query) + 1):
                yield b"%d\n" % number
                if number % 10 == 0:
                    self.peer.closing.wait(0.02)

        self._stream(numbers())

    def on_bytes(self) -> None:
        """The bytes of the query, percent-encoded there."""
        self._answer(200, bytes.fromhex(self.query), {"Content-Type": "application/octet-stream"})

    def on_facts(self) -> None:
        """The identity headers, as an environment would hold them."""
        lines = [
            f"ANYJOB_{name[9:].upper().replace('-', '_')}={unquote(value)}"
            for name, value in self.headers.items()
            if name.lower().startswith("x-anyjob-")
        ]
        self._answer(200, "\n".join(lines).encode())

    def on_secret(self) -> None:
        """The secret that it was sent, in every form it can."""
        secret = self.headers["X-Token"].encode("latin-1").decode()
        forms = {
            "length": len(secret),
            "plain": secret,
            "base64": base64.b64encode(secret.encode()).decode(),
            "shifted": base64.b64encode(b"x" + secret.encode()).decode(),
            "url": quote(secret),
        }
        body = json.dumps(forms, ensure_ascii=False).encode()
        half = body.index(b'"plain"') + 14  # in two pieces, the first ends inside it
        self._stream([body[:half], body[half:]])

    def on_accepts(self) -> None:
        """Takes a job, once for each key, works on it for a moment, and appends to the file that the form names."""
        job = self.headers.get("Idempotency-Key", "job")
        if job not in self.peer.jobs:
            self.peer.jobs[job] = "going"
            threading.Thread(target=self._work, args=[job, self.headers["X-Anyjob-Run"]], daemon=True).start()
        self._answer(202, b"", {"Location": f"/jobs/{quote(job)}?{self.query}"})

    def _work(self, job: str, run: str) -> None:
        file = unquote(self.body.decode())
        for word in ("begin", "end"):
            if file.startswith("/"):
                with Path(file).open("a") as lines:
                    print(run, word, file=lines)
            if word == "begin":
                self.peer.closing.wait(0.3)
        self.peer.jobs[job] = "done"

    def on_jobs(self) -> None:
        """How the job stands: 202, or what it gave: the numbers up to the one in the query."""
        if self.peer.jobs.get(unquote(self.path.partition("?")[0].rpartition("/")[2])) != "done":
            self._answer(202, b"")
        elif self.query:
            self.on_counts()
        else:
            self._answer(200, b"done")

    # ---------------------------------------------------------------- answers

    def _begin(self, status: int, headers: dict[str, str]) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()

    def _answer(self, status: int, body: bytes, headers: dict[str, str] | None = None) -> None:
        self._begin(
            status, {"Content-Type": "text/plain; charset=utf-8", **(headers or {}), "Content-Length": str(len(body))}
        )
        self.wfile.write(body)

    def _stream(self, pieces: Iterable[bytes]) -> None:
        self._begin(200, {"Transfer-Encoding": "chunked", "Content-Type": "application/json"})
        for piece in pieces:
            self._chunk(piece)
        self._chunk(b"")

    def _chunk(self, piece: bytes) -> None:
        self.connection.sendall(b"%x\r\n%b\r\n" % (len(piece), piece), socket.MSG_NOSIGNAL)


def _main() -> None:
    with Peer(int(sys.argv[1]) if sys.argv[1:] else 0) as peer:
        sys.stdout.write(f"{peer.url}\n")
        sys.stdout.flush()
        try:
            threading.Event().wait()
        except KeyboardInterrupt:
            pass  # the way to end it


if __name__ == "__main__":
    _main()
