"""How calls end: every end has its cause, with evidence, and nothing is called what it is not."""

from __future__ import annotations

import gzip
import os
import socket
import threading
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tests.core.egress.peer import OK, request_of, serving
from tests.executors.http.life import call, http_job

from anyjob.job import BadJob
from anyjob.modes.mode import TaskPlan
from anyjob.outcome import Cause, Retry, Strength
from anyjob.plugins import PluginHost
from anyjob.worker.retry import retry_after
from anyjob.worker.worker import LiveRun

Answer = Callable[[socket.socket], None]

AGAIN = TaskPlan(task=0, attempts=3, interval=5)
"""A job that wants to be tried again."""


def answers(raw: bytes) -> Answer:
    """A server that reads the request, says this, and hangs up."""

    def answer(line: socket.socket) -> None:
        request_of(line)
        line.sendall(raw)

    return answer


def http(status: str, body: bytes = b"", *headers: str) -> bytes:
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", *headers]
    return "\r\n".join([*lines, "", ""]).encode() + body


def silent(never: threading.Event, before: bytes = b"") -> Answer:
    """A server that says no more than `before`."""

    def answer(line: socket.socket) -> None:
        request_of(line)
        line.sendall(before)
        never.wait(60)

    return answer


def test_a_get_and_its_body() -> None:
    with serving(answers(http("200 OK", "größe\n".encode(), "Content-Type: text/plain"))) as port:
        got = call(f"http://127.0.0.1:{port}/x?y=1")
    assert (got.outcome.cause, got.outcome.code, got.outcome.result) == (Cause.SUCCEEDED, 200, "größe\n")
    assert got.log == "größe\n".encode()


@pytest.mark.parametrize(
    ("answer", "rule", "cause"),
    [
        (http("204 No Content"), {}, Cause.SUCCEEDED),
        (http("404 Not Found", b"nothing"), {}, Cause.FAILED),
        (http("304 Not Modified"), {}, Cause.FAILED),
        (http("404 Not Found"), {"status": [200, 404]}, Cause.SUCCEEDED),
        (http("202 Accepted"), {"respCode": "200"}, Cause.FAILED),
        (http("206 Partial"), {"respParseMode": 0, "respCode": "200-299"}, Cause.SUCCEEDED),
        (http("200 OK", b'{"code": 200}'), {"respKey": "code", "respValue": "200"}, Cause.SUCCEEDED),
        (http("200 OK", b'{"code": "200"}'), {"respKey": "code", "respValue": 200}, Cause.SUCCEEDED),
        (http("200 OK", b'{"success": true}'), {"respKey": "success", "respValue": "true"}, Cause.SUCCEEDED),
        (http("200 OK", b'{"success": "no"}'), {"respKey": "success", "respValue": "true"}, Cause.FAILED),
        (http("200 OK", b'{"a": [{"b": null}]}'), {"respKey": "$.a[0].b", "respValue": "null"}, Cause.SUCCEEDED),
        (http("200 OK", b'{"a.b": 1, "a": {"b": 2}}'), {"respKey": "a.b", "respValue": 1}, Cause.SUCCEEDED),
        (http("200 OK", b'{"state": "ok"}'), {"respKey": "state", "respValue": ["ok", "fine"]}, Cause.SUCCEEDED),
        (http("200 OK", b"<html>"), {"respKey": "code", "respValue": "200"}, Cause.FAILED),
        (http("200 OK", b"{}"), {"respKey": "code", "respValue": "200"}, Cause.FAILED),
        (http("200 OK", b"[" * 100_000), {"respKey": "code"}, Cause.FAILED),
        (http("500 No", b'{"code": 200}'), {"respKey": "code", "respValue": "200"}, Cause.FAILED),
        (http("200 OK", b"success"), {"respParseMode": "1", "respStr": "success"}, Cause.SUCCEEDED),
        (http("200 OK", b"success\n"), {"respStr": "success"}, Cause.FAILED),
        (http("200 OK", b"all 12 done"), {"respRegex": r"\d+ done$"}, Cause.SUCCEEDED),
        (http("200 OK", b"none"), {"respRegex": r"\d+ done$"}, Cause.FAILED),
    ],
)
def test_what_success_is(answer: bytes, rule: dict[str, Any], cause: Cause) -> None:
    with serving(answers(answer)) as port:
        got = call(f"http://127.0.0.1:{port}/", **rule)
    assert got.outcome.cause is cause, got.said
    assert got.outcome.code == int(answer[9:12])
    if cause is Cause.FAILED:
        assert [item.source for item in got.outcome.evidence] == ["http", "success rule"]


@pytest.mark.parametrize(
    ("answer", "cause", "after"),
    [
        (http("429 Slow down", b"", "Retry-After: 7"), Cause.REJECTED, 7.0),
        (http("429 Slow down"), Cause.REJECTED, None),
        (http("503 Busy", b"", "Retry-After: 12"), Cause.REJECTED, 12.0),
        (http("503 Busy", b"", "Retry-After: Thu, 01 Jan 1970 00:00:00 GMT"), Cause.REJECTED, 0.0),
        (http("500 Oh", b"", "Retry-After: 3"), Cause.FAILED, 3.0),
    ],
)
def test_retry_after_is_advice(answer: bytes, cause: Cause, after: float | None) -> None:
    with serving(answers(answer)) as port:
        got = call(f"http://127.0.0.1:{port}/")
    assert (got.outcome.cause, got.outcome.retry) == (cause, Retry(after=after))


def test_without_retry_after_there_is_no_advice() -> None:
    with serving(answers(http("503 Busy", b"", "Retry-After: soon"))) as port:
        got = call(f"http://127.0.0.1:{port}/")
    assert (got.outcome.cause, got.outcome.retry) == (Cause.FAILED, None)


# --- nothing was sent


def test_connection_refused() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    got = call(f"http://127.0.0.1:{port}/", method="POST")
    assert got.outcome.cause is Cause.START_FAILED
    assert "connection refused; nothing was sent" in got.said


@pytest.mark.parametrize("host", ["no-such-host.invalid", "a" * 70, "a..b", "1.2.3.4.5"])
def test_a_host_without_address(host: str) -> None:
    got = call(f"http://{host}/", method="POST")
    assert got.outcome.cause is Cause.START_FAILED
    assert "the host has no address" in got.said


def test_no_tls_on_the_other_side() -> None:
    with serving(lambda line: line.sendall(OK)) as port:
        got = call(f"https://127.0.0.1:{port}/", method="POST")
    assert got.outcome.cause is Cause.START_FAILED
    assert "TLS failed" in got.said


def test_a_certificate_that_nobody_signed() -> None:
    with serving(answers(OK), tls=True) as port:
        got = call(f"https://127.0.0.1:{port}/", method="POST")
        assert got.outcome.cause is Cause.START_FAILED
        assert "the certificate is refused: self-signed certificate" in got.said
        unchecked = call(f"https://127.0.0.1:{port}/", tls={"verify": False})
        assert unchecked.outcome.cause is Cause.SUCCEEDED
        url, unverified = f"https://127.0.0.1:{port}/", {"verify": False}
        with pytest.raises(
            BadJob, match=r'Content.tls.verify: "false" is not allowed by \[executors.http\] unverified'
        ):
            call(url, tls=unverified, settings={"unverified": False})
        made = {"binding": PluginHost.load().bind(http_job(url, tls=unverified))}  # before the settings forbade it
        denied = call(url, tls=unverified, settings={"unverified": False}, facts=made)
        assert denied.outcome.cause is Cause.BAD_CONFIG


def test_a_handshake_that_never_ends() -> None:
    never = threading.Event()
    with serving(lambda _: (never.wait(60), None)[1]) as port:
        got = call(f"https://127.0.0.1:{port}/", method="POST", timeout=0.3)
    never.set()
    assert got.outcome.cause is Cause.START_FAILED
    assert "the time was over while in the TLS handshake; nothing was sent" in got.said


def test_egress_refuses() -> None:
    got = call("http://169.254.169.254/latest/meta-data/")
    assert got.outcome.cause is Cause.REJECTED
    assert "169.254.0.0/16 is link-local" in got.said
    got = call("http://127.0.0.1:1/", egress={"deny": ["127.0.0.0/8"]})
    assert got.outcome.cause is Cause.REJECTED


# --- sent, and no whole answer


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"HTTP/1.1 200 OK\r\nContent-",
        b"\0\1\2\3\r\n\r\n",
        b"SSH-2.0-OpenSSH_9\r\n",
        b"HTTP/1.1 99999 x\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nA: " + b"x" * 100_000,
        b"HTTP/1.1 200 OK\r\n" + b"A: b\r\n" * 200 + b"\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\nabc",
        b"HTTP/1.1 200 OK\r\nContent-Length: abc\r\n\r\nabc",
        b"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\nabc",
        b"HTTP/1.1 200 OK\r\nContent-Length:\r\n\r\nabc",
    ],
    ids=[
        "nothing",
        "half",
        "bytes",
        "another protocol",
        "no status",
        "long header",
        "many headers",
        "two lengths",
        "a word for a length",
        "a length below zero",
        "an empty length",
    ],
)
def test_no_answer_is_unknown_where_it_matters(raw: bytes) -> None:
    """A POST may have been acted on; a GET may be sent again by whoever wants."""
    seen: list[bytes] = []

    def answer(line: socket.socket) -> None:
        seen.append(request_of(line))
        line.sendall(raw)

    with serving(answer) as port:
        post = call(f"http://127.0.0.1:{port}/", method="POST")
        assert post.outcome.cause is Cause.UNKNOWN, post.said
        assert "whether it took effect is not known" in post.said
        assert len(seen) == 1
        get = call(f"http://127.0.0.1:{port}/")
        assert get.outcome.cause is Cause.REMOTE_FAILED, get.said
        assert len(seen) == 2


@pytest.mark.parametrize(
    "raw",
    [
        b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n9\r\nhalf",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\nzz\r\n",
        http("200 OK", b"half", "Content-Encoding: gzip"),
        http("200 OK", gzip.compress(b"half") + b"behind", "Content-Encoding: gzip"),
        http("200 OK", gzip.compress(b"half" * 9)[:-9], "Content-Encoding: gzip"),
    ],
    ids=["length", "chunk end", "in a chunk", "no chunk size", "no gzip", "behind gzip", "half a gzip"],
)
def test_a_body_that_breaks_off(raw: bytes) -> None:
    """Half an answer does not tell what the request did: only what is repeatable is tried again."""
    with serving(answers(raw)) as port:
        post = call(f"http://127.0.0.1:{port}/", method="POST")
        keyed = call(f"http://127.0.0.1:{port}/", method="POST", idempotencyKey=True, repeatable=True)
        get = call(f"http://127.0.0.1:{port}/")
    assert (post.outcome.cause, post.outcome.code) == (Cause.UNKNOWN, 200), post.said
    assert "answered 200, and broke off" in post.said
    assert "whether it took effect is not known" in post.said
    assert retry_after(post.outcome, 0, AGAIN) is None
    for got in (keyed, get):
        assert (got.outcome.cause, got.outcome.code) == (Cause.REMOTE_FAILED, 200), got.said
        assert retry_after(got.outcome, 0, AGAIN) == AGAIN.interval


# --- time and stops


def drip(line: socket.socket) -> None:
    """A chunk now and then, for ever: no single read ever takes long."""
    request_of(line)
    line.sendall(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
    while True:
        line.sendall(b"1\r\nx\r\n")
        threading.Event().wait(0.02)


def drip_headers(line: socket.socket) -> None:
    request_of(line)
    line.sendall(b"HTTP/1.1 200 OK\r\nX-Drip: ")
    while True:
        line.sendall(b"x")
        threading.Event().wait(0.02)


@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize(
    ("answer", "doing"), [(drip, "while reading the answer"), (drip_headers, "while waiting for the answer")]
)
def test_a_slow_drip_meets_the_deadline(method: str, answer: Answer, doing: str) -> None:
    with serving(answer) as port:
        got = call(f"http://127.0.0.1:{port}/", method=method, timeout=0.4)
    assert got.outcome.cause is Cause.TIMED_OUT, got.said
    assert doing in got.said
    assert retry_after(got.outcome, 0, AGAIN) is None
    assert got.outcome.stop is not None
    assert got.outcome.stop.strength is Strength.ASKED
    assert got.outcome.stop.survivors


def test_the_longest_timeout_is_the_operators() -> None:
    never = threading.Event()
    with serving(silent(never)) as port:
        got = call(f"http://127.0.0.1:{port}/", timeout=3600, settings={"longest": 0.3})
    never.set()
    assert got.outcome.cause is Cause.TIMED_OUT
    assert "waiting for the answer" in got.said


def test_a_pattern_that_never_ends_holds_nobody_up() -> None:
    with serving(answers(http("200 OK", b"a" * 60 + b"!"))) as port:
        got = call(f"http://127.0.0.1:{port}/", respRegex="^(a+)+$", timeout=1)
    assert (got.outcome.cause, got.outcome.code) == (Cause.FAILED, 200), got.said
    assert "the pattern respRegex '^(a+)+$' was not decided within the call's time" in got.said
    assert "the other side" not in got.said
    assert got.outcome.stop is None


def test_a_stop_during_a_pattern_says_so() -> None:
    def tried(run: LiveRun) -> bool:
        return any(b"re.search" in line.read_bytes() for line in Path("/proc").glob("[0-9]*/cmdline") if mine(line))

    def mine(line: Path) -> bool:
        return f"PPid:\t{os.getpid()}\n" in (line.parent / "status").read_text()

    with serving(answers(http("200 OK", b"a" * 60 + b"!"))) as port:
        got = call(f"http://127.0.0.1:{port}/", respRegex="^(a+)+$", xattrs={"grace": 600}, until=tried)
    assert got.outcome.cause is Cause.STOPPED, got.said
    assert "the stop came while judging the answer" in got.said


@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize("before", [b"", OK[:20]], ids=["at once", "in the headers"])
def test_a_stop_ends_the_call(method: str, before: bytes) -> None:
    never, came = threading.Event(), threading.Event()

    def answer(line: socket.socket) -> None:
        request_of(line)
        line.sendall(before)
        came.set()
        never.wait(60)

    with serving(answer) as port:
        # Far longer than the test's patience: only the ASK can end it in time.
        got = call(f"http://127.0.0.1:{port}/", method=method, xattrs={"grace": 600}, until=lambda _: came.is_set())
    never.set()
    assert got.outcome.cause is Cause.STOPPED, got.said
    assert "the stop came while waiting for the answer" in got.said
    assert got.outcome.stop is not None
    assert got.outcome.stop.strength is Strength.ASKED


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_stop_while_the_answer_comes_says_so(method: str, tmp_path: Path) -> None:
    log = tmp_path / "log"
    log.touch()
    with serving(drip) as port:
        url = f"http://127.0.0.1:{port}/"
        got = call(url, method=method, xattrs={"grace": 600}, log=log, until=lambda _: log.stat().st_size > 0)
    assert (got.outcome.cause, got.outcome.code) == (Cause.STOPPED, 200), got.said
    assert "the stop came while reading the answer" in got.said
    assert got.outcome.stop is not None
    assert got.outcome.stop.strength is Strength.ASKED


# --- sizes and encodings


def test_a_body_over_the_cap_is_cut_with_a_mark() -> None:
    with serving(answers(http("200 OK", b"x" * 100_000))) as port:
        got = call(f"http://127.0.0.1:{port}/", settings={"body": 1000})
        by_text = call(f"http://127.0.0.1:{port}/", settings={"body": 1000}, respStr="x" * 1000)
    assert got.outcome.cause is Cause.SUCCEEDED
    assert got.log == b"x" * 1000 + b"\n[anyjob] the answer goes on; after 1000 bytes it was not read further\n"
    assert by_text.outcome.cause is Cause.FAILED


def test_a_gzip_bomb_counts_as_what_it_unpacks_to() -> None:
    bomb = gzip.compress(b"\0" * 50_000_000)
    with serving(answers(http("200 OK", bomb, "Content-Encoding: gzip"))) as port:
        got = call(f"http://127.0.0.1:{port}/", settings={"body": 100_000})
    assert got.outcome.cause is Cause.SUCCEEDED
    assert len(got.log) < 101_000


def test_a_full_disk_is_not_the_other_sides_fault() -> None:
    with serving(answers(OK)) as port:
        got = call(f"http://127.0.0.1:{port}/", log=Path("/dev/full"))
    assert (got.outcome.cause, got.outcome.code) == (Cause.UNKNOWN, 200), got.said
    assert "could not be written into the log of the run: No space left on device" in got.said


@pytest.mark.parametrize(
    ("packed", "encoding"),
    [
        (gzip.compress(b"one ", mtime=0) + gzip.compress(b"two", mtime=0), "gzip"),
        (gzip.compress(b"one two", mtime=0), "x-gzip"),
        (zlib.compress(b"one two"), "deflate"),
        (zlib.compress(b"one two", wbits=-15), "deflate"),
        (b"one two", "identity"),
    ],
)
def test_packed_bodies(packed: bytes, encoding: str) -> None:
    with serving(answers(http("200 OK", packed, f"Content-Encoding: {encoding}"))) as port:
        got = call(f"http://127.0.0.1:{port}/")
        head = call(f"http://127.0.0.1:{port}/", method="HEAD")
    assert (got.outcome.cause, got.log) == (Cause.SUCCEEDED, b"one two")
    assert (head.outcome.cause, head.log) == (Cause.SUCCEEDED, b"")


def test_a_body_without_end_is_cut() -> None:
    def answer(line: socket.socket) -> None:
        request_of(line)
        line.sendall(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        while True:
            line.sendall(b"2710\r\n" + b"x" * 10_000 + b"\r\n")

    with serving(answer) as port:
        got = call(f"http://127.0.0.1:{port}/", settings={"body": 200_000})
    assert got.outcome.cause is Cause.SUCCEEDED
    assert got.log.startswith(b"x" * 200_000 + b"\n[anyjob]")


def test_a_long_answer_is_not_judged_as_json() -> None:
    with serving(answers(http("200 OK", b'{"code": 200, "fill": "' + b"x" * 5000 + b'"}'))) as port:
        short = call(f"http://127.0.0.1:{port}/", settings={"judged": 1000}, respKey="code", respValue=200)
        whole = call(f"http://127.0.0.1:{port}/", respKey="code", respValue=200)
    assert short.outcome.cause is Cause.FAILED
    assert "more than the 1000 bytes" in short.said
    assert whole.outcome.cause is Cause.SUCCEEDED


@pytest.mark.parametrize(
    ("body", "kind", "xattrs", "result"),
    [
        ("中文".encode("gbk"), "text/plain; charset=gbk", None, "中文"),
        ("中文".encode("gbk"), "text/plain; charset=utf-8", {"encoding": "gbk"}, "中文"),
        ("中文".encode(), "text/plain; charset=klingon", None, "中文"),
        (b"a\xff\xfeb", "text/plain", None, "a\ufffd\ufffdb"),
        (b"a", 'text/plain; charset="', None, "a"),
        (("a" + "中" * 500).encode(), "text/plain", None, "a" + "中" * 333),
        (("中" * 1000).encode("utf-16"), "text/plain; charset=utf-16", None, "中" * 333),
        (b"x", "text/plain; charset=base64", None, "x"),
    ],
)
def test_results_are_whole_characters(body: bytes, kind: str, xattrs: dict[str, str] | None, result: str) -> None:
    with serving(answers(http("200 OK", body, f"Content-Type: {kind}"))) as port:
        got = call(f"http://127.0.0.1:{port}/", xattrs=xattrs)
    assert got.outcome.result == result
    assert got.log == body


def test_a_json_object_is_the_output() -> None:
    with serving(answers(http("200 OK", b'{"rows": 3}', "Content-Type: application/json"))) as port:
        got = call(f"http://127.0.0.1:{port}/", resultKey="rows")
    assert (got.outcome.outputs, got.outcome.result) == ({"rows": 3}, "3")


@pytest.mark.parametrize("body", [b'{"rows": 3}', b"no JSON"])
def test_a_result_key_that_is_missing_fails_nothing(body: bytes) -> None:
    with serving(answers(http("200 OK", body, "Content-Type: application/json"))) as port:
        got = call(f"http://127.0.0.1:{port}/", resultKey="lines")
    assert (got.outcome.cause, got.outcome.result) == (Cause.SUCCEEDED, body.decode())


@pytest.mark.parametrize(
    "body",
    [
        b'{"a": "\\ud800"}',
        b'{"a": ' + b"[" * 300 + b"]" * 300 + b"}",
        b'{"a": ' + b"[" * 100_000,
        b'{"a": NaN}',
        b'{"a": 1e999}',
        b'{"a": ' + b"9" * 5000 + b"}",
        b'{"a": 1, "a": 2}',
        b'{"a": "' + b"x" * 100_000 + b'"}',
    ],
    ids=["half a character", "deep", "deeper", "NaN", "infinite", "long number", "twice", "large"],
)
def test_no_answer_is_more_than_an_outcome_holds(body: bytes) -> None:
    """Whatever comes, the run ends, and its end can be written down."""
    reason = "200 " + "x\x1b" * 10_000
    with serving(answers(http(reason, body, "Content-Type: application/json"))) as port:
        got = call(f"http://127.0.0.1:{port}/", resultKey="a", settings={"body": 200_000})
        judged = call(f"http://127.0.0.1:{port}/", respKey="a", respValue="never")
    assert got.outcome.cause is Cause.SUCCEEDED
    assert got.outcome.outputs == {}
    assert len(got.outcome.result.encode()) <= 1000
    assert judged.outcome.cause is Cause.FAILED
    assert len(judged.said) < 3000
    assert "\x1b" not in judged.said


def test_tls_files_need_leave(tmp_path: Path) -> None:
    ca = tmp_path / "ca.pem"
    with pytest.raises(BadJob, match=r"Content.tls.ca: .* folders that \[executors.http\] files lists; put it there"):
        call("https://127.0.0.1:1/", tls={"ca": str(ca)})
    got = call("https://127.0.0.1:1/", tls={"ca": str(ca)}, settings={"files": [str(tmp_path)]})
    assert got.outcome.cause is Cause.DEPENDENCY_MISSING
    got = call("https://127.0.0.1:1/", tls={"ca": f"{tmp_path}/../x"}, settings={"files": [str(tmp_path)]})
    assert got.outcome.cause is Cause.BAD_CONFIG
