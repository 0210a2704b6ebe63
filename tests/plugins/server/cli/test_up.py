"""`anyjob up`: from files to ends in one command."""

from __future__ import annotations

import json
import signal
from pathlib import Path

import pytest
from tests.core.cli.program import Program, running_shims, until

JOBS = """
Name: first
JobType: shell
Content: echo "one of $ANYJOB_JOB_NAME"; echo noise >&2
---
Name: second
JobType: shell
Namespace: shop
GroupId: billing
Content: echo two; exit 7
TimeType: 1
TimeExpression: "* * * * * ?"
---
Name: third
JobType: shell
Content: echo three
"""


@pytest.fixture
def anyjob(program: Program) -> Program:
    return program


def a_file(folder: Path, text: str) -> str:
    path = folder / "jobs.yaml"
    path.write_text(text)
    return str(path)


def test_all_jobs_run_once_and_the_first_that_fails_gives_the_status(anyjob: Program, tmp_path: Path) -> None:
    file = a_file(tmp_path, JOBS)
    done = anyjob("up", file)
    assert done.status == 7, done.err
    assert done.out.decode().splitlines() == ["one of first", "noise", "two", "three"]
    said = [line for line in done.err.splitlines() if line.startswith("anyjob:")]
    assert [line.split("(")[0].strip() for line in said] == [
        "anyjob: job 'first' succeeded",
        "anyjob: job 'second' failed with exit code 7",
        "anyjob: job 'third' succeeded",
    ]
    assert len([*(anyjob.state / "anyjob" / "up").iterdir()]) == 1
    until(lambda: not running_shims(anyjob.state), "the end of its shim")
    one = anyjob("up", file, "--job", "first", "--json", "--set", "Content=echo set")
    assert one.status == 0, one.err
    assert [one.json[name] for name in ("job", "ok", "cause", "result")] == ["first", True, "succeeded", "set"]


def test_what_is_wrong_is_said_and_nothing_is_left(anyjob: Program, tmp_path: Path) -> None:
    done = anyjob("up", a_file(tmp_path, "Name: a\nJobType: shel\n"))
    assert (done.status, done.out) == (2, b"")
    assert "shell" in done.err
    assert "Traceback" not in done.err
    assert [*(anyjob.state / "anyjob" / "up").iterdir()] == []
    assert anyjob("up", str(tmp_path / "none.yaml")).status == 2


def test_a_signal_stops_the_job_that_runs_and_no_further_one_begins(anyjob: Program, tmp_path: Path) -> None:
    slow = (
        "Name: slow\nJobType: shell\nContent: echo begun; sleep 60\n---\nName: next\nJobType: shell\nContent: echo x\n"
    )
    going = anyjob.start("up", a_file(tmp_path, slow))
    assert going.stdout is not None
    assert going.stdout.readline() == b"begun\n"
    going.send_signal(signal.SIGINT)
    done = anyjob.finish(going)
    assert (done.status, done.out) == (130, b"")
    assert "job 'slow' was stopped" in done.err


def test_jobs_of_a_folder_of_ones_own_stay_and_are_made_anew(anyjob: Program, tmp_path: Path) -> None:
    state = str(tmp_path / "mine")
    job = "Name: mine\nJobType: shell\nContent: echo {}\nTimeType: 1\nTimeExpression: 0 0 3 1 1 ?\n"
    assert anyjob("up", a_file(tmp_path, job.format(1)), "--state", state).out == b"1\n"
    assert anyjob("up", a_file(tmp_path, job.format(2)), "--state", state).out == b"2\n"
    # A second signal leaves the job going, to whoever comes next on the folder.
    slow = "Name: mine\nJobType: shell\nContent: trap '' TERM; echo begun; sleep 60\n"
    going = anyjob.start("up", a_file(tmp_path, slow), "--state", state)
    assert going.stdout is not None
    assert going.stdout.readline() == b"begun\n"
    going.send_signal(signal.SIGTERM)
    assert going.stderr is not None
    assert b"a second signal leaves it going" in going.stderr.readline()
    going.send_signal(signal.SIGTERM)
    done = anyjob.finish(going)
    assert done.status == 143
    assert f"`anyjob serve --state {state}` takes it over" in done.err


def test_json_is_one_line_a_job(anyjob: Program, tmp_path: Path) -> None:
    done = anyjob("up", a_file(tmp_path, JOBS), "--json")
    assert [json.loads(line)["job"] for line in done.out.splitlines()] == ["first", "second", "third"]
