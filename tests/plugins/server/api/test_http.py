"""The API on a socket: what clients send, and what nobody should."""

from __future__ import annotations

import contextlib
import logging
import select
import socket
from collections.abc import Iterator

import pytest
from tests.plugins.server.api.vectors import VECTORS
from tests.plugins.server.api.wireground import KEY_ID, SECRET, Ground, ground, read_answer

from anyjob_server.api.limits import ApiLimits

SMALL = ApiLimits(
    head=8192, body=20_000, connections=6, head_seconds=0.4, body_seconds=0.6, idle_seconds=0.8, held=100_000
)


@pytest.fixture(scope="module")
def usual() -> Iterator[Ground]:
    with ground() as made:
        yield made


@pytest.fixture(scope="module")
def small() -> Iterator[Ground]:
    with ground(SMALL) as made:
        yield made


def head(text: str, body: bytes = b"") -> bytes:
    return (text.replace("\n", "\r\n") + "\r\n\r\n").encode() + body


@pytest.mark.parametrize("scheme", ["v1", "acs3"])
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_both_schemes_by_both_methods(usual: Ground, scheme: str, method: str) -> None:
    told = {"Name": "hello world +&=*~'()!/ 任务", "Description": "", "ContactInfo.1.UserName": "张三"}
    status, answer = usual.say(getattr(usual.signer, scheme)("CreateJob", told, method=method))
    assert (status, answer["Told"]) == (200, told)
    assert answer["RequestId"] == answer["RequestId"].upper()
    assert len(answer["RequestId"]) == 36


def test_a_chunked_body(usual: Ground) -> None:
    sent = usual.signer.acs3("CreateJob", {"Name": "x" * 5000})
    start, _, body = sent.partition(b"\r\n\r\n")
    lines = [line for line in start.split(b"\r\n") if not line.startswith(b"content-length")]
    parts = [body[at : at + 700] for at in range(0, len(body), 700)]
    chunks = b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in parts) + b"0\r\n\r\n"
    status, answer = usual.say(b"\r\n".join([*lines, b"transfer-encoding: chunked", b"", chunks]))
    assert (status, answer["Told"]["Name"]) == (200, "x" * 5000)


def test_many_requests_on_one_connection(usual: Ground) -> None:
    with usual.connect() as peer:
        for number in range(5):
            peer.sendall(usual.signer.v1("A", {"N": str(number)}))
            assert read_answer(peer)[1]["Told"] == {"N": str(number)}


@pytest.mark.parametrize(
    ("request_line", "status", "code"),
    [
        ("GET /x?Action=A HTTP/1.1", 404, "InvalidApi.NotFound"),
        ("POST // HTTP/1.1", 404, "InvalidApi.NotFound"),
        ("GET /%2e%2e/etc/passwd HTTP/1.1", 404, "InvalidApi.NotFound"),
        ("PUT / HTTP/1.1", 400, "UnsupportedHTTPMethod"),
        ("OPTIONS / HTTP/1.1", 400, "UnsupportedHTTPMethod"),
        ("GET / HTTP/1.1", 400, "MissingAccessKeyId"),
        ("GET /?AccessKeyId=nobody&Signature=x HTTP/1.1", 404, "InvalidAccessKeyId.NotFound"),
        ("GET /?a=%ff HTTP/1.1", 400, "InvalidRequest"),
        ("NONSENSE", 400, "InvalidRequest"),
        ("GET / HTTP/9.9", 400, "InvalidRequest"),
        ("GET / HTTP/1.1\ncontent-length: 5\ncontent-length: 6", 400, "InvalidRequest"),
        ("POST / HTTP/1.1\ncontent-length: 5\ntransfer-encoding: chunked", 400, "InvalidRequest"),
        ("POST / HTTP/1.1\ncontent-length: -5", 400, "InvalidRequest"),
        ("GET / HTTP/1.1\nbad header: x", 400, "InvalidRequest"),
    ],
)
def test_refusals_in_the_gateways_form(usual: Ground, request_line: str, status: int, code: str) -> None:
    before = len(usual.asked.calls)
    told, answer = usual.say(head(f"{request_line}\nhost: here"))
    assert (told, answer["Code"]) == (status, code)
    assert set(answer) == {"RequestId", "HostId", "Code", "Message", "Recommend"}
    assert answer["Message"]
    assert len(usual.asked.calls) == before


def test_only_forms_are_read(usual: Ground) -> None:
    sent = usual.signer.v1("CreateJob", {"Name": "x"}).replace(b"application/x-www-form-urlencoded", b"text/json")
    status, answer = usual.say(sent)
    assert (status, answer["Code"]) == (415, "UnsupportedContentType")


def test_a_recorded_request_is_stale_here(usual: Ground) -> None:
    vector = next(v for v in VECTORS if v.name == "core-1.1.16 GET")
    query = vector.request.query.replace(b"fake-access-key-id", KEY_ID.encode())
    status, answer = usual.say(b"GET /?%s HTTP/1.1\r\nhost: x\r\n\r\n" % query)
    assert (status, answer["Code"]) == (400, "InvalidTimeStamp.Expired")


def test_the_same_bytes_again(usual: Ground) -> None:
    sent = usual.signer.v1("A", {})
    assert usual.say(sent)[0] == 200
    status, answer = usual.say(sent)
    assert (status, answer["Code"]) == (400, "SignatureNonceUsed")


def test_a_fault_is_told_by_its_id_alone(usual: Ground, caplog: pytest.LogCaptureFixture) -> None:
    usual.asked.trap = RuntimeError("holds a-value-of-the-job")
    try:
        with caplog.at_level(logging.DEBUG):
            status, answer = usual.say(usual.signer.v1("CreateJob", {"Content": "echo very-private"}))
    finally:
        usual.asked.trap = None
    assert (status, answer["Code"]) == (500, "InternalError")
    assert answer["RequestId"] in caplog.text
    assert "RuntimeError" in caplog.text
    assert "a-value-of-the-job" not in caplog.text + str(answer)
    assert "very-private" not in caplog.text


def test_no_secret_signature_or_content_in_the_log(usual: Ground, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG):
        right = usual.signer.acs3("CreateJob", {"Content": "echo very-private"})
        assert usual.say(right)[0] == 200
        assert usual.say(right)[0] == 400
        wrong = usual.signer.v1("CreateJob", {"Content": "echo very-private"}).replace(b"private", b"privatf")
        assert usual.say(wrong)[1]["Code"] == "SignatureDoesNotMatch"
        assert usual.say(head(f"GET /?AccessKeyId={SECRET} HTTP/1.1\nhost: x"))[0] == 404
        assert usual.say(head(f"GET / HTTP/1.1\nhost: x\nauthorization: {SECRET}"))[0] == 400
    assert "SignatureDoesNotMatch" in caplog.text
    signature = wrong.partition(b"Signature=")[2].partition(b" ")[0].decode()
    said = right.partition(b"Signature=")[2].partition(b"\r")[0].decode()
    for private in (SECRET, "very-private", signature, said):
        assert private not in caplog.text


def test_a_line_of_the_log_cannot_be_forged(usual: Ground, caplog: pytest.LogCaptureFixture) -> None:
    usual.asked.trap = None
    with caplog.at_level(logging.DEBUG):
        usual.say(usual.signer.v1("A\nforged\x1b[31m", {}))
        usual.say(head("GET /?Action=A%0aforged HTTP/1.1\nhost: x"))
    assert "\nforged" not in caplog.text
    assert "\x1b" not in caplog.text


def test_ten_thousand_parameters(usual: Ground) -> None:
    status, answer = usual.say(usual.signer.v1("A", {f"p{n}": "1" for n in range(10_001)}))
    assert (status, answer["Code"]) == (400, "TooManyParameters")


def test_a_long_script_by_get(usual: Ground) -> None:
    """httptools reads URLs of 16 bits of length; the line may be longer here, as documented."""
    for size in (65_000, 65_535, 65_536, 100_000, 120_000):
        sent = usual.signer.v1("CreateJob", {"Content": "x" * size}, method="GET")
        status, answer = usual.say(sent)
        assert (status, answer.get("Told", {}).get("Content")) == (200, "x" * size), answer
    status, answer = usual.say(head(f"GET /{'x' * 70_000}?Action=A HTTP/1.1\nhost: x"))
    assert (status, answer["Code"]) == (400, "InvalidRequest")


def test_a_body_that_is_too_large(small: Ground) -> None:
    status, answer = small.say(small.signer.acs3("CreateJob", {"Content": "x" * 20_001}))
    assert (status, answer["Code"]) == (413, "RequestEntityTooLarge")
    assert small.say(small.signer.acs3("CreateJob", {"Content": "x" * 19_900}))[0] == 200


def test_a_body_that_says_it_is_huge(small: Ground) -> None:
    with small.connect() as peer:
        peer.sendall(head("POST / HTTP/1.1\nhost: x\ncontent-length: 99999999999"))
        assert read_answer(peer)[1]["Code"] == "RequestEntityTooLarge"
        assert peer.recv(10) == b""


def test_an_endless_chunked_body(small: Ground) -> None:
    with small.connect() as peer:
        peer.sendall(head("POST / HTTP/1.1\nhost: x\ntransfer-encoding: chunked"))
        with pytest.raises(OSError, match=r"reset|pipe"):
            peer.sendall((b"1000\r\n" + b"x" * 4096 + b"\r\n") * 10_000)


def test_a_head_that_is_too_large(small: Ground) -> None:
    for sent in (
        head(f"GET /?a={'x' * 8192} HTTP/1.1\nhost: x"),
        head("GET / HTTP/1.1\nhost: x\n" + "\n".join(f"h{n}: {'v' * 80}" for n in range(100))),
        b"GET / HTTP/1.1\r\nx: " + b"v" * 9000,
        b"GET /" + b"x" * 9000,
    ):
        status, answer = small.say(sent)
        assert (status, answer["Code"]) == (431, "RequestHeaderTooLarge")


def test_a_head_that_drips(small: Ground) -> None:
    with small.connect() as peer:
        told = drip(peer, b"GET / HTTP/1.1\r\nhost: x\r\n" + b"a: b\r\n" * 1000)
        assert b"RequestTimeout" in told


def test_blank_lines_that_drip(small: Ground) -> None:
    with small.connect() as peer:
        drip(peer, b"\r\n" * 1000)
    with small.connect() as peer:
        peer.sendall(small.signer.v1("A", {}))
        assert read_answer(peer)[0] == 200
        drip(peer, b"\r\n" * 1000)


def test_a_body_that_drips(small: Ground) -> None:
    with small.connect() as peer:
        peer.sendall(head("POST / HTTP/1.1\nhost: x\ncontent-length: 1000"))
        assert b"RequestTimeout" in drip(peer, b"x" * 1000)


def test_one_that_says_nothing(small: Ground) -> None:
    with small.connect() as peer:
        assert peer.recv(10) == b""
    with small.connect() as peer:
        peer.sendall(small.signer.v1("A", {}))
        assert read_answer(peer)[0] == 200
        assert peer.recv(10) == b""


def drip(peer: socket.socket, data: bytes) -> bytes:
    """Send a byte at a time until the other side has had enough; what it said."""
    peer.settimeout(0.02)
    told = b""
    for at in range(len(data)):
        try:
            peer.send(data[at : at + 1])
            more = peer.recv(65536)
            if not more:
                return told
            told += more
        except TimeoutError:
            continue
        except OSError:
            return told
    raise AssertionError("nobody cut it off")


def test_more_connections_than_there_is_room_for(small: Ground) -> None:
    crowd = [small.connect() for _ in range(SMALL.connections * 3)]
    try:
        # Whoever does nothing makes room for whoever comes.
        assert small.say(small.signer.v1("A", {}))[0] == 200
    finally:
        for peer in crowd:
            peer.close()


def test_more_work_than_there_is_room_for(small: Ground) -> None:
    crowd = [small.connect() for _ in range(SMALL.connections)]
    try:
        for peer in crowd:
            peer.sendall(head("POST / HTTP/1.1\nhost: x\ncontent-length: 1000\nexpect: 100-continue"))
            assert b"100 Continue" in peer.recv(1000)
        status, answer = small.say(small.signer.v1("A", {}))
        assert (status, answer["Code"]) == (503, "ServiceUnavailable")
    finally:
        for peer in crowd:
            peer.close()


def test_bodies_that_fill_the_memory() -> None:
    few = ApiLimits(body=200_000, held=300_000)
    with ground(few) as made:
        crowd, alive = [made.connect() for _ in range(4)], 0
        for peer in crowd:
            with contextlib.suppress(OSError):  # refused while it was sending
                peer.sendall(head("POST / HTTP/1.1\nhost: x\ncontent-length: 200000", b"x" * 190_000))
        assert made.say(made.signer.v1("A", {"N": "x" * 1000}))[0] == 200  # a small one always has room
        for peer in crowd:
            peer.settimeout(0.3)
            try:
                assert read_answer(peer)[1]["Code"] == "ServiceUnavailable"
            except TimeoutError:
                alive += 1
            except ConnectionResetError:
                pass  # what it had sent and nobody read was in the answer's way
            peer.close()
    assert alive <= 1


def test_two_requests_at_once_are_answered_in_their_order(usual: Ground) -> None:
    with usual.connect() as peer:
        peer.sendall(usual.signer.v1("A", {"N": "1"}) + usual.signer.acs3("A", {"N": "2"}))
        told = b""
        while told.count(b"RequestId") < 2:
            told += peer.recv(65536)
    assert told.index(b'"N": "1"') < told.index(b'"N": "2"')


def test_one_that_never_reads_its_answers(small: Ground) -> None:
    with small.connect() as peer:
        peer.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        peer.settimeout(10)
        sent = b"".join(small.signer.v1("A", {"N": "x" * 15_000}) for _ in range(2000))
        with pytest.raises(OSError, match=r"reset|pipe"):
            peer.sendall(sent)


def test_one_whose_answers_pile_up() -> None:
    with ground(SMALL) as made, made.connect() as peer:
        made.asked.padding = 4_000_000
        peer.sendall(b"".join(made.signer.v1("A", {}) for _ in range(3)))
        look = select.poll()
        look.register(peer, 0)
        assert look.poll(20_000)[0][1] & select.POLLHUP
        assert len(made.asked.calls) < 3  # the next waits until there is room for its answer


def test_an_answer_comes_in_one_piece(usual: Ground) -> None:
    with usual.connect() as peer:
        for _ in range(20):
            peer.sendall(usual.signer.acs3("CreateJob", {"Name": "x" * 5000}))
            first = peer.recv(1 << 16)
            head, _, body = first.partition(b"\r\n\r\n")
            length = next(line for line in head.split(b"\r\n") if line.lower().startswith(b"content-length"))
            assert len(body) == int(length.partition(b":")[2]) > 5000


def test_a_client_that_waits_for_100_continue_gets_it(usual: Ground) -> None:
    sent = usual.signer.acs3("CreateJob", {"Name": "later"})
    start, _, body = sent.partition(b"\r\n\r\n")
    with usual.connect() as peer:
        peer.sendall(start + b"\r\nexpect: 100-continue\r\n\r\n")
        assert peer.recv(1 << 16) == b"HTTP/1.1 100 Continue\r\n\r\n"
        peer.sendall(body)
        status, answer = read_answer(peer)
        assert (status, answer["Told"]["Name"]) == (200, "later")


def test_head_has_an_answer_without_a_body(usual: Ground) -> None:
    with usual.connect() as peer:
        peer.sendall(b"HEAD / HTTP/1.1\r\nhost: h\r\n\r\n")
        assert peer.recv(1 << 16).startswith(b"HTTP/1.1 4")
