"""Connections that are kept, and what requests itself may say."""

from __future__ import annotations

import asyncio
import socket
import tempfile
from collections.abc import Sequence
from pathlib import Path

import pytest
import requests.exceptions as broken
from pytest_mock import MockerFixture
from tests.core.egress.peer import OK, request_of, serving
from tests.executors.http.life import call, http_job
from urllib3.exceptions import ProtocolError, ReadTimeoutError

from anyjob.egress.transport import EgressAdapter
from anyjob.job import Job
from anyjob.outcome import Cause, Outcome
from anyjob.plugins import PluginHost
from anyjob.worker.order import RunOrder
from anyjob.worker.worker import Worker


def one_after_the_other(jobs: Sequence[Job]) -> list[Outcome]:
    """The ends of runs of one worker, which shares its connections between them."""

    async def life(folder: str) -> list[Outcome]:
        async with Worker(PluginHost.load(), Path(folder)) as worker:
            ends: list[Outcome] = []
            for number, job in enumerate(jobs, 1):
                run = await worker.submit(RunOrder(job=job, instance=number))
                ends.append(await run.outcome())
            return ends

    with tempfile.TemporaryDirectory() as folder:
        return asyncio.run(life(folder))


class Keeper:
    """A server that answers the first request of each connection, keeps it, and hangs up on the second."""

    def __init__(self) -> None:
        self.seen: list[list[bytes]] = []

    def answer(self, line: socket.socket) -> None:
        mine: list[bytes] = []
        self.seen.append(mine)
        mine.append(request_of(line))
        line.sendall(OK.replace(b"\r\n\r\n", b"\r\nSet-Cookie: who=me; Path=/\r\n\r\n"))
        mine.append(request_of(line))


def methods(keeper: Keeper) -> list[list[str]]:
    return [[raw.partition(b" ")[0].decode() for raw in line if raw] for line in keeper.seen]


def test_a_get_over_a_connection_that_closes_is_sent_once_more() -> None:
    keeper = Keeper()
    with serving(keeper.answer) as port:
        url = f"http://127.0.0.1:{port}/"
        ends = one_after_the_other([http_job(url), http_job(url)])
    assert [end.cause for end in ends] == [Cause.SUCCEEDED, Cause.SUCCEEDED]
    assert methods(keeper) == [["GET", "GET"], ["GET"]]
    assert not any(b"cookie" in raw.lower() for line in keeper.seen for raw in line)


def test_a_post_has_a_connection_of_its_own() -> None:
    """On a kept connection nobody could tell a request that was not taken from one that was."""
    keeper = Keeper()
    with serving(keeper.answer) as port:
        url = f"http://127.0.0.1:{port}/"
        ends = one_after_the_other([http_job(url), http_job(url, method="POST"), http_job(url, method="POST")])
    assert [end.cause for end in ends] == [Cause.SUCCEEDED] * 3
    assert methods(keeper) == [["GET"], ["POST"], ["POST"]]


@pytest.mark.parametrize(
    ("error", "get", "post"),
    [
        (
            broken.ConnectionError(ProtocolError("x", ConnectionResetError(104, "reset"))),
            Cause.REMOTE_FAILED,
            Cause.UNKNOWN,
        ),
        (broken.ReadTimeout("x"), Cause.REMOTE_FAILED, Cause.UNKNOWN),
        (broken.ChunkedEncodingError("x"), Cause.REMOTE_FAILED, Cause.UNKNOWN),
        (broken.InvalidHeader("the answer's, not ours"), Cause.REMOTE_FAILED, Cause.UNKNOWN),
        (broken.SSLError("alert after the handshake"), Cause.REMOTE_FAILED, Cause.UNKNOWN),
        (ReadTimeoutError(None, "/", "x"), Cause.REMOTE_FAILED, Cause.UNKNOWN),  # pyright: ignore[reportArgumentType]
        (OSError(5, "Input/output error"), Cause.REMOTE_FAILED, Cause.UNKNOWN),
    ],
)
def test_whatever_breaks_after_sending(mocker: MockerFixture, error: Exception, get: Cause, post: Cause) -> None:
    from anyjob.egress.call import CallStep, current_call

    def send(*_: object, **__: object) -> None:
        here = current_call()
        assert here is not None
        here.step = CallStep.SENT
        raise error

    mocker.patch.object(EgressAdapter, "send", side_effect=send)
    assert call("http://127.0.0.1:1/").outcome.cause is get
    got = call("http://127.0.0.1:1/", method="POST")
    assert got.outcome.cause is post
    assert got.outcome.evidence


@pytest.mark.parametrize(
    ("error", "cause"),
    [
        (broken.ConnectTimeout("x"), Cause.START_FAILED),
        (broken.InvalidURL("x"), Cause.BAD_CONFIG),
        (broken.InvalidHeader("x"), Cause.BAD_CONFIG),
        (OSError("Could not find a suitable TLS CA certificate bundle"), Cause.START_FAILED),
        (ValueError("a defect of ours"), Cause.FAILED),
    ],
)
def test_whatever_breaks_before_sending(mocker: MockerFixture, error: Exception, cause: Cause) -> None:
    send = mocker.patch.object(EgressAdapter, "send", side_effect=error)
    assert call("http://127.0.0.1:1/", method="POST").outcome.cause is cause
    assert send.call_count == 1
