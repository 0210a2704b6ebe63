"""The policy under requests: real servers, real TLS."""

from __future__ import annotations

import socket
import ssl
import threading
from pathlib import Path
from typing import Any

import pytest
from pytest_mock import MockerFixture
from requests.exceptions import ConnectionError as NoConnection
from requests.exceptions import SSLError
from tests.core.egress.peer import OK, PEM, request_of, serving

from anyjob.egress import CallEnded, CallStep, Egress, EgressSettings
from anyjob.egress.egress import Found
from anyjob.egress.transport import open_session
from anyjob.errors import EgressRefused


def egress(**settings: Any) -> Egress:
    """Every name is 127.0.0.1."""

    def resolve(host: str, port: int) -> list[Found]:
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", port))]

    return Egress(EgressSettings(**settings), resolve=resolve)


def test_host_header_is_the_name() -> None:
    seen: list[bytes] = []

    def answer(line: socket.socket) -> None:
        seen.append(request_of(line))
        line.sendall(OK)

    with serving(answer) as port:
        assert open_session(egress()).get(f"http://peer.example:{port}/").text == "ok"
    assert f"Host: peer.example:{port}".encode() in seen[0]


def test_tls_names_and_checks_the_name() -> None:
    names: list[str | None] = []
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(PEM)
    context.sni_callback = lambda line, name, _: names.append(name)

    def answer(line: socket.socket) -> None:
        with context.wrap_socket(line, server_side=True) as open_line:
            request_of(open_line)
            open_line.sendall(OK)

    with serving(answer) as port, open_session(egress()) as session:
        assert session.get(f"https://peer.example:{port}/", verify=str(PEM)).text == "ok"
        with pytest.raises(SSLError, match="other"):
            session.get(f"https://other.example:{port}/", verify=str(PEM))
        with pytest.raises(SSLError, match=r"self.signed"):
            session.get(f"https://peer.example:{port}/")
        assert session.get(f"https://other.example:{port}/", verify=False).text == "ok"
    assert names == ["peer.example", "other.example", "peer.example", "other.example"]


def test_a_redirect_to_metadata_is_a_new_call() -> None:
    def answer(line: socket.socket) -> None:
        request_of(line)
        location = b"Location: http://169.254.169.254/latest"
        line.sendall(b"HTTP/1.1 302 Found\r\n%b\r\nContent-Length: 0\r\nConnection: close\r\n\r\n" % location)

    with serving(answer) as port:
        policy = Egress()
        session = open_session(policy)
        with pytest.raises(EgressRefused):  # also by a caller that does not check each hop
            session.get(f"http://127.0.0.1:{port}/")
        first = session.get(f"http://127.0.0.1:{port}/", allow_redirects=False)
        with pytest.raises(EgressRefused):
            session.get(first.headers["Location"], allow_redirects=False)


def test_the_environment_says_nothing(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / ".netrc").write_text("machine 127.0.0.1 login me password geheim\n")
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("NETRC", str(tmp_path / ".netrc"))
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    monkeypatch.setenv("no_proxy", "")
    seen: list[bytes] = []

    def answer(line: socket.socket) -> None:
        seen.append(request_of(line))
        line.sendall(OK)

    with serving(answer) as port:
        assert open_session(Egress()).get(f"http://127.0.0.1:{port}/").text == "ok"
    assert b"authorization" not in seen[0].lower()


def test_cookies_are_kept_for_nobody() -> None:
    seen: list[bytes] = []

    def answer(line: socket.socket) -> None:
        while request := request_of(line):
            seen.append(request)
            line.sendall(OK.replace(b"\r\n\r\n", b"\r\nSet-Cookie: who=me; Path=/\r\n\r\n"))

    with serving(answer) as port, open_session(Egress()) as session:
        for _ in range(2):
            session.get(f"http://127.0.0.1:{port}/")
        assert not session.cookies
    assert len(seen) == 2
    assert b"cookie" not in seen[1].lower()


def test_connections_are_kept_unless_a_call_wants_its_own() -> None:
    lines: list[socket.socket] = []

    def answer(line: socket.socket) -> None:
        lines.append(line)
        while request_of(line):
            line.sendall(OK)

    policy = Egress()
    with serving(answer) as port, open_session(policy) as session:
        for fresh, count in ((False, 1), (False, 1), (True, 2), (False, 2)):
            with policy.call(30) as call:
                call.fresh = fresh
                session.get(f"http://127.0.0.1:{port}/")
                assert call.reused is (not fresh and len(lines) == count and call.reused)
            assert len(lines) == count
        with policy.call(30) as call:
            session.get(f"http://127.0.0.1:{port}/")
            assert call.reused


def test_nothing_is_sent_twice() -> None:
    seen: list[bytes] = []

    def answer(line: socket.socket) -> None:
        seen.append(request_of(line))  # and hangs up

    with serving(answer) as port, open_session(Egress()) as session, pytest.raises(NoConnection):
        session.get(f"http://127.0.0.1:{port}/")
    assert len(seen) == 1


@pytest.mark.parametrize("size", [12, 17, 20, 37, len(OK) - 3])
def test_headers_that_break_off_are_no_answer(size: int) -> None:
    """The standard library takes what came until then for all of it, so for success without a body."""

    def answer(line: socket.socket) -> None:
        request_of(line)
        line.sendall(OK[:size])

    with serving(answer) as port, open_session(Egress()) as session, pytest.raises(NoConnection):
        session.get(f"http://127.0.0.1:{port}/")


@pytest.mark.parametrize(
    ("head", "whole"),
    [
        (b"Content-Length: 2, 2", True),
        (b"Content-Length: 2\r\nContent-Length:2", True),
        (b"Content-Length: x\r\nTransfer-Encoding: chunked", True),
        (b"Content-Length: x", False),
        (b"Content-Length: +2", False),
        (b"Content-Length:", False),
        (b"Content-Length: 2\r\nContent-Length: 1", False),
    ],
)
def test_a_length_that_is_none_is_no_answer(head: bytes, *, whole: bool) -> None:
    """RFC 9112, 6.3: nobody knows where such an answer ends. The standard library reads what comes and calls it all."""

    def answer(line: socket.socket) -> None:
        request_of(line)
        line.sendall(
            b"HTTP/1.1 200 OK\r\n" + head + b"\r\n\r\n" + (b"2\r\nok\r\n0\r\n\r\n" if b"chunk" in head else b"ok")
        )

    with serving(answer) as port, open_session(Egress()) as session:
        if whole:
            assert session.get(f"http://127.0.0.1:{port}/").content == b"ok"
        else:
            with pytest.raises(NoConnection, match="Content-Length"):
                session.get(f"http://127.0.0.1:{port}/")


@pytest.mark.parametrize("tls", [False, True])
@pytest.mark.parametrize("silent", ["from the start", "in the headers", "in the body"])
def test_an_ended_call_stops_waiting(silent: str, *, tls: bool) -> None:
    never = threading.Event()

    def answer(line: socket.socket) -> None:
        request_of(line)
        if silent != "from the start":
            line.sendall(OK[:-1] if silent == "in the body" else OK[:20])
        never.wait(60)

    policy = egress()
    with serving(answer, tls=tls) as port, open_session(policy) as session, policy.call(60) as call:
        threading.Thread(target=_end_when_sent, args=[call]).start()
        with pytest.raises(Exception, match=r"\w"):
            session.get(f"{'https' if tls else 'http'}://peer.example:{port}/", verify=str(PEM) if tls else True)
        assert call.ended == "stop"
    never.set()


def _end_when_sent(call: Any) -> None:
    while call.step is not CallStep.SENT:
        threading.Event().wait(0.002)
    threading.Event().wait(0.05)
    call.end("stop")


def test_an_ended_call_stops_a_handshake() -> None:
    never = threading.Event()

    def answer(line: socket.socket) -> None:
        never.wait(60)

    policy = egress()
    with serving(answer) as port, open_session(policy) as session, policy.call(0.3) as call:
        with pytest.raises((NoConnection, CallEnded)):
            session.get(f"https://peer.example:{port}/")
        assert (call.ended, call.step) == ("deadline", CallStep.CONNECTED)
    never.set()


def test_a_slow_drip_ends_at_the_deadline() -> None:
    def answer(line: socket.socket) -> None:
        request_of(line)
        line.sendall(b"HTTP/1.1 200 OK\r\nX-Drip: ")
        while True:
            line.sendall(b"x")
            threading.Event().wait(0.02)

    policy = egress()
    with serving(answer) as port, open_session(policy) as session, policy.call(0.4) as call:
        with pytest.raises(NoConnection):
            session.get(f"http://peer.example:{port}/", timeout=call.left)
        assert call.ended == "deadline"


def test_addresses_are_checked_below_requests(mocker: MockerFixture) -> None:
    """Whatever requests makes of a URL, the policy sees the host that is connected to."""
    connect = mocker.spy(Egress, "connect")
    session = open_session(egress(deny=["127.0.0.0/8"]))
    with serving(lambda line: line.sendall(OK)) as port, pytest.raises(EgressRefused):
        session.get(f"http://peer.example:{port}/")
    assert connect.call_args.args[1:3] == ("peer.example", port)
