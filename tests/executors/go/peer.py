"""Plays the worker towards an application: a listener, and one connection at a time."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Self

FACTS: Mapping[str, Any] = {
    "job": "count",
    "job_type": "go",
    "job_id": 42,
    "group": "shop",
    "execute_mode": "standalone",
    "content": '{"jobName": "Hello"}',
    "instance": 7,
    "task": 0,
    "task_name": "",
    "attempt": 0,
    "fence": 1,
    "key": "aj-7-0-a0",
    "phase": "PROCESS",
    "parameters": "",
    "instance_parameters": "",
    "shard": None,
    "payload": None,
    "upstream": None,
    "schedule_time": 1_700_000_000_000,
    "data_time": 1_700_000_000_001,
    "trigger": 1,
    "deadline": None,
    "grace": 10.0,
    "saved": None,
}


class Peer:
    """A worker's socket, and a program that was told of it."""

    def __init__(
        self, program: Path, *, token: str = "t0ken", env: Mapping[str, str] | None = None, patience: float = 20
    ) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="anyjob-peer-")
        self.path = Path(self._folder.name) / "sock"
        self.patience = patience
        self.listening: socket.socket
        self.listen()
        self.output = Path(self._folder.name) / "output"
        told = {**os.environ, "ANYJOB_APP": f"unix:{self.path}", "ANYJOB_APP_TOKEN": token, **(env or {})}
        with self.output.open("wb") as output:
            self.process = subprocess.Popen([program], env=told, stdout=output, stderr=output)
        self.connection = socket.socket(socket.AF_UNIX)
        self.rest = b""
        self.inbox: list[dict[str, Any]] = []
        self.last = 0

    def listen(self) -> None:
        self.path.unlink(missing_ok=True)
        self.listening = socket.socket(socket.AF_UNIX)
        self.listening.bind(str(self.path))
        self.listening.listen(8)
        self.listening.settimeout(self.patience)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.process.kill()
        self.process.wait()
        self.listening.close()
        self.connection.close()
        self._folder.cleanup()

    # ---------------------------------------------------------------- the connection

    def accept(self) -> dict[str, Any]:
        """Take the next connection, without a word. Gives its hello."""
        connection, _ = self.listening.accept()
        self.hang_up()
        self.connection = connection
        self.connection.settimeout(self.patience)
        self.rest, self.inbox = b"", []
        hello = self.read()
        assert hello["type"] == "hello", hello
        return hello

    def welcome(self, line: int = 16 << 20) -> dict[str, Any]:
        """Take the next connection and welcome it. Gives its hello."""
        hello = self.accept()
        self.say(type="welcome", protocol=1, line=line, node="n", group="shop")
        return hello

    def hang_up(self) -> None:
        self.connection.close()

    def say(self, **fields: Any) -> None:
        self.connection.sendall(json.dumps(fields).encode() + b"\n")

    def read(self) -> dict[str, Any]:
        while b"\n" not in self.rest:
            part = self.connection.recv(1 << 20)
            if not part:
                raise EOFError("the application has closed the connection")
            self.rest += part
        line, _, self.rest = self.rest.partition(b"\n")
        return json.loads(line)

    def until(self, wanted: Callable[[dict[str, Any]], object]) -> dict[str, Any]:
        """The next message that is wanted; all others are kept in `inbox`."""
        for at, said in enumerate(self.inbox):
            if wanted(said):
                return self.inbox.pop(at)
        while True:
            said = self.read()
            if wanted(said):
                return said
            self.inbox.append(said)

    # ---------------------------------------------------------------- what a worker says

    def send(self, kind: str, **fields: Any) -> int:
        self.last += 1
        self.say(type=kind, id=self.last, **fields)
        return self.last

    def ask(self, kind: str, **fields: Any) -> dict[str, Any]:
        number = self.send(kind, **fields)
        return self.until(lambda said: said.get("re") == number)

    def start(self, name: str, run: str = "aj-7-0-1", *, secrets: Mapping[str, str] | None = None, **facts: Any) -> Any:
        body = {"facts": {**FACTS, **facts}, "spec": {"jobName": name, "stopSignal": "TERM"}, "secrets": secrets or {}}
        return self.ask("start", run=run, name=name, **body)

    def result(self, run: str = "aj-7-0-1") -> dict[str, Any]:
        """The outcome of the run."""
        return self.until(lambda said: said["type"] == "result" and said["run"] == run)["outcome"]

    def call(self, name: str, run: str = "aj-7-0-1", **facts: Any) -> dict[str, Any]:
        """A run from its start to its end."""
        assert self.start(name, run, **facts)["type"] == "ok"
        outcome = self.result(run)
        assert self.ask("clean", run=run, handle=None)["type"] == "ok"
        return outcome

    def request_of(self, kind: str) -> dict[str, Any]:
        """The application's next request of the kind."""
        return self.until(lambda said: said["type"] == kind)

    def log(self, run: str = "aj-7-0-1") -> str:
        """What has been said of the run's log so far."""
        return "".join(said.get("text", "") for said in self.inbox if said["type"] == "log" and said["run"] == run)

    def logged(self, text: str, run: str = "aj-7-0-1") -> None:
        """Read until the log of the run holds the text."""
        while text not in self.log(run):
            self.inbox.append(self.read())
