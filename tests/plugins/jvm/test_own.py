"""A JVM for one run: it is told by start.json, and whatever the code does, outcome.json says what is known."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from tests.plugins.jvm.jvm import BOTH, argv
from tests.plugins.jvm.peer import facts


@dataclass
class Ended:
    code: int
    out: bytes
    outcome: dict[str, Any] | None

    def of(self, source: str) -> str:
        assert self.outcome is not None
        return "\n".join(one["text"] for one in self.outcome.get("evidence", []) if one["source"] == source)


class Box:
    """A run's folder, and its process."""

    def __init__(self, folder: Path, classpath: list[Path], feature: str) -> None:
        self.folder, self.classpath, self.feature = folder, classpath, feature
        self.heap = "64m"
        self.process: subprocess.Popen[bytes] | None = None

    def begin(self, do: str, *, grace: float = 2.0, **spec: Any) -> subprocess.Popen[bytes]:
        message = {"type": "start", "run": "aj-1", "facts": facts(grace=grace), "spec": {"do": do, **spec}}
        (self.folder / "start.json").write_text(json.dumps(message))
        return self.launch()

    def launch(self) -> subprocess.Popen[bytes]:
        (self.folder / "secrets").mkdir(exist_ok=True)
        (self.folder / "secrets" / "db").write_text("swordfish")
        env = {
            "ANYJOB_APP": f"files:{self.folder}",
            "ANYJOB_MAP": f"{self.folder}/map",
            "ANYJOB_PROGRESS": f"{self.folder}/progress",
            "ANYJOB_SECRETS": f"{self.folder}/secrets",
        }
        command = argv(self.classpath, self.feature, heap=self.heap)
        with (self.folder / "log").open("ab") as log:
            self.process = subprocess.Popen(command, env=env, stdout=log, stderr=log, stdin=subprocess.DEVNULL)
        return self.process

    def printed(self, text: bytes) -> None:
        until = time.monotonic() + 30
        while text not in (self.folder / "log").read_bytes():
            assert time.monotonic() < until, (self.folder / "log").read_bytes()[-2000:]
            time.sleep(0.02)

    def end(self) -> Ended:
        assert self.process is not None
        code = self.process.wait(60)
        path = self.folder / "outcome.json"
        message = json.loads(path.read_bytes()) if path.exists() else None
        if message is not None:
            assert (message["type"], message["run"]) == ("result", "aj-1")
        return Ended(code, (self.folder / "log").read_bytes(), None if message is None else message["outcome"])

    def run(self, do: str, **spec: Any) -> Ended:
        self.begin(do, **spec)
        return self.end()


@pytest.fixture
def box(tmp_path: Path, classpath: list[Path], feature: str) -> Any:
    made = Box(tmp_path, classpath, feature)
    yield made
    if made.process is not None and made.process.poll() is None:
        made.process.kill()
        made.process.wait()


@BOTH
def test_a_result_with_all_that_the_run_was_told(box: Box) -> None:
    ended = box.run("facts")
    assert ended.code == 0
    assert ended.outcome == {
        "cause": "succeeded",
        "result": "p",
        "outputs": facts(),
        "evidence": [{"source": "secret", "text": "swordfish"}, {"source": "name", "text": ""}],
    }
    assert ended.out == b""
    assert sorted(path.name for path in box.folder.iterdir()) == ["log", "outcome.json", "secrets", "start.json"]


def test_what_it_throws_stands_in_log_and_evidence(box: Box) -> None:
    ended = box.run("throw")
    assert ended.code == 0
    assert ended.outcome is not None
    assert (ended.outcome["cause"], ended.outcome["result"]) == ("failed", "java.lang.IllegalStateException: boom 中")
    assert "at Host.run(Host.java:" in ended.of("exception")
    assert "IllegalStateException: boom 中\n".encode() in ended.out


def test_a_stack_that_overflows_is_cut(box: Box) -> None:
    ended = box.run("overflow")
    assert ended.outcome is not None
    assert (ended.outcome["cause"], ended.outcome["result"]) == ("failed", "java.lang.StackOverflowError")
    assert ended.of("exception").endswith(" characters more)")
    assert len(ended.of("exception")) < 4100


def test_a_static_initialiser_that_throws_names_its_cause(box: Box) -> None:
    ended = box.run("static")
    assert ended.outcome is not None
    assert ended.outcome["result"] == (
        "java.lang.ExceptionInInitializerError: java.lang.IllegalArgumentException: bad static"
    )


@pytest.mark.parametrize("do", ["oom", "oom small"])
@BOTH
def test_a_full_heap_still_gives_an_outcome(box: Box, do: str) -> None:
    box.heap = "32m"
    ended = box.run(do)
    assert ended.code == 0
    assert ended.outcome is not None
    assert ended.outcome["cause"] == "out_of_memory"
    assert ended.outcome["result"].startswith("java.lang.OutOfMemoryError")


@pytest.mark.parametrize(
    ("text", "cause"),
    [
        ("custom", "failed"),
        (None, "failed"),
        ("Java heap space", "out_of_memory"),
        ("unable to create native thread: possibly out of memory or process/resource limits reached", "out_of_memory"),
        ("Cannot reserve 100 bytes of direct buffer memory (allocated: 1, limit: 2)", "out_of_memory"),
    ],
)
def test_only_the_texts_of_the_jvm_mean_a_full_memory(box: Box, text: str | None, cause: str) -> None:
    ended = box.run("oom said", text=text)
    assert ended.outcome is not None
    said = "java.lang.OutOfMemoryError" + (f": {text}" if text else "")
    assert (ended.outcome["cause"], ended.outcome["result"]) == (cause, said)
    assert ended.of("exception").startswith(f"{said}\n\tat Host.run(Host.java:")


@pytest.mark.parametrize("code", [0, 3])
@BOTH
def test_system_exit_in_the_middle_is_no_success(box: Box, code: int) -> None:
    ended = box.run("exit", code=code)
    assert ended.code == code
    assert ended.outcome is not None
    assert ended.outcome["cause"] == "failed"
    assert ended.outcome["result"].startswith("System.exit was called at Host.run(Host.java:")
    assert ended.of("exit").startswith("thread anyjob-run called System.exit at Host.run(Host.java:")


def test_system_exit_of_another_thread_is_told_apart(box: Box) -> None:
    ended = box.run("exit elsewhere")
    assert ended.code == 4
    assert "thread user-thread called System.exit at Host$" in ended.of("exit")


@BOTH
def test_halt_leaves_no_word(box: Box) -> None:
    ended = box.run("halt")
    assert (ended.code, ended.outcome) == (9, None)


@BOTH
def test_threads_that_it_leaves_end_with_the_process(box: Box) -> None:
    ended = box.run("threads")
    assert ended.code == 0
    assert ended.outcome is not None
    assert ended.outcome["cause"] == "succeeded"
    assert ended.of("threads").startswith("the code left, and they ended with the JVM, 2 threads: pool-1-thread-1 (at ")
    assert ended.out == b"from a pool\nfrom a pool\n"


def test_a_shutdown_hook_that_blocks_does_not_keep_the_process(box: Box) -> None:
    ended = box.run("hook")
    assert ended.code == 0
    assert ended.outcome == {"cause": "succeeded", "result": "hooked"}
    assert b"[anyjob] shutdown hooks had not ended after 5000 ms" in ended.out


def test_refusals_name_each_field(box: Box) -> None:
    ended = box.run("refuse")
    assert ended.outcome == {
        "cause": "bad_config",
        "result": "ClassName: demo.X: is not on the class path; add it",
        "evidence": [
            {"source": "ClassName", "text": '"demo.X": is not on the class path; add it'},
            {"source": "XAttrs.x", "text": '"1": is odd'},
        ],
    }


def test_a_host_that_gives_nothing_has_failed(box: Box) -> None:
    ended = box.run("null")
    assert ended.outcome == {"cause": "failed", "result": "the host gave no outcome"}


def test_outputs_that_json_cannot_carry(box: Box) -> None:
    ended = box.run("outputs")
    assert ended.outcome == {
        "cause": "failed",
        "result": "the outcome cannot be told: JSON cannot carry java.lang.Object",
    }


def test_progress_and_map_are_files(box: Box) -> None:
    ended = box.run("work")
    assert ended.outcome == {"cause": "succeeded", "result": "mapped"}
    assert (box.folder / "progress").read_text().splitlines()[-1] == "3 3"
    (line,) = (box.folder / "map").read_text().splitlines()
    assert json.loads(line) == {"items": [1, "two", {"x": 3}], "name": "page", "key": "k"}


def test_a_checkpoint_has_nobody_who_keeps_it(box: Box) -> None:
    ended = box.run("checkpoint")
    assert ended.outcome is not None
    assert ended.outcome["result"] == "checkpoint: a process for one run has nobody who could keep a checkpoint"


def test_closed_streams_hurt_nothing(box: Box) -> None:
    ended = box.run("closed streams")
    assert ended.code == 0
    assert ended.outcome == {"cause": "succeeded", "result": "closed"}


@BOTH
def test_a_stop_asks_the_code_first(box: Box) -> None:
    process = box.begin("sleep", kill="flag")
    box.printed(b"waiting")  # earlier the JVM has no handler yet, and is ended by the signal itself
    process.send_signal(signal.SIGTERM)
    ended = box.end()
    assert ended.code == 0
    assert ended.outcome is not None
    assert (ended.outcome["cause"], ended.outcome["result"]) == ("stopped", "killed softly")
    assert ended.outcome["stop"]["strength"] == "REPORTED"
    assert re.fullmatch(r"the code's return \d+ ms after kill", ended.outcome["stop"]["by"])
    assert "ms after kill" in ended.outcome["stop"]["evidence"][0]["text"]
    assert ended.of("app") == "the code ended as succeeded: killed softly"


@pytest.mark.parametrize(
    ("kill", "note"),
    [
        (None, ""),
        ("throws", "kill threw java.lang.IllegalStateException: no kill today"),
        ("blocks", "kill has not returned"),
    ],
)
@BOTH
def test_then_it_interrupts(box: Box, kill: str | None, note: str) -> None:
    process = box.begin("sleep", kill=kill)
    box.printed(b"sleeping")
    process.send_signal(signal.SIGTERM)
    ended = box.end()
    assert ended.code == 0
    assert ended.outcome is not None
    assert ended.outcome["cause"] == "stopped"
    assert ended.outcome["result"].startswith("java.lang.InterruptedException")
    assert ended.outcome["stop"]["by"] == "interrupt"
    assert ", by java.lang.InterruptedException" in ended.outcome["stop"]["evidence"][0]["text"]
    assert note in ended.outcome["stop"]["evidence"][0]["text"]


def test_code_that_swallows_the_interrupt_was_not_ended_by_it(box: Box) -> None:
    process = box.begin("swallow", ends=True)
    box.printed(b"swallowing")
    process.send_signal(signal.SIGTERM)
    ended = box.end()
    assert ended.outcome is not None
    assert ended.outcome["cause"] == "stopped"
    assert re.fullmatch(r"the code's return \d+ ms after interrupt", ended.outcome["stop"]["by"])
    assert ended.of("app") == "the code ended as succeeded: swallowed"


@BOTH
def test_a_kill_that_ends_the_jvm_is_no_return_of_the_code(box: Box) -> None:
    process = box.begin("sleep", kill="exits")
    box.printed(b"sleeping")
    process.send_signal(signal.SIGTERM)
    ended = box.end()
    assert ended.outcome is not None
    assert (ended.outcome["cause"], ended.outcome["stop"]["by"]) == ("stopped", "System.exit in kill")
    (said,) = ended.outcome["stop"]["evidence"]
    wanted = r"the JVM was ended by System.exit in kill, at Host.stop\(Host.java:\d+\), \d+ ms after the stop"
    assert re.fullmatch(wanted + " was asked for; the code had not returned", said["text"]), said


@pytest.mark.parametrize(("do", "said"), [("swallow", b"swallowing"), ("deadlock", b"locked")])
@BOTH
def test_then_the_jvm_ends_itself(box: Box, do: str, said: bytes) -> None:
    process = box.begin(do, grace=1.0)
    box.printed(said)
    process.send_signal(signal.SIGTERM)
    ended = box.end()
    assert ended.code == 0
    assert ended.outcome is not None
    assert (ended.outcome["cause"], ended.outcome["stop"]["by"]) == ("stopped", "halt")
    assert "the last step was interrupt" in ended.outcome["stop"]["evidence"][0]["text"]


def test_code_that_looks_for_the_stop_needs_no_step(box: Box) -> None:
    process = box.begin("spin")
    box.printed(b"spinning")
    process.send_signal(signal.SIGTERM)
    ended = box.end()
    assert ended.outcome is not None
    assert ended.outcome["result"] == "saw it"
    assert ended.outcome["stop"]["by"].startswith("the code's return ")


def test_a_folder_without_a_run(box: Box) -> None:
    for text, why in (
        ("{", "is not JSON: character 2: the text ends too early"),
        ('{"type":"start"}', "it is no start message"),
        ('{"type":"start","run":"a","facts":1}', '"facts" is no object'),
    ):
        (box.folder / "start.json").write_text(text)
        box.launch()
        ended = box.end()
        assert (ended.code, ended.outcome) == (2, None)
        assert why.encode() in ended.out


def test_an_outcome_that_cannot_be_written_is_no_success(box: Box) -> None:
    (box.folder / "outcome.json.part").mkdir()
    ended = box.run("echo", text="x")
    assert (ended.code, ended.outcome) == (1, None)
    assert b"[anyjob] outcome.json could not be written" in ended.out


def test_a_flood_is_whole(box: Box) -> None:
    ended = box.run("flood", lines=200_000)
    lines = ended.out.splitlines()
    assert (len(lines), lines[-1]) == (200_000, b"line 199999")
    assert os.path.exists(box.folder / "outcome.json")
