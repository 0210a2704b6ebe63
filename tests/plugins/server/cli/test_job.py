"""`anyjob job` against a server."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable

from tests.core.cli.program import Done, Terminal
from tests.plugins.server.serving import Serving

Call = Callable[..., Done]

TWO = """
Name: two-a
JobType: shell
Content: |
  echo "hello from $ANYJOB_JOB_NAME"
  echo "$ANYJOB_INSTANCE_PARAMETERS"
Timezone: GMT+8
Priority: 10
XAttrs: {grace: 3}
---
Name: two-b
JobType: shell
Content: exit 3
TimeType: 1
TimeExpression: 0 0 3 1 1 ?
Status: 0
StartTime: 1893456000000
"""


def test_jobs_of_files_are_made_shown_and_made_again_of_what_was_shown(
    anyjob: Call, file: Callable[[str], str]
) -> None:
    made = anyjob("job", "create", file(TWO), "--set", "Description=both", "--json")
    assert made.status == 0, made.err
    first, second = json.loads(made.out)["jobs"]
    assert (first["name"], second["name"]) == ("two-a", "two-b")
    listed = json.loads(anyjob("job", "list", "--name", "two-", "--json").out)["jobs"]
    assert [(job["id"], job["name"], job["status"]) for job in listed] == [
        (second["id"], "two-b", "disabled"),
        (first["id"], "two-a", "enabled"),
    ]
    people = anyjob("job", "list", "--status", "disabled").out.decode()
    assert "two-b  shell  cron 0 0 3 1 1 ?  disabled" in people
    assert "two-a" not in people
    shown = json.loads(anyjob("job", "show", str(second["id"]), "--json").out)
    assert shown["job"] == {
        "JobType": "shell", "Name": "two-b", "Description": "both", "ExecuteMode": "standalone", "Content": "exit 3",
        "TimeType": 1, "TimeExpression": "0 0 3 1 1 ?", "Status": 0, "StartTime": 1893456000000,
    }  # fmt: skip
    of_a = json.loads(anyjob("job", "show", "two-a", "--json").out)["job"]
    assert (of_a["Timezone"], of_a["Priority"], of_a["XAttrs"]) == ("GMT+8", 10, {"grace": 3})
    again = anyjob("job", "create", "-", "--set", "Name=two-c", stdin=json.dumps(of_a).encode())
    assert again.status == 0, again.err
    assert b"'two-c' is made" in again.out
    assert json.loads(anyjob("job", "show", "two-c", "--json").out)["job"] == {**of_a, "Name": "two-c"}


def test_what_is_wrong_is_told_and_what_was_made_before_too(anyjob: Call, file: Callable[[str], str]) -> None:
    text = "Name: {}\nJobType: shell\nContent: {}\n"
    half = anyjob("job", "create", file(text.format("once", "echo")), file(text.format("bad", '""')), "--json")
    assert half.status == 2
    assert [job["name"] for job in json.loads(half.out)["jobs"]] == ["once"]
    assert "Content" in half.err
    assert "write the script here" in half.err
    twice = anyjob("job", "create", file(text.format("once", "echo")))
    assert twice.status == 2
    assert "'once' exists already" in twice.err
    assert anyjob("job", "create", file("Name: x\n")).status == 2
    unknown = anyjob("job", "show", "nobody")
    assert unknown.status == 2
    assert "nobody" in unknown.err
    assert "Traceback" not in half.err + twice.err + unknown.err


def test_a_run_that_is_waited_for_shows_its_log_and_ends_with_the_jobs_own_status(
    anyjob: Call, file: Callable[[str], str]
) -> None:
    anyjob("job", "create", file(TWO.replace("two-", "ran-")))
    good = anyjob("job", "run", "ran-a", "--parameters", "over here", "--wait")
    assert (good.status, good.out) == (0, b"hello from ran-a\nover here\n")
    assert "anyjob: job 'ran-a' succeeded (" in good.err
    bad = anyjob("job", "run", "ran-b", "--wait", "--json")
    assert bad.status == 3
    assert [bad.json[name] for name in ("job", "ok", "cause", "code", "status", "trigger")] == [
        "ran-b", False, "exit_code", 3, "failed", "API",
    ]  # fmt: skip
    fired = anyjob("job", "run", "ran-a")
    assert fired.out.startswith(b"Job 'ran-a' is fired: instance ")


def test_jobs_are_disabled_enabled_and_deleted_all_or_none(anyjob: Call, file: Callable[[str], str]) -> None:
    anyjob("job", "create", file(TWO.replace("two-", "four-")), file("Name: '44'\nJobType: shell\nContent: echo\n"))
    none = anyjob("job", "delete", "four-a", "four-x")
    assert none.status == 2
    assert anyjob("job", "disable", "four-a", "44").status == 0, "a name of digits, where no job has that id"
    on = json.loads(anyjob("job", "enable", "four-b", "--json").out)
    assert [job["name"] for job in on["jobs"]] == ["four-b"]
    listed = json.loads(anyjob("job", "list", "--name", "4", "--json").out)["jobs"]
    listed += json.loads(anyjob("job", "list", "--name", "four-", "--json").out)["jobs"]
    assert {job["name"]: job["status"] for job in listed} == {
        "44": "disabled", "four-a": "disabled", "four-b": "enabled",
    }  # fmt: skip
    assert b"is deleted" in anyjob("job", "delete", "four-a", "44").out
    assert anyjob("job", "show", "four-a").status == 2


def test_what_a_job_prints_and_is_named_acts_on_no_terminal(
    server: Serving, anyjob: Call, file: Callable[[str], str]
) -> None:
    hostile = 'Name: "esc\\tape"\nJobType: shell\nContent: "printf \'\\\\033]0;owned\\\\007red\\\\033[31m\\\\n\'"\n'
    refused = anyjob("job", "create", file(hostile))
    assert refused.status == 2
    assert "\t" not in refused.err
    assert anyjob("job", "create", file(hostile.replace("\\t", " "))).status == 0
    piped = anyjob("job", "run", "esc ape", "--wait")
    assert piped.out == b"\x1b]0;owned\x07red\x1b[31m\n", "a pipe gets what was printed"
    terminal = Terminal(server.program, "job", "run", "esc ape", "--wait", "--state", str(server.state))
    assert terminal.finish() == 0
    assert b"red\r\n" in terminal.shown
    assert b"\x1b" not in terminal.shown
    assert b"owned" not in terminal.shown


def test_a_reader_that_goes_away_is_no_fault(server: Serving, anyjob: Call, file: Callable[[str], str]) -> None:
    anyjob("job", "create", file("Name: long\nJobType: shell\nContent: seq 100000\n"))
    words = [sys.executable, "-m", "anyjob", "job", "run", "long", "--wait", "--state", str(server.state)]
    done = subprocess.run(
        ["bash", "-c", '"$@" | head -1; echo "${PIPESTATUS[0]}"', "-", *words],
        env=server.program.environment | {"PYTHONUNBUFFERED": "1"},
        cwd=os.getcwd(),
        capture_output=True,
        timeout=60,
    )
    assert done.stdout == b"1\n0\n"
    assert b"job 'long' succeeded" in done.stderr
    assert b"rror" not in done.stderr
