"""Stops over a link: each step, what is said at once, and what the outcome says."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from tests.plugins.jvm.jvm import BOTH, argv
from tests.plugins.jvm.peer import Line, Peer, facts


@pytest.fixture
def line(peer: Peer, classpath: list[Path], feature: str) -> Line:
    peer.start(argv(classpath, feature, "resident"))
    return peer.welcome()


def begin(line: Line, run: str, do: str, grace: float = 2.0, **spec: Any) -> None:
    answer = line.ask("start", run=run, name="a", facts=facts(grace=grace), spec={"do": do, **spec}, secrets={})
    assert answer["type"] == "ok", answer


@BOTH
def test_a_kill_that_is_heeded(line: Line) -> None:
    begin(line, "r1", "sleep", kill="flag")
    said = line.ask("stop", run="r1", stage="ASK")["stop"]
    assert said["strength"] in ("ASKED", "REPORTED")
    outcome = line.result("r1")
    assert (outcome["cause"], outcome["result"]) == ("stopped", "killed softly")
    by = outcome["stop"]["by"]
    assert outcome["stop"]["strength"] == "REPORTED"
    assert re.fullmatch(r"the code's return \d+ ms after kill", by)
    assert {"source": "app", "text": "the code ended as succeeded: killed softly"} in outcome["evidence"]
    said = line.ask("stop", run="r1", stage="ASK")["stop"]
    assert (said["strength"], said["by"]) == ("REPORTED", by)


def test_an_interrupt_that_is_swallowed_ended_nothing(line: Line) -> None:
    begin(line, "r1", "swallow", grace=0.2, ends=True)
    line.printed("r1", b"swallowing")
    line.ask("stop", run="r1", stage="ASK")
    outcome = line.result("r1")
    assert outcome["cause"] == "stopped"
    assert re.fullmatch(r"the code's return \d+ ms after interrupt", outcome["stop"]["by"])
    assert {"source": "app", "text": "the code ended as succeeded: swallowed"} in outcome["evidence"]


@BOTH
def test_a_kill_that_ends_the_jvm(line: Line) -> None:
    """The run whose kill it was is told apart from its neighbours."""
    begin(line, "r1", "sleep", kill="exits")
    begin(line, "r2", "sleep")
    line.printed("r1", b"sleeping")
    line.printed("r2", b"sleeping")
    line.ask("stop", run="r1", stage="ASK")
    outcome = line.result("r1")
    assert (outcome["cause"], outcome["stop"]["by"]) == ("stopped", "System.exit in kill")
    assert "the code had not returned" in outcome["stop"]["evidence"][0]["text"]
    assert line.result("r2")["cause"] == "evicted"


@pytest.mark.parametrize("kill", [None, "throws", "blocks"])
def test_an_interrupt(line: Line, kill: str | None) -> None:
    begin(line, "r1", "sleep", grace=0.6, kill=kill)
    line.printed("r1", b"sleeping")
    line.ask("stop", run="r1", stage="ASK")
    outcome = line.result("r1")
    assert outcome["cause"] == "stopped"
    assert outcome["stop"]["by"] == "interrupt"


def test_code_that_swallows_it_is_never_called_gone(line: Line) -> None:
    begin(line, "r1", "swallow", grace=0.2)
    line.printed("r1", b"swallowing")
    line.ask("stop", run="r1", stage="ASK")
    line.printed("r1", b"interrupted\n")
    said = line.ask("stop", run="r1", stage="FORCE")["stop"]
    assert said == {"strength": "ASKED", "by": "interrupt", "evidence": [], "survivors": ["run r1"]}
    line.printed("r1", b"interrupted\ninterrupted\n")
    assert line.of("result") == []
    # The worker gives up, and asks no more.
    assert line.ask("clean", run="r1")["type"] == "ok"
    assert line.ask("find", run="r1")["held"] is False


@BOTH
def test_force_does_not_wait_for_the_code(line: Line) -> None:
    begin(line, "r1", "sleep", grace=3600, kill="blocks")
    line.printed("r1", b"sleeping")
    line.ask("stop", run="r1", stage="FORCE")
    assert line.result("r1")["stop"]["by"] == "interrupt"


def test_an_interrupt_never_hits_another_run(line: Line) -> None:
    for at in range(20):
        begin(line, f"a{at}", "swallow", grace=0.0, ends=True)
        line.printed(f"a{at}", b"swallowing")
        line.ask("stop", run=f"a{at}", stage="FORCE")
        line.result(f"a{at}")
        begin(line, f"b{at}", "interrupted")
        assert line.result(f"b{at}")["result"] == "false"


def test_a_stop_that_comes_with_its_start(line: Line) -> None:
    for at in range(20):
        start: dict[str, Any] = {"type": "start", "id": 1000 + at, "run": f"r{at}", "name": "a", "secrets": {}}
        stop = {"type": "stop", "id": 2000 + at, "run": f"r{at}", "stage": "FORCE"}
        start |= {"facts": facts(), "spec": {"do": "sleep"}}
        line.raw(json.dumps(start).encode() + b"\n" + json.dumps(stop).encode() + b"\n")
        assert line.result(f"r{at}")["cause"] == "stopped"


def test_a_stop_of_nothing(line: Line) -> None:
    assert line.ask("stop", run="r1", stage="ASK")["message"] == "run r1 is not held here"


def test_a_run_that_waits_for_its_worker_can_be_stopped(line: Line) -> None:
    begin(line, "r1", "work")
    line.wait(lambda one: one["type"] == "map")
    line.ask("stop", run="r1", stage="ASK")
    assert line.result("r1")["result"].startswith("java.lang.InterruptedException")


def test_a_flood_that_nobody_reads_can_be_stopped(line: Line) -> None:
    begin(line, "r1", "flood", lines=3_000_000)
    line.printed("r1", b"line 100\n")
    line.reads.clear()
    line.begin("stop", run="r1", stage="ASK")
    line.reads.set()
    # It runs to its end, and what was not read in time is lost by name.
    assert line.result("r1", 90)["cause"] == "stopped"
