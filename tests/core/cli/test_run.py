"""`anyjob run` from a file to an exit status, as a pipe or a script sees it."""

from __future__ import annotations

import fcntl
import json
import signal
import subprocess
from pathlib import Path
from typing import Any

import pytest
from tests.core.cli.program import Program, gone, running_shims, until

IDS = ["job", "instance", "task", "attempt", "fence", "run"]
KEYS = [*IDS, "ok", "cause", "code", "result", "outputs", "evidence", "stop", "log", "started", "ended"]


def test_log_on_standard_output_and_summary_on_standard_error(anyjob: Program) -> None:
    done = anyjob("run", anyjob.job("echo hello; echo world >&2; pwd"))
    (folder,) = anyjob.own.iterdir()
    (log,) = folder.glob("runs/*/log")
    assert (done.status, done.out) == (0, log.read_bytes())
    assert done.out.startswith(b"hello\nworld\n")
    first, last = done.err.splitlines()
    assert first.startswith("anyjob: job 'a' succeeded (")
    assert last == f"  log: {log}"
    assert folder.stat().st_mode & 0o777 == 0o700
    until(lambda: not running_shims(anyjob.state), "the end of the shim, which has nothing to wait for")


ENDS: list[tuple[str, dict[str, Any], int, str]] = [
    ("exit 7", {}, 7, "failed with exit code 7 ("),
    ("kill -USR1 $$", {}, 128 + signal.SIGUSR1, f"was ended by signal {int(signal.SIGUSR1)} (SIGUSR1) ("),
    ("sleep 60", {"Timeout": 1, "TimeoutKillEnable": True}, 124, "timed out ("),
    ("sleep 60 &", {"XAttrs": {"leftovers": "fail"}}, 1, "ended well, but left processes behind ("),
    ("true", {"XAttrs": {"cwd": "/nowhere"}}, 2, "cannot run as it is written ("),
]


def test_exit_status_and_words_of_an_end(anyjob: Program) -> None:
    begun: list[subprocess.Popen[bytes]] = []
    for script, fields, _, _ in ENDS:
        file = anyjob.job(script, **fields)
        begun.append(anyjob.start("run", file))
    ended = [anyjob.finish(process) for process in begun]
    assert [done.status for done in ended] == [status for _, _, status, _ in ENDS]
    for done, (_, _, _, words) in zip(ended, ENDS, strict=True):
        assert done.err.startswith(f"anyjob: job 'a' {words}")


def test_json_is_one_object_with_the_promised_keys(anyjob: Program) -> None:
    script = """echo shown; echo '{"n": 1}' > $ANYJOB_RESULT; sleep 60 & exit 3"""
    done = anyjob("run", anyjob.job(script), "--json")
    said = done.json
    assert list(said) == KEYS
    assert (done.status, done.err) == (3, "")
    (log,) = anyjob.own.glob("*/runs/*/log")
    assert {key: said[key] for key in ("job", "task", "attempt", "fence", "ok", "cause", "code", "result")} == {
        "job": "a",
        "task": 0,
        "attempt": 0,
        "fence": 1,
        "ok": False,
        "cause": "exit_code",
        "code": 3,
        "result": "shown",
    }
    assert (said["outputs"], said["log"], said["run"]) == ({"n": 1}, str(log), log.parent.name)
    assert said["run"].startswith(f"aj-{said['instance']:x}-")
    assert said["started"] <= said["ended"] <= log.stat().st_mtime + 60
    assert [set(item) for item in said["evidence"]] == [{"source", "text"}]
    assert said["evidence"][0]["source"] == "leftovers"
    assert set(said["stop"]) == {"strength", "by", "evidence", "survivors"}


def test_quiet_says_nothing(anyjob: Program) -> None:
    done = anyjob("run", anyjob.job("echo hello; exit 5"), "--quiet")
    assert (done.status, done.out, done.err) == (5, b"", "")


def test_every_shard_runs_and_its_lines_are_marked(anyjob: Program) -> None:
    script = "echo $ANYJOB_SHARD_ID of $3$ANYJOB_SHARD_TOTAL: $2; printf end; exit $1"
    file = anyjob.job(script, ExecuteMode="sharding", Parameters="0=beijing,2=hang zhou")
    done = anyjob("run", file)
    assert sorted(done.out.decode().splitlines()) == [
        "[0] 0 of 2: beijing",
        "[0] end",
        "[2] 2 of 2: hang zhou",
        "[2] end",
    ]
    assert done.status == 2
    assert "  shard 2: exit_code 2: end\n" in done.err
    said = anyjob("run", file, "--json").json
    assert (said["task"], said["run"], said["log"], said["cause"]) == (None, None, None, "exit_code")
    assert sorted((run["task"], run["ok"]) for run in said["runs"]) == [(0, True), (2, False)]
    assert [list(run) for run in said["runs"]] == [KEYS, KEYS]


def test_attempts_go_on_until_one_succeeds(anyjob: Program) -> None:
    file = anyjob.job("echo try $ANYJOB_ATTEMPT; exit $((1 - ANYJOB_ATTEMPT))", MaxAttempt=3, AttemptInterval=0)
    done = anyjob("run", file)
    assert (done.status, done.out) == (0, b"try 0\ntry 1\n")
    assert done.err.splitlines()[0] == "anyjob: attempt 1 of 4 failed with exit code 1; the next begins in 0 s"
    said = anyjob("run", file, "--json").json
    assert [(run["attempt"], run["fence"], run["ok"]) for run in said["runs"]] == [(0, 1, False), (1, 2, True)]
    assert (said["attempt"], said["ok"], said["started"]) == (1, True, said["runs"][0]["started"])


LACKS = """
    from anyjob.executor import FunctionExecutor
    from anyjob.plugins import ExecutorType, hookimpl
    from anyjob.problem import Problem
    from anyjob.spec import Spec

    class LacksSpec(Spec):
        pass

    class LacksExecutor(FunctionExecutor[LacksSpec]):
        async def preflight(self, spec):
            return [Problem(field="ClassName", value="x", remedy="is not here; install it")]

        def call(self, run, spec):
            raise AssertionError

    @hookimpl
    def anyjob_executors():
        yield ExecutorType(job_type="lacks", executor=LacksExecutor, spec=LacksSpec)
"""


def test_ctrl_c_while_the_program_is_imported_ends_it_without_a_traceback(anyjob: Program) -> None:
    site = anyjob.folder / "site"
    site.mkdir()
    # Comes in the middle of the imports, however fast they are.
    (site / "typer.py").write_text("import os, signal\nos.kill(os.getpid(), signal.SIGINT)\nraise ImportError\n")
    anyjob.environment["PYTHONPATH"] = str(site)
    done = anyjob("run", anyjob.job("true"))
    assert (done.status, done.out, done.err) == (130, b"", "")


RETURNS = """
    from anyjob.executor import FunctionExecutor
    from anyjob.outcome import Cause, Outcome
    from anyjob.plugins import ExecutorType, hookimpl
    from anyjob.spec import Spec

    class ReturnsSpec(Spec):
        pass

    class ReturnsExecutor(FunctionExecutor[ReturnsSpec]):
        def call(self, run, spec):
            run.log.write(run.job.content.encode())
            return Outcome(cause=Cause.SUCCEEDED, result=run.job.parameters)

    @hookimpl
    def anyjob_executors():
        yield ExecutorType(job_type="returns", executor=ReturnsExecutor, spec=ReturnsSpec)
"""


@pytest.mark.parametrize(
    ("log", "result", "shown"),
    [
        ("working\n", "42 rows", "  result: 42 rows"),
        ("working\n", "two\nlines \x1b[31m", "  result: two lines \\x1b[31m"),
        ("working\n", "x" * 1000, f"  result: {'x' * 197}..."),
        ("working\n42 rows\n", "42 rows", None),
        ("142 rows\n", "42 rows", "  result: 42 rows"),
    ],
)
def test_a_result_that_the_log_does_not_show_is_in_the_summary(
    anyjob: Program, log: str, result: str, shown: str | None
) -> None:
    anyjob.install("returns", RETURNS)
    done = anyjob("run", anyjob.job(log, JobType="returns", Parameters=result))
    assert done.status == 0
    lines = [line for line in done.err.splitlines() if line.startswith("  result: ")]
    assert lines == ([] if shown is None else [shown])


def test_how_a_list_is_set_is_in_the_help(anyjob: Program) -> None:
    said = " ".join(anyjob("run", "--help").out.decode().split())
    assert """--set 'XAttrs.requirements=["a", "b"]'""" in said


def test_what_was_not_started_is_called_no_attempt(anyjob: Program) -> None:
    anyjob.install("lacks", LACKS)
    done = anyjob("run", anyjob.job("", JobType="lacks", MaxAttempt=1, AttemptInterval=0))
    first, second, *_ = done.err.splitlines()
    assert first == (
        "anyjob: nothing was started (try 1 of 2), as it cannot run here: something that it needs is missing; "
        "the next begins in 0 s"
    )
    assert second.startswith("anyjob: job 'a' cannot run here: something that it needs is missing")


def test_a_pipe_gets_the_bytes_of_the_job(anyjob: Program) -> None:
    raw = b"\x1b[31m\xd6\xd0\xce\xc4\xff\r\x00\x9b1m end without newline"
    (anyjob.folder / "raw").write_bytes(raw)
    done = anyjob("run", anyjob.job(f"cat {anyjob.folder}/raw", XAttrs={"encoding": "gbk"}))
    assert done.out == raw


def test_supervision_goes_on_when_nobody_reads(anyjob: Program) -> None:
    mark = anyjob.folder / "mark"
    script = f"echo first; while [ ! -e {mark}.go ]; do sleep 0.05; done; seq 200000; touch {mark}; exit 6"
    process = anyjob.start("run", anyjob.job(script))
    assert process.stdout is not None
    assert process.stderr is not None
    assert process.stdout.readline() == b"first\n"
    process.stdout.close()
    Path(f"{mark}.go").touch()
    assert process.wait(30) == 6
    assert process.stderr.read().decode().startswith("anyjob: job 'a' failed with exit code 6")
    process.stderr.close()
    assert mark.exists()


@pytest.mark.parametrize(("number", "status"), [(signal.SIGTERM, 143), (signal.SIGHUP, 129)])
def test_a_signal_stops_the_job_with_proof(anyjob: Program, number: signal.Signals, status: int) -> None:
    process = anyjob.start("run", anyjob.job("echo $$; sleep 60"), "--json")
    until(lambda: any(log.read_bytes().endswith(b"\n") for log in anyjob.own.glob("*/runs/*/log")), "the job's pid")
    (log,) = anyjob.own.glob("*/runs/*/log")
    process.send_signal(number)
    done = anyjob.finish(process)
    assert done.status == status
    assert (done.json["cause"], done.json["stop"]["strength"], done.json["stop"]["survivors"]) == (
        "stopped",
        "PROVEN",
        [],
    )
    assert gone(int(log.read_text()))


def test_a_signal_that_is_ignored_from_outside_stays_ignored(anyjob: Program) -> None:
    nohup = ["sh", "-c", 'trap "" HUP; exec "$@"', "nohup"]
    process = anyjob.start("run", anyjob.job("echo on; sleep 0.5"), wrapper=nohup)
    assert process.stdout is not None
    assert process.stdout.readline() == b"on\n"
    process.send_signal(signal.SIGHUP)
    assert anyjob.finish(process).status == 0


def test_job_from_standard_input_with_fields_set(anyjob: Program) -> None:
    two = b"Name: a\nJobType: shell\nContent: echo $ONE\n---\nName: b\nJobType: shell\nContent: echo b\n"
    done = anyjob("run", "-", "--job", "a", "--set", "XAttrs.env.ONE=1=x", "--quiet", "--json", stdin=two)
    assert done.json["result"] == "1=x"


def test_named_state_folder_is_used_and_kept(anyjob: Program) -> None:
    state = anyjob.folder / "mine"
    for _ in range(2):
        assert anyjob("run", anyjob.job("echo hello"), "--state", str(state)).status == 0
    assert len(list(state.glob("runs/*/log"))) == 2
    assert not anyjob.own.exists()


def test_own_folders_are_pruned_but_not_those_in_use_or_unfinished(anyjob: Program) -> None:
    instance = json.dumps({"m": "instance", "id": 5}) + "\n"
    names = [f"20200101-0000{number:02}-abcdef" for number in range(30)]
    for number, name in enumerate(names):
        (anyjob.own / name / "shim").mkdir(parents=True)
        (anyjob.own / name / "worker.jsonl").write_text(instance if number == 3 else "")
        (anyjob.own / name / "lock").touch()
        (anyjob.own / name / "shim" / "lock").touch()
    with (anyjob.own / names[4] / "lock").open() as worker, (anyjob.own / names[5] / "shim" / "lock").open() as shim:
        fcntl.flock(worker, fcntl.LOCK_EX)
        fcntl.flock(shim, fcntl.LOCK_EX)
        assert anyjob("run", anyjob.job("true"), "--quiet").status == 0
    left = sorted(folder.name for folder in anyjob.own.iterdir())
    assert left[:-1] == [*names[3:6], *names[11:]]
    assert left[-1] not in names


def test_a_log_without_a_last_newline_does_not_run_into_our_line(anyjob: Program) -> None:
    file = anyjob.folder / "open.yaml"
    file.write_text("Name: open\nJobType: shell\nContent: printf pong\n")
    process = anyjob.start("run", str(file), stderr=subprocess.STDOUT)
    assert anyjob.finish(process).out.startswith(b"pong\nanyjob: job 'open' succeeded")
    done = anyjob("run", str(file))
    assert (done.out, done.err[:1]) == (b"pong", "a"), "apart each is as it was"
