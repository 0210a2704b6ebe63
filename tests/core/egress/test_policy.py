"""What the policy lets through: names are resolved once, every address is checked, and one of them is called."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator, Sequence

import pytest

from anyjob.egress import Call, CallEnded, CallStep, Egress, EgressSettings
from anyjob.egress.egress import Found
from anyjob.errors import EgressRefused

METADATA = [
    "169.254.169.254",
    "2852039166",
    "0xa9fea9fe",
    "0xA9.0xFE.0xA9.0xFE",
    "0251.0376.0251.0376",
    "169.254.43518",
    "169.16689662",
    "[::ffff:169.254.169.254]",
    "[::ffff:a9fe:a9fe]",
    "[::a9fe:a9fe]",
    "[64:ff9b::169.254.169.254]",
    "[2002:a9fe:a9fe::]",
    "169.254.0.1",
    "[fe80::1]",
    "[fe80::1%1]",
    "[fd00:ec2::254]",
    "[fd00:ec2::23]",
    "[fd20:ce::254]",
    "100.100.100.200",
    "168.63.129.16",
    "192.0.0.192",
]


@pytest.fixture
def listener() -> Iterator[socket.socket]:
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server


def answering(*answers: Sequence[str]) -> tuple[list[str], Egress]:
    """A policy whose resolver gives one answer after the other, and the names that it was asked for."""
    asked: list[str] = []
    rest = list(answers)

    def resolve(host: str, port: int) -> list[Found]:
        asked.append(host)
        return [_found(address, port) for address in rest.pop(0)]

    return asked, Egress(resolve=resolve)


def _found(address: str, port: int) -> Found:
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    return (family, socket.SOCK_STREAM, 6, "", (address, port))


def policy(address: str, **settings: object) -> Egress:
    """A policy under which every name has the address."""

    def resolve(host: str, port: int) -> list[Found]:
        return [_found(address, port)]

    return Egress(EgressSettings.model_validate(settings), resolve=resolve)


@pytest.mark.parametrize("host", METADATA)
def test_metadata_is_refused_in_every_spelling(host: str) -> None:
    with pytest.raises(EgressRefused) as refused:
        Egress(EgressSettings(allow=("*", "0.0.0.0/0", "::/0"))).connect(host, 80, timeout=1)
    assert refused.value.address is not None
    assert "[egress] allow" in refused.value.remedy


def test_a_name_for_metadata_is_refused() -> None:
    with pytest.raises(EgressRefused) as refused:
        policy("169.254.169.254").connect("nice.example", 80)
    error = refused.value
    assert (error.host, error.address, error.port) == ("nice.example", "169.254.169.254", 80)
    assert error.rule.startswith("169.254.0.0/16 is link-local")
    assert str(error).startswith("A call to nice.example (169.254.169.254) port 80 is refused: 169.254.0.0/16")


def test_metadata_may_be_called_where_an_entry_names_it() -> None:
    assert policy("169.254.169.254", allow=["169.254.169.254:80"]).addresses("meta.example", 80)
    with pytest.raises(EgressRefused, match=r"169\.254\.0\.0/16"):
        policy("169.254.169.254", allow=["169.254.169.254:80"]).addresses("meta.example", 8080)
    with pytest.raises(EgressRefused, match=r"deny says"):
        policy("169.254.169.254", allow=["169.254.169.254"], deny=["169.254.0.0/16"]).addresses("meta.example", 80)
    with pytest.raises(EgressRefused, match=r"169\.254\.0\.0/16"):  # a name is no address
        policy("169.254.169.254", allow=["meta.example"]).addresses("meta.example", 80)


def test_everything_else_is_allowed_by_default(listener: socket.socket) -> None:
    Egress().connect("127.0.0.1", listener.getsockname()[1], timeout=5).close()
    Egress().connect("localhost", listener.getsockname()[1], timeout=5).close()


@pytest.mark.parametrize("host", ["127.0.0.1", "127.1", "0x7f000001", "0", "0.0.0.0", "[::ffff:127.0.0.1]", "[::]"])
def test_denied_loopback_is_denied_in_every_spelling(host: str, listener: socket.socket) -> None:
    egress = Egress(EgressSettings(deny=("127.0.0.0/8",)))
    with pytest.raises(EgressRefused, match=r"deny says '127\.0\.0\.0/8'"):
        egress.connect(host, listener.getsockname()[1], timeout=1)


def test_allow_lists_are_all_there_is() -> None:
    rules = ["api.example", "*.svc.example:443", "10.0.0.0/8"]
    for host, port, address in [
        ("api.example", 80, "192.0.2.1"),
        ("API.example.", 80, "192.0.2.1"),
        ("x.svc.example", 443, "192.0.2.1"),
        ("other.example", 80, "10.1.1.1"),
    ]:
        assert policy(address, allow=rules).addresses(host, port)
    for host, port, address in [
        ("x.svc.example", 80, "192.0.2.1"),
        ("other.example", 443, "192.0.2.1"),
        ("api.example.evil", 80, "192.0.2.1"),
    ]:
        with pytest.raises(EgressRefused, match="allow does not list it"):
            policy(address, allow=rules).addresses(host, port)
    with pytest.raises(EgressRefused, match="allow does not list it"):
        policy("192.0.2.1", allow=[]).addresses("any.example", 80)


def test_deny_wins_and_needs_no_resolver() -> None:
    asked, _ = answering()
    egress = Egress(
        EgressSettings(allow=("*",), deny=("*.corp.example",)), resolve=lambda host, _: asked.append(host) or []
    )
    with pytest.raises(EgressRefused, match="deny says"):
        egress.check_url("https://Vault.CORP.example./x")
    with pytest.raises(EgressRefused, match="deny says"):
        egress.connect("vault.corp.example", 443)
    assert asked == []


def test_one_refused_address_refuses_the_name() -> None:
    _, egress = answering(["192.0.2.1", "169.254.169.254"])
    with pytest.raises(EgressRefused, match=r"169\.254\.169\.254"):
        egress.connect("mixed.example", 80)


def test_a_name_that_is_bound_anew_gains_nothing(listener: socket.socket) -> None:
    """The connection goes to the address that was checked: there is no second look at the name."""
    asked, egress = answering(["127.0.0.1"], ["169.254.169.254"])
    line = egress.connect("rebound.example", listener.getsockname()[1], timeout=5)
    assert line.getpeername() == listener.getsockname()
    line.close()
    assert asked == ["rebound.example"]
    with pytest.raises(EgressRefused):
        egress.connect("rebound.example", listener.getsockname()[1])


def test_a_dead_address_leaves_time_for_the_next(listener: socket.socket) -> None:
    port = listener.getsockname()[1]
    with socket.create_server(("127.0.0.2", port), backlog=0) as full:
        waiting = [socket.socket() for _ in range(4)]
        for line in waiting:
            line.settimeout(0)
            line.connect_ex(full.getsockname())
        _, egress = answering(["127.0.0.2", "127.0.0.1"])
        line = egress.connect("two.example", port, timeout=2)
        assert line.getpeername()[0] == "127.0.0.1"
        for one in [line, *waiting]:
            one.close()


def test_bad_urls_are_refused_without_their_secrets() -> None:
    with pytest.raises(EgressRefused, match="user or password") as refused:
        Egress().check_url("http://me:geheim@a.example/")
    assert "geheim" not in str(refused.value)


# --- calls that are ended from outside


def ended_soon(call: Call, step: CallStep, why: str = "stop") -> threading.Thread:
    """Ends the call as soon as it has come so far."""

    def end() -> None:
        while call.step is not step:
            threading.Event().wait(0.002)
        threading.Event().wait(0.05)
        call.end(why)

    thread = threading.Thread(target=end)
    thread.start()
    return thread


def test_a_call_ends_while_it_resolves() -> None:
    never = threading.Event()

    def resolve(host: str, port: int) -> list[Found]:
        never.wait(60)
        return []

    egress = Egress(resolve=resolve)
    with egress.call() as call:
        ender = ended_soon(call, CallStep.RESOLVING)
        with pytest.raises(CallEnded, match="resolving the host: stop"):
            egress.connect("slow.example", 80)
        ender.join()
    never.set()


def test_a_call_ends_while_it_connects(listener: socket.socket) -> None:
    listener.listen(0)
    port = listener.getsockname()[1]
    waiting = [socket.socket() for _ in range(4)]
    for line in waiting:
        line.settimeout(0)
        line.connect_ex(("127.0.0.1", port))
    egress = Egress()
    with egress.call() as call:
        ender = ended_soon(call, CallStep.CONNECTING)
        with pytest.raises(CallEnded, match="connecting: stop"):
            egress.connect("127.0.0.1", port, timeout=60)
        ender.join()
    for line in waiting:
        line.close()


def test_a_call_ends_at_its_deadline(listener: socket.socket) -> None:
    egress = Egress()
    with egress.call(0.2) as call:
        line = egress.connect("127.0.0.1", listener.getsockname()[1])
        assert line.recv(1) == b""  # shut down from this side
        assert call.ended == "deadline"
        line.close()
    with egress.call(30) as after:
        egress.connect("127.0.0.1", listener.getsockname()[1]).close()
        assert after.ended == ""


def test_a_call_within_a_call_ends_with_it(listener: socket.socket) -> None:
    egress = Egress()
    with egress.call() as whole, egress.call(60) as part:
        line = egress.connect("127.0.0.1", listener.getsockname()[1])
        threading.Timer(0.05, whole.end, ["stop"]).start()
        assert line.recv(1) == b""
        assert (whole.ended, part.ended) == ("stop", "stop")
        line.close()
    with egress.call() as whole:
        whole.end("stop")
        with egress.call(60) as part, pytest.raises(CallEnded):
            egress.connect("127.0.0.1", listener.getsockname()[1])


def test_a_wait_ends_with_its_call() -> None:
    with Egress().call(0.05) as call, pytest.raises(CallEnded, match="deadline"):
        call.wait(60)


def test_calls_leave_no_descriptors(listener: socket.socket) -> None:
    import os

    egress = Egress()
    before = len(os.listdir("/proc/self/fd"))
    for _ in range(20):
        with egress.call(60):
            egress.connect("127.0.0.1", listener.getsockname()[1]).close()
        with egress.call(60) as call:
            line = egress.connect("127.0.0.1", listener.getsockname()[1])
            call.end("stop")
            line.close()
    assert len(os.listdir("/proc/self/fd")) <= before
