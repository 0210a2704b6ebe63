"""Programs that were written for the public SchedulerX worker, unchanged, with one `replace` line."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import time
from pathlib import Path
from typing import Any

import pytest
from tests.executors.go.peer import Peer
from tests.executors.go.programs import HERE, Programs
from tests.executors.go.runs import Go, call, evidence

from anyjob.executor.capabilities import Phase
from anyjob.job import Job
from anyjob.outcome import Cause, Strength
from anyjob.testing.rig import Finished

pytestmark = pytest.mark.needs("go")
REDUCE = [
    {"task": 0, "name": "MAP_TASK_ROOT", "status": "success", "result": ""},
    {"task": 1, "name": "order", "status": "success", "result": "20"},
    {"task": 2, "name": "order", "status": "success", "result": "22"},
    {"task": 3, "name": "order", "status": "failed", "result": "100"},
]


def test_the_module_stands_alone(programs: Programs) -> None:
    """Its SDK is the one source, word for word, and nothing else has to be fetched or replaced."""
    inside = programs.dropin / "internal" / "anyjob"
    own = {path.name: path.read_bytes() for path in programs.sdk.glob("*.go")}
    assert {path.name: path.read_bytes() for path in inside.glob("*.go")} == own
    assert len(own) > 8
    assert (programs.dropin / "go.mod").read_text() == "module github.com/alibaba/schedulerx-worker-go\n\ngo 1.20\n"
    used = (HERE / "user" / "go.mod").read_text()
    assert used.count("replace") == 1
    assert "anyjob" not in used + "".join(
        line for line in (HERE / "user" / "jobs.go").read_text().splitlines(keepends=True)
    )


def run(go: Go, name: str, parameters: str = "", **facts: Any) -> Finished:
    return go.run(go.job(name, parameters, program=go.programs.user), **facts)


def test_hello_in_a_process_of_its_own(go: Go) -> None:
    before = time.monotonic()
    got = run(go, "HelloWorld", "world")
    assert (got.outcome.cause, got.outcome.result) == (Cause.SUCCEEDED, "hello world"), got.said
    assert b"[Process] Start process my task: Hello world!\ntraced 1\n" in got.log
    assert time.monotonic() - before < 4, "main, which would wait for a signal, is not waited for"


@pytest.mark.parametrize(
    ("name", "result", "says"),
    [
        ("Panics", "panic: oh no", "main.Panics.Process"),
        ("Nil", "result can't be null", "Process returned an error"),
    ],
)
def test_failures(go: Go, name: str, result: str, says: str) -> None:
    got = run(go, name)
    assert (got.outcome.cause, got.outcome.result) == (Cause.FAILED, result), got.said
    assert says in evidence(got)


def test_an_unregistered_name(go: Go) -> None:
    got = run(go, "HeloWorld")
    assert got.outcome.cause is Cause.DEPENDENCY_MISSING, got.said
    assert "did you mean HelloWorld? it serves Broadcast, Ctx, Getters, HelloWorld, Nil, Orders, Panics" in got.said


def test_every_getter(go: Go) -> None:
    job = Job.from_wire(
        {
            "Name": "getters",
            "JobType": "go",
            "GroupId": "shop",
            "Content": '{"jobName": "Getters"}',
            "Parameters": "p",
            "MaxAttempt": 3,
            "TimeType": 1,
            "TimeExpression": "0 0 1 * * ?",
            "XAttrs": {"binary": str(go.programs.user)},
        }
    )
    got = go.run(
        job,
        job_id=42,
        task=3,
        task_name="order",
        attempt=1,
        payload={"id": 1},
        upstream=[{"job": "a", "data": "x"}, {"job": "b", "data": ""}],
        instance_parameters="i",
        schedule_time=1_700_000_000_000,
        data_time=1_700_000_000_001,
    )
    assert json.loads(got.outcome.result) == [
        42, got.order.instance, 0, 3, "getters", 1_700_000_000_000, 1_700_000_000_001, "standalone", "go", "order",
        '{"id": 1}', "shop", '{"jobName": "Getters"}', "", 3, 1, "p", "i", "a=x;b=;", 0, 0,
        0, 1, 0, 0, 0, "", 0, None, "", 1, "0 0 1 * * ?", int(got.order.trigger), "", True,
    ], got.said  # fmt: skip


def test_map_in_a_process_of_its_own(go: Go) -> None:
    got = run(go, "Orders", "2500", task_name="MAP_TASK_ROOT")
    assert "none of them was run" in evidence(got), got.said


def stopped(go: Go, name: str, word: bytes, parameters: str, **xattrs: object) -> Finished:
    async def life() -> Finished:
        async with go.rig.worker() as worker:
            job = call(name, Parameters=parameters, xattrs={"binary": str(go.programs.user), "grace": 20, **xattrs})
            live = await go.rig.submit(worker, go.rig.order(job))
            await go.rig.until(lambda: word in go.rig.log(live), "it has not begun")
            live.stop()
            return await go.rig.finish(live)

    return asyncio.run(life())


@pytest.mark.parametrize(
    ("name", "word", "parameters", "step"),
    [
        ("HelloWorld", b"Start process", "loop", "Kill was called and has returned"),
        ("Ctx", b"ready", "", "the context was cancelled"),
    ],
    ids=["by a flag", "by the context"],
)
def test_kill_by_a_flag_and_by_the_context(go: Go, name: str, word: bytes, parameters: str, step: str) -> None:
    got = stopped(go, name, word, parameters)
    assert got.outcome.cause is Cause.STOPPED, got.said
    assert got.outcome.stop is not None
    assert got.outcome.stop.strength is Strength.PROVEN
    assert step in " ".join(item.text for item in got.outcome.stop.evidence), "it was killed, or main has ended it"


def test_a_stop_signal_of_which_main_knows_nothing(go: Go) -> None:
    got = stopped(go, "HelloWorld", b"Start process", "loop", stopSignal="USR2")
    assert got.outcome.stop is not None
    assert "Kill was called and has returned" in [item.text for item in got.outcome.stop.evidence]


def test_broadcast_has_a_context_before_and_after(go: Go) -> None:
    """In the original it is nil there."""
    assert run(go, "Broadcast", phase=Phase.PRE).outcome.ok
    assert run(go, "Broadcast", phase=Phase.POST).outcome.result == "0"


# ---------------------------------------------------------------- dialling in


def test_names_are_announced_as_they_are_registered(programs: Programs) -> None:
    with Peer(programs.user) as peer:
        assert peer.welcome()["names"] == []
        names = peer.request_of("names")["names"]
        assert "HelloWorld" in names
        assert peer.call("HelloWorld", parameters="x")["result"] == "hello x"


def test_map_and_reduce(programs: Programs) -> None:
    with Peer(programs.user) as peer:
        peer.welcome()
        peer.start("Orders", parameters="2500", task_name="MAP_TASK_ROOT")
        items: list[object] = []
        for _ in range(3):
            asked = peer.request_of("map")
            assert asked["name"] == "order"
            items += asked["items"]
            peer.say(type="ok", re=asked["id"])
        assert peer.result()["cause"] == "succeeded"
        assert len(items) == 2500
        assert items[0] == {"id": 1, "value": 1}
        assert peer.call("Orders", "task", task_name="order", payload=items[41])["result"] == "42"
        reduced = peer.call("Orders", "reduce", phase="REDUCE", results=REDUCE)
        assert (reduced["cause"], reduced["result"]) == ("succeeded", "42")
        posted = peer.call("Broadcast", "post", phase="POST", results=REDUCE)
        assert posted["result"] == "42"


def test_an_empty_map_is_the_originals_failure(programs: Programs) -> None:
    with Peer(programs.user) as peer:
        peer.welcome()
        outcome = peer.call("Orders", parameters="0", task_name="MAP_TASK_ROOT")
        assert (outcome["cause"], outcome["result"]) == ("failed", "task list is empty")


@pytest.mark.parametrize("main", ["signal", "select"])
@pytest.mark.parametrize("kind", ["resident", "attached"])
def test_term_ends_the_program(programs: Programs, main: str, kind: str) -> None:
    """A process that anyjob started ends at once, whatever main does with the signal; else main has its time."""
    env = {"USER_MAIN": main} | ({"ANYJOB_APP_RESIDENT": "1"} if kind == "resident" else {})
    with Peer(programs.user, env=env) as peer:
        peer.welcome()
        peer.start("Ctx")
        peer.process.send_signal(signal.SIGTERM)
        assert peer.result()["cause"] == "evicted"
        peer.ask("clean", run="aj-7-0-1")
        before = time.monotonic()
        code = peer.process.wait(20)
        if kind == "resident":
            assert code == 0
            assert time.monotonic() - before < 4, "the five seconds of main are not waited for"
        elif main == "select":
            assert code == -signal.SIGTERM
        else:
            assert code == 0
            assert "main is over" in peer.output.read_text()


def test_without_anyjob_it_says_so(programs: Programs) -> None:
    env = {name: value for name, value in os.environ.items() if not name.startswith("ANYJOB_")}
    done = subprocess.run([programs.user], env=env, capture_output=True, text=True, timeout=30)
    assert done.returncode == 2
    assert "ANYJOB_APP is not set: this program is linked with anyjob in place of SchedulerX's worker" in done.stderr


def test_the_public_names_are_all_there(programs: Programs, tmp_path: Path) -> None:
    """Whatever the public worker's packages offer compiles; written down from its published interface."""
    (tmp_path / "go.mod").write_text(
        "module example.com/surface\n\ngo 1.20\n\nrequire github.com/alibaba/schedulerx-worker-go v1.0.8\n\n"
        f"replace github.com/alibaba/schedulerx-worker-go => {programs.dropin}\n"
    )
    (tmp_path / "main.go").write_text((HERE / "surface.go.txt").read_text())
    from anyjob_go.build import build

    program = build(tmp_path, tmp_path / "surface")
    done = subprocess.run([program], capture_output=True, text=True, timeout=30)
    assert done.stdout == "all of it\n", done.stderr
