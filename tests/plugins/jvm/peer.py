"""The worker's side of the application protocol, as small as can be: what it hears is kept, what it says is said."""

from __future__ import annotations

import base64
import json
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

TIME = 30.0

Message = dict[str, Any]


class Line:
    """One connection of an application."""

    def __init__(self, connection: socket.socket) -> None:
        self.socket = connection
        self.heard: list[Message] = []
        self.size = 0
        self.ended = False
        self.reads = threading.Event()
        self.reads.set()
        self._news = threading.Condition()
        self._ids = 0
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self) -> None:
        rest = bytearray()
        while True:
            self.reads.wait()
            try:
                data = self.socket.recv(1 << 16)
            except OSError:
                data = b""
            with self._news:
                self.size += len(data)
                if not data:
                    self.ended = True
                    self._news.notify_all()
                    return
                rest += data
                *lines, left = rest.split(b"\n")
                rest = bytearray(left)
                self.heard += [json.loads(line) for line in lines]
                self._news.notify_all()

    def raw(self, data: bytes) -> None:
        self.socket.sendall(data)

    def say(self, kind: str, **fields: Any) -> None:
        self.raw(json.dumps({"type": kind, **fields}).encode() + b"\n")

    def begin(self, kind: str, **fields: Any) -> int:
        """A request; gives its id."""
        self._ids += 1
        self.say(kind, id=self._ids, **fields)
        return self._ids

    def ask(self, kind: str, **fields: Any) -> Message:
        """A request and its answer."""
        number = self.begin(kind, **fields)
        return self.wait(lambda message: message.get("re") == number)

    def wait(self, fits: Callable[[Message], bool], seconds: float = TIME) -> Message:
        """The first message that fits."""
        end = time.monotonic() + seconds
        at = 0
        with self._news:
            while True:
                for message in self.heard[at:]:
                    if fits(message):
                        return message
                at = len(self.heard)
                left = end - time.monotonic()
                assert left > 0, f"no such message; heard {[str(one)[:300] for one in self.heard[-20:]]}"
                assert not self.ended, f"the connection ended; heard {[str(one)[:300] for one in self.heard[-20:]]}"
                self._news.wait(left)

    def end(self, seconds: float = TIME) -> None:
        """Wait until the application has closed it."""
        end = time.monotonic() + seconds
        with self._news:
            while not self.ended:
                assert time.monotonic() < end, "the application did not close the connection"
                self._news.wait(1)

    def of(self, kind: str, run: str | None = None) -> list[Message]:
        with self._news:
            return [one for one in self.heard if one["type"] == kind and run in (None, one.get("run"))]

    def result(self, run: str, seconds: float = TIME) -> Message:
        said = self.wait(lambda one: one["type"] == "result" and one["run"] == run, seconds)
        outcome: Message = said["outcome"]
        return outcome

    def output(self, run: str) -> bytes:
        return b"".join(base64.b64decode(one["base64"]) for one in self.of("log", run))

    def printed(self, run: str, text: bytes) -> None:
        """Wait until the run's log holds the text."""
        self.wait(lambda one: one["type"] == "log" and text in self.output(run))

    def close(self) -> None:
        # Both ways, so that the reading thread ends too.
        try:
            self.socket.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        self.socket.close()


class Peer:
    """Listens on a Unix socket, or on TCP, and starts the test's host against it."""

    def __init__(self, folder: Path, *, tcp: bool = False) -> None:
        self.tcp = tcp
        self.path = folder / "app.sock"
        self.process: subprocess.Popen[bytes] | None = None
        self.lines: list[Line] = []
        self.errors = folder / "stderr"
        self.port = 0
        self.listen()

    def listen(self) -> None:
        if self.tcp:
            self.listener = socket.socket()
            self.listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            self.listener.bind(("127.0.0.1", self.port))
            self.port = self.listener.getsockname()[1]
        else:
            self.path.unlink(missing_ok=True)
            self.listener = socket.socket(socket.AF_UNIX)
            self.listener.bind(str(self.path))
        self.listener.listen()
        self.listener.settimeout(TIME)

    @property
    def address(self) -> str:
        return f"tcp:127.0.0.1:{self.port}" if self.tcp else f"unix:{self.path}"

    def start(self, argv: Sequence[str]) -> None:
        env = {"ANYJOB_APP": self.address, "ANYJOB_APP_TOKEN": "tok", "PATH": "/usr/bin:/bin"}
        with self.errors.open("ab") as errors:
            self.process = subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=errors, env=env)

    def accept(self) -> Line:
        """The next connection, its hello unanswered."""
        connection, _ = self.listener.accept()
        if self.tcp:
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        line = Line(connection)
        self.lines.append(line)
        return line

    def welcome(self) -> Line:
        """The next connection, welcomed."""
        line = self.accept()
        line.wait(lambda one: one["type"] == "hello")
        line.say("welcome", protocol=1, line=16 << 20, node="here", group="g")
        return line

    def vanish(self) -> None:
        """Nobody listens any more, and what was connected is lost."""
        self.listener.close()
        for line in self.lines:
            line.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            assert self.process.stdin is not None
            assert self.process.stdout is not None
            self.process.stdin.close()
            self.process.stdout.close()
        self.vanish()


def facts(**others: Any) -> Message:
    return {"job": "count", "parameters": "p", "grace": 2.0, "saved": None, **others}
