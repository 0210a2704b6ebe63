"""A small executor in Python that speaks XXL-JOB's protocol in the dialect of a version: for the conformance suite, for
trying out the examples, and for dialects and faults that no released executor shows.

`python -m anyjob_xxljob.fake [ADMIN...]` is one of app `samples`, which registers at these admins (else those of
ANYJOB_XXLJOB_ADMIN, with commas, else http://127.0.0.1:7781) with the token in ANYJOB_XXLJOB_TOKEN.

Source: XXL-JOB, EmbedServer and ExecutorBizImpl of each version.
"""

from __future__ import annotations

import json
import os
import sys
import threading
import time
import urllib.request
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, ClassVar, Final, Self

__all__ = ["DIALECTS", "Dialect", "FakeExecutor", "Work"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Dialect:
    """What differs between versions (all of it seen in real executors, 3.5 in a snapshot)."""

    payload: str = "data"
    run: str = "run"
    time: str = "logDateTim"
    wrapped: bool = False
    """Callbacks stand in an object."""
    success: str | None = "Success"
    past: int | None = 0
    """`toLineNum` of an answer with nothing new; None: the file's last line."""
    escapes: bool = False
    named: bool = False
    """The app's name must come with the token."""


DIALECTS: Final[Mapping[str, Dialect]] = {
    "2.4": Dialect(payload="content", success=None, past=None, escapes=True),
    "3.2": Dialect(payload="content", past=None),
    "3.3": Dialect(),
    "3.5": Dialect(run="trigger", time="logDateTime", wrapped=True, named=True),
}
_KILLED: Final = "scheduling center kill job."
_KEEP: Final = 60.0
"""Seconds in which a callback is tried again. Real executors never give up."""


@dataclass(slots=True, eq=False)
class Work:
    """One run, as its handler sees it."""

    request: Mapping[str, Any]
    headers: Mapping[str, str]
    log: bytearray = field(default_factory=bytearray)
    killed: threading.Event = field(default_factory=threading.Event)
    begun: bool = False

    @property
    def parameter(self) -> str:
        """What the admin gave for the handler; empty: nothing."""
        return str(self.request.get("executorParams") or "")

    def write(self, data: bytes) -> None:
        """Append to the log that the admin asks for."""
        self.log += data

    def sleep(self, seconds: float) -> None:
        """Raises InterruptedError when the run is killed."""
        if self.killed.wait(seconds):
            raise InterruptedError


Handler = Callable[[Work], "str | tuple[int, str] | None"]


class FakeExecutor:
    """An executor for the length of a block. Handlers return a text, or a code and a text.

    `faults` says what goes wrong with a path: `close` (the request is acted on, and the connection closed without an
    answer), `swallow` (the same, and nothing is done), `html` (acted on, and answered by a web page), `early` (the
    answer comes after the callback).
    """

    def __init__(
        self,
        handlers: Mapping[str, Handler],
        *,
        admins: Iterable[str],
        token: str,
        app: str = "samples",
        dialect: str = "3.3",
        port: int = 0,
        retry: float = 0.05,
        registers: bool = True,
    ) -> None:
        """`retry`: seconds between two tries to tell an admin what it has not taken. `port` 0: any that is free."""
        self.handlers, self.admins, self.token, self.app = handlers, list(admins), token, app
        self.dialect, self._port, self._retry, self._registers = DIALECTS[dialect], port, retry, registers
        self.faults: dict[str, str] = {}
        self.works: dict[int, Work] = {}
        self.requests: list[tuple[str, dict[str, Any]]] = []
        self.called_back = threading.Condition()
        self.sent: list[int] = []
        """Log ids whose callback an admin has taken."""
        self._queues: dict[int, list[Work]] = {}
        self.lock = threading.Lock()
        self.waiting: dict[str, list[tuple[float, dict[str, Any]]]] = {admin: [] for admin in self.admins}
        self._closing = threading.Event()

    def __enter__(self) -> Self:
        kind = type("_HandlerOfOne", (_Handler,), {"fake": self})
        self._server = _Server(("127.0.0.1", self._port), kind)
        self.address = f"http://127.0.0.1:{self._server.server_port}"
        self._threads = [threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)]
        self._threads += [threading.Thread(target=self._call_back, args=(admin,), daemon=True) for admin in self.admins]
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._closing.set()
        for work in list(self.works.values()):
            work.killed.set()
        self._server.shutdown()
        for thread in self._threads:
            thread.join()
        self._server.server_close()

    # ---------------------------------------------------------------- what an admin may ask

    def act(self, path: str, asked: dict[str, Any], headers: Mapping[str, str]) -> dict[str, Any]:
        """Do what a request asks for, and give the answer that a real one of this dialect would."""
        self.requests.append((path, asked))
        dialect = self.dialect
        if headers.get("xxl-job-access-token") != self.token:
            return _no("The access token is wrong.")
        if dialect.named and headers.get("xxl-job-appname") != self.app:
            return _no("invalid request, accessToken or appname is empty.")
        if path == "beat":
            return self._yes()
        if path == "idleBeat":
            busy = bool(self._queues.get(asked["jobId"]))
            return _no("job thread is running or has trigger queue.") if busy else self._yes()
        if path == "kill":
            return self._kill(asked["jobId"])
        if path == "log":
            return self._log(asked)
        if path == dialect.run:
            return self._run(asked, headers)
        return _no(f"invalid request, uri-mapping(/{path}) not found.")

    def _yes(self, payload: Any = None) -> dict[str, Any]:
        said: dict[str, Any] = {"code": 200}
        if self.dialect.success:
            said["msg"] = self.dialect.success
        if payload is not None:
            said[self.dialect.payload] = payload
        return said

    def _run(self, asked: dict[str, Any], headers: Mapping[str, str]) -> dict[str, Any]:
        if asked["executorHandler"] not in self.handlers:
            return _no(f"job handler [{asked['executorHandler']}] not found.")
        work = Work(asked, headers)
        with self.lock:
            self.works[asked["logId"]] = work
            queue = self._queues.setdefault(asked["jobId"], [])
            queue.append(work)
            if len(queue) == 1:
                threading.Thread(target=self._work, args=(asked["jobId"], queue), daemon=True).start()
        return self._yes()

    def _work(self, job_id: int, queue: list[Work]) -> None:
        while True:
            work = queue[0]
            work.begun = True
            try:
                said = self.handlers[work.request["executorHandler"]](work)
                code, text = said if isinstance(said, tuple) else (200, said)
            except InterruptedError:
                code, text = 500, f"{_KILLED} [job running, killed]"
            except Exception as error:  # noqa: BLE001 - as real ones do
                code, text = 500, f"{type(error).__name__}: {error}"
            if work.killed.is_set() and code != 500:
                code, text = 500, f"{_KILLED} [job running, killed]"
            self.tell(work, code, text)
            with self.lock:
                queue.pop(0)
                if not queue:
                    if self._queues.get(job_id) is queue:
                        del self._queues[job_id]
                    return

    def _kill(self, job_id: int) -> dict[str, Any]:
        with self.lock:
            # The thread is forgotten at once: from here on the jobId is idle, whatever its handler does.
            queue = self._queues.pop(job_id, [])
            waiting, queue[1:] = queue[1:], []
        for work in queue:
            work.killed.set()
        for work in waiting:
            self.tell(work, 500, f"{_KILLED} [job not executed, in the job queue, killed.]")
        return self._yes() if queue else self._yes("job thread already killed.")

    def _log(self, asked: dict[str, Any]) -> dict[str, Any]:
        start = asked["fromLineNum"]
        work = self.works.get(asked["logId"])
        if work is None or work.request["logDateTime"] != asked.get(self.dialect.time):
            said = {"fromLineNum": start, "toLineNum": 0, "logContent": "readLog fail, logFile not exists"}
            return self._yes({**said, "isEnd": True})
        lines = bytes(work.log).decode("utf-8", "replace").removesuffix("\n").split("\n") if work.log else []
        wanted = lines[start - 1 :]
        last = len(lines) if wanted or self.dialect.past is None else self.dialect.past
        content = "".join(line + "\n" for line in wanted)
        return self._yes({"fromLineNum": start, "toLineNum": last, "logContent": content, "isEnd": False})

    def forget(self) -> None:
        """As after a restart: it knows of no run, and calls back for none."""
        with self.lock:
            self._queues.clear()
            self.works.clear()

    # ---------------------------------------------------------------- what it says by itself

    def tell(self, work: Work, code: int, text: str | None) -> None:
        """Call back, until an admin has it."""
        item: dict[str, Any] = {
            "logId": work.request["logId"],
            self.dialect.time: work.request["logDateTime"],
            "handleCode": code,
        }
        if text is not None:
            item["handleMsg"] = text
        with self.lock:
            for waiting in self.waiting.values():
                waiting.append((self.now(), item))

    @staticmethod
    def now() -> float:
        """Seconds of a clock that nobody sets."""
        return time.monotonic()

    def _call_back(self, admin: str) -> None:
        registered = -60.0
        while not self._closing.wait(self._retry):
            if self._registers and time.monotonic() - registered > 5 and self.register(admin):
                registered = time.monotonic()
            with self.lock:
                batch, self.waiting[admin] = self.waiting[admin], []
            if not batch:
                continue
            items = [item for _, item in batch]
            if self.say(admin, "callback", {"callbackList": items} if self.dialect.wrapped else items):
                with self.called_back:
                    self.sent += [item["logId"] for item in items]
                    self.called_back.notify_all()
            else:
                since = time.monotonic() - _KEEP
                with self.lock:
                    self.waiting[admin][:0] = [one for one in batch if one[0] > since]

    def register(self, admin: str, what: str = "registry") -> bool:
        """Tell an admin that this executor is there, or with `registryRemove` that it goes. Whether the admin took
        it."""
        said = {"registryGroup": "EXECUTOR", "registryKey": self.app, "registryValue": self.address + "/"}
        return self.say(admin, what, said)

    def say(self, admin: str, what: str, said: Any) -> bool:
        """Whether the admin has taken it."""
        request = urllib.request.Request(  # noqa: S310 - whoever starts it names the admin
            f"{admin}/api/{what}", data=_dumps(said, escapes=self.dialect.escapes)
        )
        request.add_header("Content-Type", "application/json;charset=UTF-8")
        request.add_header("XXL-JOB-ACCESS-TOKEN", self.token)
        if self.dialect.named:
            request.add_header("XXL-JOB-APPNAME", self.app)
        try:
            with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request, timeout=3) as answer:
                return json.loads(answer.read())["code"] == 200
        except (OSError, ValueError):
            return False


def _no(text: str) -> dict[str, Any]:
    return {"code": 500, "msg": text}


def _dumps(said: Any, *, escapes: bool) -> bytes:
    text = json.dumps(said, ensure_ascii=False)
    if escapes:
        for character in "<>&='":
            text = text.replace(character, f"\\u{ord(character):04x}")
    return text.encode("utf-8", "replace")


class _Server(ThreadingHTTPServer):
    request_queue_size = 1024
    daemon_threads = True

    def handle_error(self, request: object, client_address: object) -> None:
        """Admins that hang up are what some tests are about."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    fake: ClassVar[FakeExecutor]

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        path = self.path.strip("/")
        fault = self.fake.faults.get(path, "")
        asked: dict[str, Any] = json.loads(body) if body else {}
        if fault == "swallow":
            self.close_connection = True
            return
        said = self.fake.act(path, asked, {name.lower(): value for name, value in self.headers.items()})
        if fault == "close":
            self.close_connection = True
            return
        if fault == "early":
            with self.fake.called_back:
                self.fake.called_back.wait_for(lambda: asked["logId"] in self.fake.sent, 10)
        answer = b"<html>It works!</html>" if fault == "html" else _dumps(said, escapes=self.fake.dialect.escapes)
        self.send_response(200)
        self.send_header("Content-Type", "text/html;charset=UTF-8")  # as real ones do
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class calls it so
        """Says nothing."""


def main() -> None:
    """Run one beside an admin, with the handlers of the samples, until it is interrupted."""
    from anyjob_xxljob.samples import HANDLERS

    admins = sys.argv[1:] or os.environ.get("ANYJOB_XXLJOB_ADMIN", "http://127.0.0.1:7781").split(",")
    with FakeExecutor(HANDLERS, admins=admins, token=os.environ.get("ANYJOB_XXLJOB_TOKEN", "")):
        print("registers with", *admins, flush=True)  # noqa: T201 - it is a program
        threading.Event().wait()


if __name__ == "__main__":
    main()
