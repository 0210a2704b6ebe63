"""An application that dials in: its conversation with a worker, played by a peer that can be as bad as it likes."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest
from tests.plugins.jvm.jvm import BOTH, argv
from tests.plugins.jvm.peer import Line, Peer, facts


@pytest.fixture
def line(peer: Peer, classpath: list[Path], feature: str) -> Line:
    peer.start(argv(classpath, feature, "resident"))
    return peer.welcome()


def begin(line: Line, run: str, do: str, **spec: Any) -> None:
    answer = line.ask(
        "start",
        run=run,
        name="a",
        facts=facts(**spec.pop("facts", {})),
        spec={"do": do, **spec},
        secrets={"db": "sesame"},
    )
    assert answer["type"] == "ok", answer


def text(outcome: dict[str, Any], source: str) -> str:
    return "\n".join(one["text"] for one in outcome.get("evidence", []) if one["source"] == source)


@BOTH
def test_it_says_who_it_is(peer: Peer, classpath: list[Path], feature: str) -> None:
    peer.start(argv(classpath, feature))
    hello = peer.accept().wait(lambda one: True)
    assert len(hello.pop("id")) == 32
    assert hello == {
        "type": "hello",
        "names": ["a"],
        "details": {"a": "first"},
        "protocols": [1],
        "role": "app",
        "software": "host 1",
        "job_type": "test",
        "token": "tok",
        "app": "test host",
        "runs": [],
    }


def test_names_that_are_too_long_for_a_hello_come_behind_the_welcome(
    peer: Peer, classpath: list[Path], feature: str
) -> None:
    peer.start(argv(classpath, feature, "many"))
    line = peer.accept()
    hello = line.wait(lambda one: True)
    assert (hello["names"], hello["details"]) == ([], {})
    assert line.size <= 1 << 20
    line.say("welcome", protocol=1, line=16 << 20, node="here", group="g")
    names = line.wait(lambda one: one["type"] == "names")
    assert len(names["names"]) == 1500
    assert len(names["details"]["name 7"]) == 1000


@BOTH
def test_a_run_from_its_start_to_its_end(line: Line) -> None:
    begin(line, "r1", "facts")
    outcome = line.result("r1")
    assert outcome == {
        "cause": "succeeded",
        "result": "p",
        "outputs": facts(),
        "evidence": [{"source": "secret", "text": "sesame"}, {"source": "name", "text": "a"}],
    }
    assert line.ask("find", run="r1")["held"] is True
    assert line.ask("watch", run="r1", cursors={})["type"] == "ok"
    line.ask("ping")
    assert [one["outcome"] for one in line.of("result", "r1")] == [outcome, outcome]
    assert line.ask("clean", run="r1")["type"] == "ok"
    assert line.ask("find", run="r1")["held"] is False
    assert line.ask("clean", run="r1")["type"] == "ok"
    assert line.ask("watch", run="r1", cursors={})["message"] == "run r1 is not held here"


@BOTH
def test_output_goes_into_the_log_of_its_run(line: Line, peer: Peer) -> None:
    for run, lines in (("r1", 300), ("r2", 200)):
        begin(line, run, "slow lines", lines=lines)
    for run, lines in (("r1", 300), ("r2", 200)):
        line.result(run)
        assert line.output(run) == b"".join(b"line %d\n" % at for at in range(lines))
        assert line.of("log", run)[-1]["cursor"] == str(len(line.output(run)))
    begin(line, "r3", "bytes")
    line.result("r3")
    assert line.output("r3") == b"\xff\x00\n"
    assert b"line" not in peer.errors.read_bytes()


def test_a_start_that_cannot_be(line: Line) -> None:
    answer = line.ask("start", run="r1", name="a", facts=facts(), spec={"do": "refuse"}, secrets={})
    assert answer["type"] == "error"
    assert answer["problems"] == [
        {"field": "ClassName", "value": "demo.X", "remedy": "is not on the class path; add it"},
        {"field": "XAttrs.x", "value": "1", "remedy": "is odd"},
    ]
    assert line.ask("find", run="r1")["held"] is False
    answer = line.ask("start", run="r2", name="a", facts=facts(), spec={"do": "check throws"}, secrets={})
    assert answer["message"] == "its check threw java.lang.IllegalStateException: no check today"
    assert line.ask("start", name="a")["message"] == "start names no run"


def test_the_same_start_again_starts_nothing(line: Line) -> None:
    begin(line, "r1", "gate", gate="g")
    begin(line, "r1", "gate", gate="g")
    line.ask("open", gate="g")
    assert line.result("r1")["result"] == "through"
    assert line.output("r1") == b"before the gate\nbehind the gate\n"


def test_requests_of_the_type_and_unknown_ones(line: Line) -> None:
    assert line.ask("take", names=["a"])["taken"] == ["a"]
    assert line.ask("take")["message"] == "names: null: name some"
    assert line.ask("invented")["type"] == "unsupported"
    assert line.ask("invented", run="r")["type"] == "unsupported"
    line.say("news")
    line.raw(b"\n")
    assert line.ask("ping")["type"] == "ok"


def test_names_that_come_late(line: Line) -> None:
    line.ask("announce")
    assert line.of("names") == [{"type": "names", "names": ["a", "late"], "details": {"late": "new"}}]


def test_names_that_come_between_hello_and_welcome(peer: Peer, classpath: list[Path], feature: str) -> None:
    peer.start(argv(classpath, feature, "soon"))
    line = peer.accept()
    assert line.wait(lambda one: True)["names"] == ["a"]
    time.sleep(1.2)
    line.say("welcome", protocol=1, line=16 << 20, node="here", group="g")
    assert line.wait(lambda one: one["type"] == "names")["names"] == ["a", "soon"]


def test_progress_map_and_checkpoint(line: Line) -> None:
    begin(line, "r1", "work")
    asked = line.wait(lambda one: one["type"] == "map")
    assert (asked["items"], asked["name"], asked["key"]) == ([1, "two", {"x": 3}], "page", "k")
    assert line.of("result") == []
    line.say("ok", re=asked["id"])
    assert line.result("r1")["result"] == "mapped"
    assert [(one["done"], one["total"]) for one in line.of("progress")][-1] == (3, 3)

    begin(line, "r2", "checkpoint", facts={"saved": {"row": 4}})
    asked = line.wait(lambda one: one["type"] == "checkpoint")
    assert asked["data"] == {"row": 5}
    line.say("ok", re=asked["id"])
    assert line.result("r2")["result"] == "saved {row=4} then {row=5}"

    begin(line, "r3", "checkpoint")
    asked = line.wait(lambda one: one["type"] == "checkpoint" and one["run"] == "r3")
    line.say("error", re=asked["id"], message="not today")
    assert line.result("r3")["result"] == "checkpoint: not today"


def test_a_hundred_at_once(line: Line) -> None:
    runs = [f"r{at}" for at in range(100)]
    for run in runs:
        line.begin("start", run=run, name="a", facts=facts(), spec={"do": "gate", "gate": "g"}, secrets={})
    line.wait(lambda one: len(line.of("ok")) == 100)
    for run in runs:
        line.printed(run, b"before the gate\n")
    line.ask("open", gate="g")
    for run in runs:
        assert line.result(run)["result"] == "through"
        assert line.output(run) == b"before the gate\nbehind the gate\n"


def test_a_flood_hurts_no_other_run_and_is_whole(line: Line) -> None:
    """While nobody reads, only the one that floods waits."""
    begin(line, "r1", "gate", gate="g")
    line.printed("r1", b"before the gate\n")
    begin(line, "r2", "flood", lines=300_000)
    line.printed("r2", b"line 9\n")
    line.reads.clear()
    time.sleep(1)
    line.begin("open", gate="g")
    line.reads.set()
    assert line.result("r1")["result"] == "through"
    line.result("r2")
    assert line.output("r2") == b"".join(b"line %d\n" % at for at in range(300_000))


def test_lines_up_to_the_limit(peer: Peer, classpath: list[Path], feature: str) -> None:
    peer.start(argv(classpath, feature, "resident", heap="512m"))
    line = peer.welcome()
    begin(line, "r1", "echo", text="x" * (16_000_000))
    assert len(line.result("r1")["result"]) == 16_000_000
    begin(line, "r2", "map", size=20_000_000)
    assert line.result("r2")["result"] == "map: a map of more than 16777216 bytes; send it in parts"
    begin(line, "r3", "result", size=20_000_000)
    outcome = line.result("r3")
    assert outcome["cause"] == "failed"
    assert outcome["result"].startswith("the outcome cannot be told: it has 20000")
    assert text(outcome, "app").startswith("the code ended as succeeded: rrrr")


def test_faults_of_the_code_are_told(line: Line) -> None:
    begin(line, "r1", "throw")
    outcome = line.result("r1")
    assert (outcome["cause"], outcome["result"]) == ("failed", "java.lang.IllegalStateException: boom 中")
    assert "at Host.run(Host.java:" in text(outcome, "exception")
    assert "boom 中\n".encode() in line.output("r1")
    begin(line, "r2", "overflow")
    assert line.result("r2")["result"] == "java.lang.StackOverflowError"
    begin(line, "r3", "outputs")
    assert line.result("r3")["result"] == "the outcome cannot be told: JSON cannot carry java.lang.Object"
    begin(line, "r4", "threads")
    outcome = line.result("r4")
    assert line.of("result", "r4")[0]["retire"] is True
    assert "retire" not in line.of("result", "r1")[0]
    assert text(outcome, "threads").startswith("the code left, and they go on in the JVM, 2 threads: pool-")


@pytest.mark.parametrize("do", ["oom", "oom small"])
@BOTH
def test_a_heap_that_stays_full_still_gives_an_outcome(line: Line, do: str) -> None:
    begin(line, "r1", do)
    assert line.result("r1")["cause"] == "out_of_memory"
