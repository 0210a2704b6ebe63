"""The logs of nodes: all of them, in the run's log, whatever they hold and however long they are."""

from __future__ import annotations

import pytest
from tests.executors.dataworks.life import API, finish, flow_job

from anyjob.outcome import Cause
from anyjob_dataworks.peer import Exchange, Peer, Play

LOGS = {"2020-05-18": ("GetInstanceLog", "Data"), "2024-05-18": ("GetTaskInstanceLog", "TaskInstanceLog")}


def says(text: str, key: str = "Data") -> Play:
    return lambda exchange: exchange.answer(200, {"Success": True, key: text})


@pytest.mark.parametrize("api", API)
def test_an_endless_log_is_cut_at_the_setting(peer: Peer, api: str) -> None:
    """Its beginning is kept, a mark says so, and it is not read again and again."""
    action, key = LOGS[api]
    peer.play(action, says("zeil 日\n" * 400_000, key), times=1000)
    job = flow_job(peer, "hello", xattrs={"api": api, "log": "output"})
    got = finish(job, settings={"log": 90_000, "timeout": 10})
    assert got.outcome.cause is Cause.SUCCEEDED
    text, mark, rest = got.log.partition("\n[anyjob] the log of node greet (")
    assert mark
    assert rest.endswith(") goes on beyond [executors.dataworks] log, unread\n")
    assert rest.count("\n") == 1
    assert text == ("zeil 日\n" * 10_000)  # 9 bytes each
    assert peer.count(action) == 1


def test_a_log_that_never_ends_ends_with_its_call(peer: Peer) -> None:
    """It drips for ever: the call's time is over, the states are seen all the same."""

    def drip(exchange: Exchange) -> None:
        exchange.begin(200, {"Transfer-Encoding": "chunked"})
        while not peer.closing.wait(0.05):
            exchange.write(b"1\r\nx\r\n")

    peer.play("GetInstanceLog", drip, times=1000)
    got = finish(flow_job(peer, "hello"), settings={"timeout": 0.3})
    assert got.outcome.cause is Cause.SUCCEEDED
    assert "no answer within 0.3 s" in got.said
    assert got.outcome.result == "1 of 1 nodes are done"


@pytest.mark.parametrize("play", ["html", "no text"])
def test_a_log_that_cannot_be_read_does_not_hide_the_end(peer: Peer, play: str) -> None:
    if play == "html":
        peer.play("GetInstanceLog", lambda exchange: exchange.raw(200, b"<html>", {}), times=1000)
    else:
        peer.play("GetInstanceLog", lambda exchange: exchange.answer(200, {"Success": True}), times=1000)
    got = finish(flow_job(peer, "fails"))
    assert got.outcome.cause is Cause.REMOTE_FAILED
    assert ("the answer 200 is no JSON object: '<html>'" in got.said) == (play == "html")


def test_the_end_of_a_log_that_comes_after_the_node_is_over(peer: Peer) -> None:
    peer.play("GetInstanceLog", says("one\n"))
    peer.play("GetInstanceLog", says("one\ntwo\n"), times=1000)
    got = finish(flow_job(peer, "hello", xattrs={"log": "output"}))
    assert got.log == "one\ntwo\n"


def test_a_log_that_begins_anew_is_told(peer: Peer) -> None:
    """As of a node that is run again: nothing of either is lost."""
    texts = iter(["first run\n", "second run, and longer\n"])
    last = "second run, and longer\n"

    def rerun(exchange: Exchange) -> None:
        exchange.answer(200, {"Success": True, "Data": next(texts, last)})

    peer.play("GetInstanceLog", rerun, times=1000)
    got = finish(flow_job(peer, "counts", xattrs={"log": "output"}, dagParameters={"upto": 1}))
    lines = got.log.splitlines()
    assert (lines[0], lines[-1]) == ("first run", "second run, and longer")
    assert lines[1].startswith("[anyjob] the log of node count (")
    assert lines[1].endswith("begins anew")
    assert len(lines) == 3


def test_states_alone(peer: Peer) -> None:
    got = finish(flow_job(peer, "daily", xattrs={"log": "states"}))
    assert got.outcome.result == "3 of 3 nodes are done"
    assert all(line.startswith("[anyjob] node ") for line in got.log.splitlines())
    assert not peer.count("GetInstanceLog")


def test_a_long_log_does_not_hold_up_the_loop_or_the_others(peer: Peer) -> None:
    """A node's log of 4 MB is pulled while it grows: not with every look, because each pull costs it whole."""
    peer.play("GetInstanceLog", says("0123456789abcde\n" * 262_144), times=1000)
    got = finish(
        flow_job(peer, "counts", xattrs={"log": "output"}, dagParameters={"upto": 1}), settings={"timeout": 10}
    )
    assert got.outcome.cause is Cause.SUCCEEDED
    assert len(got.log) == 1 << 22
    assert peer.count("GetInstanceLog") <= 3  # while it goes on, at its end, and once more
    assert peer.count("GetDag") > 3


def test_a_name_that_would_forge_a_line_stays_in_its_own(peer: Peer) -> None:
    forged = {
        "InstanceId": 7,
        "NodeName": "a\n[anyjob] node b (8): SUCCESS\x1b[2J",
        "Status": "RUN\nNING",
        "TaskType": "X\nY",
    }
    peer.play("ListManualDagInstances", lambda exchange: exchange.answer(200, {"Instances": [forged]}))
    got = finish(flow_job(peer, "hello"))
    (line,) = [line for line in got.log.splitlines() if "(7)" in line]
    assert line == r"[anyjob] node a\n[anyjob] node b (8): SUCCESS\x1b[2J (7): RUN\nNING, X\nY"
