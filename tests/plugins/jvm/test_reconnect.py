"""Connections that break, workers that go and come back, and applications that go for good."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.plugins.jvm.jvm import BOTH, argv
from tests.plugins.jvm.peer import Line, Peer, facts


def begin(line: Line, run: str, do: str, **spec: Any) -> None:
    answer = line.ask("start", run=run, name="a", facts=facts(), spec={"do": do, **spec}, secrets={})
    assert answer["type"] == "ok", answer


@pytest.fixture
def peer(feature: str, tmp_path: Path) -> Iterator[Peer]:
    """Unix sockets with one Java, TCP with the other: what they share is the JDK's."""
    with Peer(tmp_path, tcp=feature == "25") as made:
        yield made


@pytest.fixture
def line(peer: Peer, classpath: list[Path], feature: str) -> Line:
    peer.start(argv(classpath, feature, "resident"))
    return peer.welcome()


@BOTH
def test_no_byte_is_lost_or_doubled(peer: Peer, line: Line) -> None:
    whole = b"".join(b"line %d\n" % at for at in range(2000))
    begin(line, "r1", "slow lines", lines=2000)
    got = b""
    for at in range(4):
        line.printed("r1", b"line %d\n" % (300 * at + 200))
        line.close()
        got += line.output("r1")
        line = peer.welcome()
        hello = line.of("hello")[0]
        assert hello["runs"] == ["r1"]
        assert line.ask("watch", run="r1", cursors={"app": str(len(got))})["type"] == "ok"
    line.result("r1")
    got += line.output("r1")
    assert got == whole
    assert line.of("log")[-1]["cursor"] == str(len(whole))


def test_nothing_is_told_before_it_is_watched(peer: Peer, line: Line) -> None:
    begin(line, "r1", "slow lines", lines=50)
    line.close()
    line = peer.welcome()
    time.sleep(0.5)
    assert [one["type"] for one in line.heard] == ["hello"]
    line.ask("watch", run="r1", cursors={})
    line.result("r1")
    assert line.output("r1").startswith(b"line 0\n")


def test_the_same_process_keeps_its_id_and_its_results(peer: Peer, line: Line) -> None:
    begin(line, "r1", "echo", text="kept")
    line.result("r1")
    first = line.of("hello")[0]["id"]
    peer.vanish()
    time.sleep(2)
    peer.listen()
    line = peer.welcome()
    assert line.of("hello")[0]["id"] == first
    assert line.ask("watch", run="r1", cursors={})["type"] == "ok"
    assert line.result("r1")["result"] == "kept"
    assert line.ask("clean", run="r1")["type"] == "ok"


def test_what_was_pushed_out_is_told(peer: Peer, line: Line) -> None:
    begin(line, "r1", "gate", gate="g")
    line.printed("r1", b"before the gate\n")
    begin(line, "r2", "flood", lines=100_000)
    line.printed("r2", b"line 10\n")
    line.close()
    had = line.output("r2")
    time.sleep(1)
    line = peer.welcome()
    line.ask("watch", run="r2", cursors={"app": str(len(had))})
    line.result("r2")
    got = line.output("r2")
    found = re.match(rb"\[anyjob\] (\d+) bytes of log were lost\n", got)
    assert found is not None
    whole = b"".join(b"line %d\n" % at for at in range(100_000))
    rest = got[found.end() :]
    assert len(had) + int(found[1]) + len(rest) == len(whole)
    assert whole.endswith(rest)
    assert len(rest) == 256 << 10


@BOTH
def test_a_question_is_asked_again(peer: Peer, line: Line) -> None:
    begin(line, "r1", "work")
    first = line.wait(lambda one: one["type"] == "map")
    line.close()
    line = peer.welcome()
    line.ask("watch", run="r1", cursors={})
    again = line.wait(lambda one: one["type"] == "map")
    assert again["id"] != first["id"]
    assert (again["items"], again["key"]) == (first["items"], first["key"])
    line.say("ok", re=first["id"])  # of a connection that is gone: nobody's
    line.say("ok", re=again["id"])
    assert line.result("r1")["result"] == "mapped"


@pytest.mark.parametrize(
    ("garbage", "why"),
    [
        (b"GET / HTTP/1.1\n", "the worker sent a line that is not JSON: character 1: a value is expected"),
        (b'{"type":"ping","id":1,"id":2}\n', "a key stands twice"),
        (b'{"type":"ping","x":"\xff"}\n', "the worker sent a line that is not UTF-8"),
        (b"[1]\n", "the worker sent a line that is no message"),
        (b"[" * 70 + b"]" * 70 + b"\n", "it has more than 64 levels"),
        (b"x" * (16 << 20) + b"x", "the worker sent a line of more than 16777216 bytes"),
    ],
    ids=["http", "twice", "utf-8", "list", "deep", "endless"],
)
@BOTH
def test_garbage_ends_the_connection_and_no_run(peer: Peer, line: Line, garbage: bytes, why: str) -> None:
    begin(line, "r1", "gate", gate="g")
    line.raw(garbage)
    line.end()
    line = peer.welcome()
    assert why in peer.errors.read_text()
    line.ask("watch", run="r1", cursors={})
    line.ask("open", gate="g")
    assert line.result("r1")["result"] == "through"


def test_a_refusal_is_not_asked_again_at_once(peer: Peer, classpath: list[Path], feature: str) -> None:
    peer.start(argv(classpath, feature))
    line = peer.accept()
    line.wait(lambda one: one["type"] == "hello")
    line.say("refused", why="token tok is not known", protocols=[1])
    line.end()
    began = time.monotonic()
    peer.accept()
    assert time.monotonic() - began > 4  # half of the longest pause, and a random part
    assert "event refused token tok is not known" in peer.errors.read_text()


def test_an_application_that_is_closed_ends_its_runs_first(peer: Peer, line: Line) -> None:
    begin(line, "r1", "sleep")
    line.printed("r1", b"sleeping")
    begin(line, "r2", "swallow")
    line.printed("r2", b"swallowing")
    line.ask("close")
    line.end()
    first, second = line.result("r1"), line.result("r2")
    assert (first["cause"], second["cause"]) == ("evicted", "evicted")
    assert first["result"] == "the application ended and interrupted the code"
    assert first["evidence"][0]["text"].startswith("the code then ended as failed: java.lang.InterruptedException")
    assert second["result"] == "the application ended while the code was running"


def test_a_check_that_outlives_its_connection_is_told_by_a_result(peer: Peer, line: Line) -> None:
    line.begin("start", run="r1", name="a", facts=facts(), spec={"do": "refuse late", "gate": "g"}, secrets={})
    line.wait(lambda one: line.ask("find", run="r1")["held"])
    line.close()
    line = peer.welcome()
    assert line.ask("watch", run="r1", cursors={})["type"] == "ok"
    line.ask("open", gate="g")
    outcome = line.result("r1")
    assert (outcome["cause"], outcome["result"]) == ("bad_config", "ClassName: demo.X: is gone by now")


def test_an_application_waits_a_little_for_its_results_to_be_taken(peer: Peer, line: Line) -> None:
    begin(line, "r1", "sleep")
    line.printed("r1", b"sleeping")
    line.ask("close")
    line.result("r1")
    assert line.ask("clean", run="r1")["type"] == "ok"
    line.end(1.5)


@pytest.mark.parametrize("do", ["exit", "exit elsewhere"])
@BOTH
def test_the_run_that_ends_the_jvm_is_named(peer: Peer, line: Line, do: str) -> None:
    begin(line, "r1", "sleep")
    line.printed("r1", b"sleeping")
    begin(line, "r2", do, code=3)
    line.end()
    assert line.result("r2")["cause"] == "failed"
    assert line.result("r2")["result"].startswith("System.exit was called at Host")
    other = line.result("r1")
    assert other["cause"] == "evicted"
    assert "run r2: thread" in str(other["evidence"])
    assert "called System.exit at Host" in str(other["evidence"])
    assert peer.process is not None
    assert peer.process.wait(30) == (3 if do == "exit" else 4)


@BOTH
def test_an_application_ends_whether_a_worker_is_there_or_not(peer: Peer, classpath: list[Path], feature: str) -> None:
    peer.listener.close()
    peer.start(argv(classpath, feature, "ends"))
    assert peer.process is not None
    assert peer.process.wait(30) == 0


def test_a_worker_that_ends_in_good_order_is_no_trouble(peer: Peer, line: Line) -> None:
    begin(line, "r1", "gate", gate="g")
    line.say("bye")
    line.end()
    line = peer.welcome()
    assert line.of("hello")[0]["runs"] == ["r1"]
    said = peer.errors.read_text()
    assert "event ended\n" in said
    assert "event lost" not in said


def test_a_shared_process_with_neither_worker_nor_run_ends(peer: Peer, classpath: list[Path], feature: str) -> None:
    peer.start(argv(classpath, feature, "resident", "alone=300"))
    line = peer.welcome()
    begin(line, "r1", "gate", gate="g")
    line.close()
    for _ in range(4):  # nobody welcomes it, and the run keeps it
        peer.accept().close()
    line = peer.welcome()
    assert line.of("hello")[0]["runs"] == ["r1"]
    line.ask("watch", run="r1", cursors={})
    line.ask("open", gate="g")
    line.result("r1")
    peer.listener.close()
    line.close()
    assert peer.process is not None
    assert peer.process.wait(30) == 0
    assert "neither worker nor run for 0 s: this JVM ends" in peer.errors.read_text()


def test_a_worker_that_is_silent_is_left_and_dialled_again(peer: Peer, classpath: list[Path], feature: str) -> None:
    peer.start(argv(classpath, feature, "silence=1200"))
    line = peer.welcome()
    begin(line, "r1", "gate", gate="g")
    first = line.wait(lambda one: one["type"] == "ping")
    line.say("ok", re=first["id"])
    line.wait(lambda one: one["type"] == "ping" and one["id"] != first["id"])  # as the answer was a sign of life
    line.end()
    assert peer.welcome().of("hello")[0]["runs"] == ["r1"]
    assert "event lost the worker was silent for 1 s" in peer.errors.read_text()
