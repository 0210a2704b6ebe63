"""The worker dies during a call: what may be sent again is, what may not never is."""

from __future__ import annotations

import asyncio
import json
import socket
import threading
import time
from pathlib import Path
from typing import Any

import pytest
from tests.core.egress.peer import OK, request_of, serving
from tests.executors.http.life import call, http_job

from anyjob.executor.capabilities import Capabilities
from anyjob.outcome import Cause, Strength
from anyjob.plugins import PluginHost
from anyjob.testing.crash import doomed
from anyjob.testing.killed import killed
from anyjob.testing.marks import Moment, at, die
from anyjob.testing.rig import Finished, Rig
from anyjob.worker.order import RunOrder
from anyjob_http.peer import Peer

PATIENCE = 30.0


def cut(rig: Rig, url: str, came: threading.Event, **content: Any) -> Finished:
    """The end of a run whose worker is killed when the request `came`."""
    return killed(rig, RunOrder(job=http_job(url, **content), instance=1), came.is_set)


class Counter:
    """A server that keeps the first caller waiting until it is gone, and answers the others."""

    def __init__(self) -> None:
        self.seen: list[bytes] = []
        self.came = threading.Event()

    def answer(self, line: socket.socket) -> None:
        self.seen.append(request_of(line))
        self.came.set()
        if len(self.seen) == 1:
            line.recv(65536)  # until it hangs up
        else:
            line.sendall(OK)


@pytest.fixture
def rig(tmp_path: Path) -> Any:
    with Rig(tmp_path, job_type="http", patience=PATIENCE) as made:
        yield made


def test_a_plain_post_is_never_sent_twice(rig: Rig) -> None:
    counter = Counter()
    with serving(counter.answer) as port:
        got = cut(rig, f"http://127.0.0.1:{port}/", counter.came, method="POST")
    assert (got.outcome.cause, len(counter.seen)) == (Cause.UNKNOWN, 1)
    assert "whether it took effect is not known" in got.said


@pytest.mark.parametrize(
    "content",
    [{}, {"method": "HEAD"}, {"method": "POST", "idempotencyKey": True, "repeatable": True}],
    ids=["GET", "HEAD", "POST with a key"],
)
def test_what_may_be_repeated_goes_on(rig: Rig, content: dict[str, Any]) -> None:
    counter = Counter()
    with serving(counter.answer) as port:
        got = cut(rig, f"http://127.0.0.1:{port}/", counter.came, **content)
    assert (got.outcome.cause, len(counter.seen)) == (Cause.SUCCEEDED, 2)
    assert got.log.startswith(b"[anyjob] the worker ended during the call; it is made again\n")
    keys = {line for one in counter.seen for line in one.split(b"\r\n") if line.startswith(b"X-Anyjob-Key")}
    assert len(keys) == 1


def test_a_stop_after_the_death_does_not_prove_what_the_dead_did(rig: Rig) -> None:
    """The next worker sends nothing, and still the request may have been sent."""
    counter = Counter()
    with serving(counter.answer) as port:
        order = RunOrder(job=http_job(f"http://127.0.0.1:{port}/"), instance=1)

        async def doom() -> None:
            async with rig.worker() as worker:
                at(worker, Moment.STARTED, lambda: time.sleep(PATIENCE))  # its handle is never kept
                await rig.finish(await rig.submit(worker, order))

        async def next_life() -> Finished:
            async with rig.worker() as worker:
                worker.live[order.name].stop()
                return await rig.resumed(worker, order)

        with doomed(doom, PATIENCE) as process:
            assert counter.came.wait(PATIENCE)
            process.kill()
        got = asyncio.run(next_life())
    assert (got.outcome.cause, len(counter.seen)) == (Cause.STOPPED, 1)
    assert got.outcome.stop is not None
    assert got.outcome.stop.strength is Strength.ASKED


def test_a_get_may_be_declared_not_repeatable(rig: Rig) -> None:
    counter = Counter()
    with serving(counter.answer) as port:
        got = cut(rig, f"http://127.0.0.1:{port}/", counter.came, repeatable=False)
    assert (got.outcome.cause, len(counter.seen)) == (Cause.UNKNOWN, 1)


@pytest.mark.parametrize("moment", [Moment.ACCEPTED, Moment.STARTING])
def test_a_post_that_was_not_sent_is_sent(rig: Rig, moment: Moment) -> None:
    """What is kept before the request leaves tells: without it nothing was sent."""
    with Peer() as peer:
        order = RunOrder(job=http_job(f"{peer.url}/echo", method="POST", body="x"), instance=1)

        async def doom() -> None:
            async with rig.worker() as worker:
                at(worker, moment, die)
                await rig.finish(await rig.submit(worker, order))

        async def next_life() -> Finished:
            async with rig.worker() as worker:
                return await rig.resumed(worker, order)

        with doomed(doom, PATIENCE) as process:
            assert process.wait()
        got = asyncio.run(next_life())
        assert got.outcome.cause is Cause.SUCCEEDED
        assert peer.requests == ["POST /echo"]


# --- 202


class Job:
    """A server that takes a job by 202 and tells how it stands; it goes on until `done`."""

    def __init__(self, first: bytes, *, finished: bytes = OK) -> None:
        self.first, self.finished = first, finished
        self.seen: list[str] = []
        self.taken, self.looked, self.done = threading.Event(), threading.Event(), threading.Event()

    def answer(self, line: socket.socket) -> None:
        while request := request_of(line):
            said = request.split(b" HTTP")[0].decode()
            self.seen.append(said)
            if said.startswith("POST"):
                line.sendall(self.first)
                self.taken.set()
            elif self.done.is_set():
                line.sendall(self.finished)
            else:
                line.sendall(b"HTTP/1.1 202 Accepted\r\nContent-Length: 0\r\n\r\n")
                self.looked.set()


ACCEPTED = b"HTTP/1.1 202 Accepted\r\nLocation: /jobs/7\r\nContent-Length: 0\r\n\r\n"
POLL: dict[str, Any] = {"method": "POST", "poll": {"interval": 0.05}}


def accepted(body: bytes) -> bytes:
    return b"HTTP/1.1 202 Accepted\r\nContent-Length: %d\r\n\r\n" % len(body) + body


def test_a_202_job_outlives_the_worker(rig: Rig) -> None:
    job = Job(ACCEPTED)
    with serving(job.answer) as port:
        threading.Thread(target=lambda: (job.looked.wait(PATIENCE), time.sleep(0.3), job.done.set())).start()
        got = cut(rig, f"http://127.0.0.1:{port}/start", job.looked, **POLL)
    assert (got.outcome.cause, got.outcome.result) == (Cause.SUCCEEDED, "ok")
    assert job.seen.count("POST /start") == 1
    assert set(job.seen) == {"POST /start", "GET /jobs/7"}


@pytest.mark.parametrize(
    ("first", "poll", "path"),
    [
        (ACCEPTED, {}, "/jobs/7"),
        (accepted(b'{"links": [{"href": "/j/1"}]}'), {"url": "$.links[0].href"}, "/j/1"),
        (
            ACCEPTED.replace(b"Location: /jobs/7", b"Operation-Location: state"),
            {"url": "Operation-Location"},
            "/a/state",
        ),
    ],
)
def test_where_the_state_stands(first: bytes, poll: dict[str, Any], path: str) -> None:
    job = Job(first)
    job.done.set()
    with serving(job.answer) as port:
        got = call(f"http://127.0.0.1:{port}/a/b", method="POST", poll={"interval": 0.05, **poll})
    assert (got.outcome.cause, got.log) == (Cause.SUCCEEDED, b"ok")
    assert job.seen[-1] == f"GET {path}"


def test_a_state_in_the_answer() -> None:
    answers = [json.dumps({"state": word}).encode() for word in ("queued", "running", "failed")]

    def answer(line: socket.socket) -> None:
        while request := request_of(line):
            if request.startswith(b"POST"):
                line.sendall(ACCEPTED)
            else:
                body = answers.pop(0)
                line.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body) + body)

    poll = {"interval": 0.05, "key": "state", "going": ["queued", "running"]}
    with serving(answer) as port:
        got = call(f"http://127.0.0.1:{port}/", method="POST", poll=poll, respKey="state", respValue="done")
    assert got.outcome.cause is Cause.FAILED
    assert got.log == b'{"state": "failed"}'


def test_a_failed_look_says_nothing_of_the_job() -> None:
    looks: list[int] = []

    def answer(line: socket.socket) -> None:
        request = request_of(line)
        if request.startswith(b"POST"):
            line.sendall(ACCEPTED)
        else:
            looks.append(1)
            if len(looks) > 2:
                line.sendall(OK)  # the others are not answered

    with serving(answer) as port:
        got = call(f"http://127.0.0.1:{port}/", **POLL)
    assert (got.outcome.cause, len(looks)) == (Cause.SUCCEEDED, 3)


def test_a_202_without_a_place_is_unknown() -> None:
    with serving(Job(accepted(b"{}")).answer) as port:
        got = call(f"http://127.0.0.1:{port}/", **POLL)
    assert (got.outcome.cause, got.outcome.code) == (Cause.UNKNOWN, 202)
    assert "has no Location" in got.said


def test_a_202_to_metadata_is_refused() -> None:
    first = ACCEPTED.replace(b"/jobs/7", b"http://169.254.169.254/")
    with serving(Job(first).answer) as port:
        got = call(f"http://127.0.0.1:{port}/", **POLL)
    assert got.outcome.cause is Cause.REJECTED
    assert "169.254.0.0/16" in got.said


def test_a_stop_ends_the_looking() -> None:
    job = Job(ACCEPTED)
    with serving(job.answer) as port:
        got = call(
            f"http://127.0.0.1:{port}/",
            method="POST",
            poll={"interval": 3600},
            xattrs={"grace": 600},
            until=lambda run: isinstance(run.record.saved, dict) and "poll" in run.record.saved,
        )
    assert got.outcome.cause is Cause.STOPPED
    assert f"the stop came while waiting before the next look at http://127.0.0.1:{port}/jobs/7" in got.said
    assert got.outcome.stop is not None
    assert got.outcome.stop.survivors


def test_only_what_outlives_the_worker_is_called_so() -> None:
    def promised(**content: Any) -> Capabilities:
        return PluginHost.load().dispatch(http_job("http://a/", **content)).capabilities

    assert not promised().resumes
    assert not promised(**POLL).resumes  # until the 202 has come it does not
    assert promised(**POLL, idempotencyKey=True, repeatable=True).resumes
