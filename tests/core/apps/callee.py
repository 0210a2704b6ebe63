"""An application in which named code runs: the user's side of the protocol, as an SDK would have it.

    python callee.py JOB_TYPE NAME ...

It dials what ANYJOB_APP names, with ANYJOB_APP_TOKEN, again and again. What a run does is the Python text in `code` of
its spec, executed in a thread, with `run` at hand. With `files:FOLDER` it is a process for one run.
"""

from __future__ import annotations

import ctypes
import json
import os
import random
import signal
import socket
import sys
import threading
import time
from pathlib import Path
from typing import Any

KEPT = 256 << 10


class Interrupted(BaseException):
    """Raised in the thread of a run that is forced to end."""


class Run:
    """What the code sees."""

    def __init__(self, app: App, message: dict[str, Any]) -> None:
        self._app = app
        self.name: str = message["run"]
        self.called: str = message.get("name", "")
        self.facts: dict[str, Any] = message["facts"]
        self.spec: dict[str, Any] = message["spec"]
        self.secrets: dict[str, str] = message.get("secrets", {})
        self.stopping = threading.Event()
        self.by = ""
        self.outcome: dict[str, Any] | None = None
        self.done = self.worn = False
        self.told: Any = None
        self.size = 0
        self.kept = b""
        self.thread = threading.Thread(target=self._live, daemon=True)

    def log(self, text: str | bytes) -> None:
        data = text.encode() if isinstance(text, str) else text
        for at in range(0, len(data), 65536):
            self._write(data[at : at + 65536])

    def _write(self, data: bytes) -> None:
        import base64

        with self._app.lock:
            self.size += len(data)
            self.kept = (self.kept + data)[-KEPT:]
            said = {"base64": base64.b64encode(data).decode(), "source": "app", "cursor": str(self.size)}
            self.say(type="log", **said)

    def say(self, **message: Any) -> None:
        """Only where the worker has asked for it: by `start` or `watch` on this connection."""
        if self.told is not None and self.told is self._app.stream:
            self._app.say(run=self.name, **message)

    def progress(self, done: int, total: int) -> None:
        self.say(type="progress", done=done, total=total)

    def checkpoint(self, data: Any) -> None:
        self._app.request(type="checkpoint", run=self.name, data=data)

    def map(self, items: list[Any], name: str, key: str) -> None:
        self._app.request(type="map", run=self.name, items=items, name=name, key=key)

    def result(self, **outcome: Any) -> None:
        self.outcome = outcome

    def _live(self) -> None:
        outcome: dict[str, Any]
        try:
            exec(self.spec["code"], {"run": self, "time": time, "os": os, "json": json, "app": self._app})
            outcome = self.outcome or {"cause": "succeeded"}
        except Interrupted:
            outcome = {"cause": "stopped"}
        except BaseException as error:  # noqa: BLE001 - SystemExit of the code is a failure too
            outcome = {"cause": "failed", "result": f"{type(error).__name__}: {error}"}
        if self.by and "stop" not in outcome:
            outcome["stop"] = {"strength": "REPORTED", "by": self.by, "evidence": [], "survivors": []}
        with self._app.lock:
            self.outcome, self.done = outcome, True
            self._app.over(self)

    def stop(self, stage: str) -> dict[str, Any]:
        self.by = self.by or "flag"
        self.stopping.set()
        if stage == "FORCE" and self.thread.is_alive() and self.thread.ident is not None:
            self.by = "interrupt"
            ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(self.thread.ident), ctypes.py_object(Interrupted))
        return {"strength": "ASKED", "by": self.by, "evidence": [], "survivors": []}

    def again(self, cursor: int) -> None:
        """Tell anew what the worker has not kept."""
        import base64

        with self._app.lock:
            self.told = self._app.stream
            begins = self.size - len(self.kept)
            if cursor < begins:
                lost = f"[anyjob] {begins - cursor} bytes of log were lost\n".encode()
                self.say(type="log", base64=base64.b64encode(lost).decode(), source="app", cursor=str(begins))
                cursor = begins
            if cursor < self.size:
                data = base64.b64encode(self.kept[cursor - begins :]).decode()
                self.say(type="log", base64=data, source="app", cursor=str(self.size))
            for number, message in self._app.owed.items():
                if message["run"] == self.name:
                    self._app.say(id=number, **message)
            if self.done:
                self.say(type="result", outcome=self.outcome, retire=self.worn)


class App:
    """One process."""

    def __init__(self, job_type: str, names: list[str]) -> None:
        self.job_type, self.names = job_type, names
        self.id = f"{random.randrange(16**16):016x}"
        self.lock = threading.RLock()
        self.runs: dict[str, Run] = {}
        self.stream: Any = None
        self.number = 0
        self.owed: dict[int, dict[str, Any]] = {}
        self.answers: dict[int, dict[str, Any]] = {}
        self.answered = threading.Condition(self.lock)
        self.begun = 0
        self.held = time.monotonic()
        self.resident = False
        self.ending = "CALLEE_GOES" in os.environ
        """It drains: what it has goes on, and it takes no more."""

    def say(self, **message: Any) -> None:
        with self.lock:
            if self.stream is not None:
                try:
                    self.stream.sendall(json.dumps(message).encode() + b"\n")
                except OSError:
                    self.stream = None

    def request(self, **message: Any) -> dict[str, Any]:
        """Said again over a new connection, until it is answered."""
        with self.lock:
            self.number += 1
            number = self.number
            self.owed[number] = message
            self.say(id=number, **message)
            while number not in self.answers:
                self.answered.wait(1)
            answer = self.answers.pop(number)
        if answer["type"] != "ok":
            raise RuntimeError(answer.get("message", answer["type"]))
        return answer

    def serve(self, *names: str) -> None:
        """Announce further names."""
        self.names = [*self.names, *names]
        self.say(type="names", names=self.names)

    def over(self, run: Run) -> None:
        run.say(type="result", outcome=run.outcome, retire=run.worn)

    # ---------------------------------------------------------------- connected

    def live(self, where: str) -> None:
        self.resident = not sys.argv[2:]
        pause = 0.1
        while True:
            try:
                pause = 0.1 if self.talk(dial(where)) else pause
            except OSError:
                pass  # nobody is there, or whoever was went before the welcome
            if (
                self.resident and not self.runs and time.monotonic() - self.held > 20
            ):  # the page says 60; a test must not leave it so long
                return
            time.sleep(pause * random.uniform(0.5, 1))
            pause = min(10, pause * 2)

    def talk(self, stream: socket.socket) -> bool:
        with self.lock, stream:
            hello = {
                "type": "hello",
                "protocols": [1],
                "role": "app",
                "software": "callee 1",
                "job_type": self.job_type,
                "token": os.environ.get("ANYJOB_APP_TOKEN", ""),
                "id": self.id,
                "app": os.environ.get("CALLEE", "callee"),
                "names": self.names,
                "details": {name: {"kind": "code"} for name in self.names},
                "runs": list(self.runs),
            }
            stream.sendall(json.dumps(hello).encode() + b"\n")
            file = stream.makefile("rb")
            first = file.readline()
            if not first or json.loads(first)["type"] != "welcome":
                sys.stderr.write(f"not welcome: {first!r}\n")
                sys.stderr.flush()
                time.sleep(1)
                return False
            self.stream = stream
            lock_free = file
        try:
            # Not under the lock: others speak meanwhile.
            while line := lock_free.readline():
                self.take(json.loads(line))
                self.held = time.monotonic()
        except OSError:
            pass
        with self.lock:
            if self.stream is stream:
                self.stream = None
        stream.close()
        return True

    def take(self, message: dict[str, Any]) -> None:
        kind, number = message["type"], message.get("id")
        if kind in ("ok", "error", "unsupported"):
            with self.lock:
                if self.owed.pop(message["re"], None) is not None:
                    self.answers[message["re"]] = message
                    self.answered.notify_all()
            return
        run = self.runs.get(message.get("run", ""))
        if kind == "start":
            if run is None:
                if self.ending:
                    self.say(type="error", re=number, message="I am going", ending=True)
                    return
                if message["name"] and message["name"] not in self.names:
                    self.say(type="error", re=number, message=f"{message['name']} is not served here")
                    return
                run = self.runs[message["run"]] = Run(self, message)
                run.told = self.stream
                self.begun += 1
                self.say(type="ok", re=number)
                run.thread.start()
            else:
                self.say(type="ok", re=number)
        elif kind == "find":
            self.say(type="ok", re=number, held=run is not None)
        elif kind == "watch":
            if run is None:
                self.say(type="error", re=number, message=f"run {message['run']} is not held here")
            else:
                self.say(type="ok", re=number)
                run.again(int(message["cursors"].get("app", 0)))
        elif kind == "stop":
            if run is None:
                self.say(type="error", re=number, message=f"run {message['run']} is not held here")
            else:
                self.say(type="ok", re=number, stop=run.stop(message["stage"]))
        elif kind == "clean":
            self.runs.pop(message["run"], None)
            self.say(type="ok", re=number)
        elif kind == "ping":
            self.say(type="ok", re=number)
        elif kind == "count":
            self.say(type="ok", re=number, begun=self.begun, held=list(self.runs))
        elif number is not None:
            self.say(type="unsupported", re=number)


def dial(where: str) -> socket.socket:
    kind, _, rest = where.partition(":")
    if kind == "unix":
        stream = socket.socket(socket.AF_UNIX)
        stream.connect(rest)
        return stream
    host, _, port = rest.rpartition(":")
    return socket.create_connection((host, int(port)))


def alone(folder: Path) -> None:
    """A process for one run."""
    message = json.loads((folder / "start.json").read_text())
    app = App("", [])
    run = Run(app, message)
    written = threading.Event()

    def over(run: Run) -> None:
        said = json.dumps({"type": "result", "run": run.name, "outcome": run.outcome})
        (folder / "outcome.tmp").write_text(said)
        (folder / "outcome.tmp").rename(folder / "outcome.json")
        written.set()

    def log(text: str | bytes) -> None:
        os.write(1, text.encode() if isinstance(text, str) else text)

    def progress(done: int, total: int) -> None:
        with open(os.environ["ANYJOB_PROGRESS"], "a") as file:
            file.write(f"{done} {total}\n")

    app.over = over
    run.log = log
    run.progress = progress
    secrets = Path(os.environ["ANYJOB_SECRETS"])
    run.secrets = {file.name: file.read_text() for file in secrets.iterdir()} if secrets.exists() else {}

    def stop(number: int, frame: object) -> None:
        del number, frame
        run.stop("FORCE")

    signal.signal(signal.SIGTERM, stop)
    run.thread.start()
    while not written.wait(0.05):
        pass


def main() -> None:
    where = os.environ["ANYJOB_APP"]
    if where.startswith("files:"):
        alone(Path(where.removeprefix("files:")))
        return
    App(sys.argv[1], sys.argv[2:]).live(where)


if __name__ == "__main__":
    main()
