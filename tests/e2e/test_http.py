"""http: a real server of the tests' own, which knows how often it was called."""

from __future__ import annotations

import json
import signal
import threading
from collections.abc import Iterator
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from tests.e2e.way import Deed, Middle, Talk, Way

from anyjob.outcome import Cause, Strength


class _Shop(ThreadingHTTPServer):
    """`/orders` answers at once, `/build` when it is let go; `/accepted` by 202, and `/state` then tells how it is."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Answers)
        self.seen: list[str] = []
        self.cookies: set[str] = set()
        self.over = threading.Event()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class _Answers(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Shop  # pyright: ignore[reportIncompatibleVariableOverride]  the base class knows only its own kind

    def do_GET(self) -> None:
        self._serve()

    def do_POST(self) -> None:
        self._serve()

    def _serve(self) -> None:
        form = self.rfile.read(int(self.headers.get("Content-Length", 0))).decode()
        self.server.seen.append(f"{self.command} {self.path} {form}".strip())
        self.server.cookies.add(self.headers.get("Cookie", ""))
        if self.path == "/build":
            self.server.over.wait(60)
        going = self.path == "/accepted" or (self.path == "/state" and not self.server.over.is_set())
        body = b"" if going else json.dumps({"code": 200, "form": form}).encode()
        self.send_response(202 if going else 200)
        if going:
            self.send_header("Location", "/state")
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        with suppress(OSError):  # the caller went away, which some tests are about
            self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's own name
        """Nothing is told on stderr."""


class TestHttp(Way):
    """A plain POST: what was sent once is never sent again, and what became of it nobody can know."""

    job_type = "http"
    stopped = Strength.ASKED
    lost = Cause.UNKNOWN

    @pytest.fixture
    def shop(self) -> Iterator[_Shop]:
        shop = _Shop()
        thread = threading.Thread(target=shop.serve_forever, args=[0.05])
        thread.start()
        try:
            yield shop
        finally:
            shop.over.set()
            shop.shutdown()
            thread.join()
            shop.server_close()

    @pytest.fixture
    def deed(self, shop: _Shop) -> Iterator[Deed]:
        answer = '{"code": 200, "form": "test"}'
        yield Deed(fields=_call(f"{shop.url}/orders", "POST"), result=answer, logged=answer)
        assert shop.cookies == {"session=e2e"}
        assert set(shop.seen) == {"POST /orders test"}

    @pytest.fixture
    def middle(self, shop: _Shop) -> Middle:
        return _middle(shop, _call(f"{shop.url}/build", "POST"), "POST /build test")

    def test_a_get_whose_server_was_killed_is_made_again(self, talk: Talk, shop: _Shop) -> None:
        job = talk.create("http-get", "http", _call(f"{shop.url}/build", "GET"))
        instance = talk.execute(job)
        _lose(talk, shop, "GET /build")
        talk.until(lambda: shop.seen == ["GET /build", "GET /build"], "the second call")
        shop.over.set()
        assert talk.ended(job, instance)["Result"] == '{"code": 200, "form": ""}'
        again = "[anyjob] the worker ended during the call; it is made again"
        assert talk.log(job, instance) == [again, '{"code": 200, "form": ""}']
        assert talk.raw(instance)["Cause"] == Cause.SUCCEEDED.value

    def test_what_was_accepted_is_found_again(self, talk: Talk, shop: _Shop) -> None:
        job = talk.create("http-202", "http", _call(f"{shop.url}/accepted", "POST", poll={"interval": 0.05}))
        instance = talk.execute(job)
        _lose(talk, shop, "GET /state")
        shop.over.set()
        assert talk.ended(job, instance)["Result"] == '{"code": 200, "form": ""}'
        assert talk.raw(instance)["Cause"] == Cause.SUCCEEDED.value
        assert [one for one in shop.seen if one != "GET /state"] == ["POST /accepted test"]


def _call(url: str, method: str, **more: Any) -> dict[str, Any]:
    """By the vendor's names."""
    vendors = {"method": method, "timeout": 60, "respKey": "code", "respValue": "200", "cookie": "session=e2e"}
    return {"Content": {"url": url, **vendors, **more}}


def _middle(shop: _Shop, fields: dict[str, Any], request: str) -> Middle:
    return Middle(fields=fields, begun=lambda: shop.seen.count(request), let_go=shop.over.set)


def _lose(talk: Talk, shop: _Shop, request: str) -> None:
    """Have the server killed when the request was seen, and start it again."""
    talk.until(lambda: request in shop.seen, request)
    talk.serving.end(signal.SIGKILL)
    talk.serving.start()
