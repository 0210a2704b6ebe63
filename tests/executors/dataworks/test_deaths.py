"""The worker is killed, and the flow goes on: it is found again, or nobody knows, and it never starts twice.

The region is one that leads to the server by the settings, as a real one leads to DataWorks: what holds there is what
holds for the service.
"""

from __future__ import annotations

import asyncio
import threading
from pathlib import Path
from typing import Any

import pytest
from tests.executors.dataworks.life import API, PATIENCE, QUICK, flow_job
from tests.executors.dataworks.test_ends import STARTS

from anyjob.outcome import Cause
from anyjob.testing.crash import doomed
from anyjob.testing.killed import killed
from anyjob.testing.rig import Finished, Rig
from anyjob.worker.order import RunOrder
from anyjob_dataworks.peer import Exchange, Peer, PeerKey


@pytest.fixture
def rig(tmp_path: Path, peer: Peer) -> Any:
    peer.keys = {"k": PeerKey(secret="s")}
    settings = {
        **QUICK,
        "timeout": 20,
        "region": "cn-shanghai",
        "endpoints": {"cn-shanghai": f"http://127.0.0.1:{peer.port}"},
        "credentials": {"*": {"id": {"command": ["echo", "k"]}, "secret": {"command": ["echo", "s"]}}},
    }
    with Rig(tmp_path, job_type="dataworks", settings=settings, patience=PATIENCE) as made:
        yield made


@pytest.mark.parametrize("api", API)
def test_killed_between_the_request_and_its_answer(rig: Rig, peer: Peer, api: str) -> None:
    """The flow was started: the next worker finds it by its mark, and starts no other."""
    came, gone = threading.Event(), threading.Event()

    def play(exchange: Exchange) -> None:
        exchange.do()
        came.set()
        gone.wait(PATIENCE)

    peer.play(STARTS[api], play)
    order = RunOrder(job=flow_job(peer, "hello", region=None, xattrs={"api": api}), instance=1)
    got = killed(rig, order, came.is_set, gone.set)
    assert (got.outcome.cause, got.outcome.result) == (Cause.SUCCEEDED, "hello")
    assert (peer.count(STARTS[api]), len(peer.flows.started)) == (1, 1)


@pytest.mark.parametrize("api", API)
def test_killed_before_the_request_was_done(rig: Rig, peer: Peer, api: str) -> None:
    """It came and was not done, which nobody can tell from one that is done a moment later: unknown, and no second."""
    came, gone = threading.Event(), threading.Event()

    def play(exchange: Exchange) -> None:
        came.set()
        gone.wait(PATIENCE)

    peer.play(STARTS[api], play)
    order = RunOrder(job=flow_job(peer, "hello", region=None, xattrs={"api": api}), instance=1)
    got = killed(rig, order, came.is_set, gone.set)
    assert got.outcome.cause is Cause.UNKNOWN
    assert "was sent and not answered, and nothing that carries the mark aj-1-0-1." in got.said
    assert (peer.count(STARTS[api]), len(peer.flows.started)) == (1, 0)


def test_a_flow_that_shows_late_is_still_found(rig: Rig, peer: Peer) -> None:
    """The service takes a moment to show what the dead worker's request did."""
    came, gone = threading.Event(), threading.Event()
    searched = threading.Event()

    def late(exchange: Exchange) -> None:
        came.set()
        searched.wait(PATIENCE)
        exchange.do()

    def search(exchange: Exchange) -> None:
        answer = exchange.do()
        searched.set()
        exchange.answer(200, answer)

    peer.play("RunManualDagNodes", late)
    peer.play("ListInstances", search)
    order = RunOrder(job=flow_job(peer, "hello", region=None), instance=1)
    got = killed(rig, order, came.is_set, gone.set)
    assert got.outcome.cause is Cause.SUCCEEDED
    assert peer.count("ListInstances") > 1
    assert len(peer.flows.started) == 1


def test_killed_while_the_start_is_throttled(rig: Rig, peer: Peer) -> None:
    """Every request so far was refused, so nothing was started: the next worker starts it."""

    def throttle(exchange: Exchange) -> None:
        exchange.refuse(429, "Throttling.User", "slow down", {"Retry-After": "600"})

    peer.play("RunManualDagNodes", throttle)
    order = RunOrder(job=flow_job(peer, "hello", region=None), instance=1)

    async def doom() -> None:
        async with rig.worker() as worker:
            await rig.finish(await rig.submit(worker, order))

    async def next_life() -> Finished:
        async with rig.worker() as worker:
            return await rig.resumed(worker, order)

    with doomed(doom, PATIENCE) as process:
        asyncio.run(rig.until(lambda: b"tried again" in rig.log(order), "The start was not throttled"))
        process.kill()
    got = asyncio.run(next_life())
    assert got.outcome.cause is Cause.SUCCEEDED
    assert (peer.count("RunManualDagNodes"), len(peer.flows.started)) == (2, 1)


@pytest.mark.parametrize("api", API)
def test_killed_while_the_flow_goes_on(rig: Rig, peer: Peer, api: str) -> None:
    """States and logs go on where they were: no line is missing, none stands twice."""
    job = flow_job(peer, "counts", region=None, xattrs={"api": api}, dagParameters={"upto": 200})
    order = RunOrder(job=job, instance=1)

    async def doom() -> None:
        async with rig.worker() as worker:
            await rig.finish(await rig.submit(worker, order))

    async def next_life() -> Finished:
        async with rig.worker() as worker:
            return await rig.resumed(worker, order)

    with doomed(doom, PATIENCE) as process:
        asyncio.run(rig.until(lambda: rig.log(order).count(b"\n") > 20, "The run has not begun to count"))
        process.kill()
    got = asyncio.run(next_life())
    assert got.outcome.cause is Cause.SUCCEEDED
    lines = got.log.decode().splitlines()
    assert [line for line in lines if line.isdigit()] == [str(number) for number in range(1, 201)]
    told = [line for line in lines if line.startswith("[anyjob] node")]
    assert len(told) == len(set(told))
    assert len(peer.flows.started) == 1


def test_a_stop_of_a_run_whose_start_nobody_answered(rig: Rig, peer: Peer) -> None:
    came, gone = threading.Event(), threading.Event()

    def play(exchange: Exchange) -> None:
        came.set()
        gone.wait(PATIENCE)

    peer.play("RunManualDagNodes", play)
    order = RunOrder(job=flow_job(peer, "hello", region=None, xattrs={"grace": 0.1}), instance=1)

    async def doom() -> None:
        async with rig.worker() as worker:
            await rig.finish(await rig.submit(worker, order))

    async def next_life() -> Finished:
        async with rig.worker() as worker:
            worker.live[order.name].stop()
            return await rig.resumed(worker, order)

    with doomed(doom, PATIENCE) as process:
        assert came.wait(PATIENCE)
        process.kill()
    gone.set()
    got = asyncio.run(next_life())
    assert got.outcome.stop is not None
    assert got.outcome.stop.strength.value == "ASKED"
    assert not peer.flows.started
