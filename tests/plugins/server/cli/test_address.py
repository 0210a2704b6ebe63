"""The address that a server is to listen on."""

from __future__ import annotations

import socket

import pytest

from anyjob.errors import BadSettings
from anyjob_server.address import AddressTaken, read_address


@pytest.mark.parametrize(
    ("text", "host", "port"),
    [
        ("127.0.0.1:7780", "127.0.0.1", 7780),
        ("localhost:0", "127.0.0.1", 0),
        ("[::1]:65535", "::1", 65535),
        ("0.0.0.0:80", "0.0.0.0", 80),
        ("jobs.example:7780", "jobs.example", 7780),
    ],
)
def test_an_address_is_read(text: str, host: str, port: int) -> None:
    found = read_address(text, "--listen")
    assert (found.host, found.port, found.field, found.text) == (host, port, "--listen", text)


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        ("7780", "has no host"),
        (":7780", "has no host"),
        ("[]:1", "has no host"),
        ("localhost", "has no port"),
        ("localhost:", "has a port that is none"),
        ("localhost:65536", "has a port that is none"),
        ("localhost:-1", "has a port that is none"),
        ("localhost:٣", "has a port that is none"),
        ("::1:7780", "needs brackets"),
        ("http://127.0.0.1:7780", "needs brackets"),
        ("a b:1", "is no address"),
        ("a\nb:1", "is no address"),
        ("", "has no port"),
    ],
)
def test_a_wrong_one_is_named_with_its_field_and_a_right_one(text: str, wrong: str) -> None:
    with pytest.raises(BadSettings) as told:
        read_address(text, "server.listen")
    (problem,) = told.value.problems
    assert (problem.field, problem.value) == ("server.listen", text)
    assert problem.remedy.startswith(wrong)
    assert problem.remedy.endswith("; write HOST:PORT, as 127.0.0.1:7780, or 127.0.0.1:0 for any free port")


def test_one_that_is_taken_or_not_ours_is_told_before_anything_is_begun() -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        text = f"127.0.0.1:{other.getsockname()[1]}"
        with pytest.raises(
            AddressTaken, match=f'^--listen: "{text}" is in use by another process: end that one, write'
        ):
            read_address(text, "--listen").probe()
    read_address(text, "--listen").probe()
    with pytest.raises(AddressTaken, match="is no address of this machine"):
        read_address("203.0.113.7:1", "--listen").probe()
    with pytest.raises(AddressTaken, match="is no address of this machine"):
        read_address("no-such-host.invalid:1", "--listen").probe()
