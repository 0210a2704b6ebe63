"""`anyjob job` against a server."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace

from tests.core.cli.program import Done, Terminal
from tests.plugins.server.serving import Serving

from anyjob.job import Job, JobStatus
from anyjob_server.client.client import Client

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
    server: Serving, anyjob: Call, file: Callable[[str], str]
) -> None:
    made = anyjob("job", "create", file(TWO), "--set", "Description=both", "--json")
    assert made.status == 0, made.err
    first, second = json.loads(made.out)["jobs"]
    assert (first["name"], second["name"]) == ("two-a", "two-b")
    people = anyjob("job", "list", "--status", "disabled").out.decode()
    assert "two-b  shell  cron 0 0 3 1 1 ?  disabled" in people
    assert "two-a" not in people
    lines = anyjob("job", "show", "two-a").out.decode().splitlines()
    at = next(number for number, line in enumerate(lines) if line.split()[:1] == ["Content"])
    assert lines[at + 1].split()[0] == "echo", "the name of a field stands before its first line alone"
    shown = json.loads(anyjob("job", "show", "two-a", "--json").out)
    assert shown["job"] == {
        "JobType": "shell", "Name": "two-a", "Description": "both", "ExecuteMode": "standalone", "TimeType": 100,
        "Content": 'echo "hello from $ANYJOB_JOB_NAME"\necho "$ANYJOB_INSTANCE_PARAMETERS"\n', "Timezone": "GMT+8",
        "Priority": 10, "XAttrs": {"grace": 3},
    }  # fmt: skip
    again = anyjob("job", "create", "-", "--set", "Name=two-c", stdin=json.dumps(shown["job"]).encode())
    assert again.status == 0, again.err
    assert b"'two-c' is made" in again.out
    with server.client() as client:
        assert client.job("two-c").fields == {**shown["job"], "Name": "two-c"}
        of_b = client.job(str(second["id"]))
        assert (of_b.name, of_b.fields["StartTime"], of_b.fields["Status"]) == ("two-b", 1893456000000, 0)
        assert [one.name for one in client.jobs("two-")] == ["two-c", "two-b", "two-a"]


def test_all_that_is_wrong_with_all_files_is_told_before_the_first_job_is_made(
    server: Serving, anyjob: Call, file: Callable[[str], str]
) -> None:
    good = file("Name: once\nJobType: shell\nContent: echo\n")
    text = "Name: bad\nJobType: shell\nContnt: echo\nTimeType: 1\nTimeExpression: 0 0 25 * * ?\nXAttrs: {lmits: 1}\n"
    bad = file(text)
    refused = anyjob("job", "create", good, bad, "--json")
    assert (refused.status, json.loads(refused.out)) == (2, {"jobs": []})
    assert f"anyjob: {bad}: Job 'bad' cannot be used:" in refused.err
    for told in ("Contnt: ", "TimeExpression: ", "XAttrs.lmits: "):
        assert told in refused.err
    worse = file("Name: worse\nJobType: shel\n")
    no_yaml = file("Name: [\n")
    refused = anyjob("job", "create", no_yaml, bad, good, worse, file(text.replace("bad", "once")))
    assert (refused.status, refused.out) == (2, b"")
    for told in (
        f"{no_yaml}, line",
        f"{bad}: ",
        "Contnt: ",
        f"{worse}: ",
        "shel",
        f"is also the name of a job in {good}",
    ):
        assert told in refused.err, "all of all files"
    assert anyjob("job", "create", good).status == 0
    twice = anyjob("job", "create", good, bad)
    assert twice.status == 2
    assert f"{good}: A job with the name 'once' exists already" in twice.err
    assert "--replace" in twice.err
    assert f"{bad}: " in twice.err
    anew = anyjob("job", "create", good, "--replace", "--set", "Content=echo anew")
    assert anew.status == 0, anew.err
    assert anew.out.endswith(b"'once' is updated.\n")
    with server.client() as client:
        assert client.job("once").fields["Content"] == "echo anew"
    unknown = anyjob("job", "show", "onc")
    assert unknown.status == 2
    assert "There is no job 'onc' in app group 'default' of namespace 'default'; did you mean once?\n" in unknown.err


def test_a_file_that_replaces_sets_the_status_and_keeps_the_type(
    server: Serving, anyjob: Call, file: Callable[[str], str]
) -> None:
    good = file("Name: anew\nJobType: shell\nContent: echo\n")
    assert anyjob("job", "create", good).status == 0
    off = anyjob("job", "create", good, "--replace", "--set", "Status=disabled")
    assert off.status == 0, off.err
    with server.client() as client:
        assert client.job("anew").status is JobStatus.DISABLED
    assert anyjob("job", "create", good, "--replace").status == 0
    with server.client() as client:
        assert client.job("anew").status is JobStatus.DISABLED, "what a file does not say stays"
    assert anyjob("job", "create", good, "--replace", "--set", "Status=1").status == 0
    with server.client() as client:
        assert client.job("anew").status is JobStatus.ENABLED
    neither = anyjob("job", "create", good, "--replace", "--set", "Status=enabld")
    assert neither.status == 2
    assert 'Status: "enabld" is not allowed; did you mean enabled?' in neither.err
    number = anyjob("job", "create", file('{"Name": "anew", "JobType": "shell", "Status": 5}'), "--replace")
    assert number.status == 2
    assert 'Status: "5" is not allowed' in number.err
    fresh = file("Name: fresh\nJobType: python\nContent: print(1)\n")
    for files in ([good], [fresh, good]):
        other = anyjob("job", "create", *files, "--replace", "--set", "JobType=python", "--set", "Content=print(1)")
        assert other.status == 2
        assert f'{good}: JobType: "python" cannot replace shell, which the job is; delete that job first' in other.err
    with server.client() as client:
        assert client.job("anew").job_type == "shell"
        assert not list(client.jobs("fresh")), "nothing is made where one is refused"


def test_a_file_of_another_group_replaces_there_and_a_refused_update_changes_no_status(
    server: Serving, anyjob: Call, file: Callable[[str], str]
) -> None:
    text = "Name: same\nJobType: {}\nContent: {}\n"
    assert anyjob("group", "create", "reports").status == 0
    assert anyjob("job", "create", file(text.format("shell", "echo"))).status == 0
    there = file(text.format("python", "print(1)") + "GroupId: reports\n")
    assert anyjob("job", "create", there).status == 0
    off = anyjob("job", "create", there, "--replace", "--set", "Status=disabled")
    assert off.status == 0, off.err
    with server.client() as client:
        assert client.job("same").status is JobStatus.ENABLED
        with Client(replace(client.target, group="reports")) as reports:
            assert reports.job("same").status is JobStatus.DISABLED
    bad = ("--set", "Status=disabled", "--set", "TimeType=1", "--set", "TimeExpression=0 0 25 * * ?")
    assert anyjob("job", "create", file(text.format("shell", "echo")), "--replace", *bad).status == 2
    with server.client() as client:
        assert client.job("same").status is JobStatus.ENABLED


def test_no_job_is_a_line_too(anyjob: Call) -> None:
    none = anyjob("job", "list", "--name", "nobody has this")
    assert (none.status, none.out, none.err) == (0, b"", "anyjob: default/default has no such jobs\n")


def test_who_writes_crontab_is_told_so_when_the_job_is_made(anyjob: Call, file: Callable[[str], str]) -> None:
    text = "Name: five\nJobType: shell\nContent: echo\nTimeType: 1\nTimeExpression: 0 3 * * *\n"
    refused = anyjob("job", "create", file(text))
    assert refused.status == 2
    assert 'what crontab says so is "0 0 3 * * ?" here' in refused.err


def test_a_run_that_is_waited_for_shows_its_log_and_ends_with_the_jobs_own_status(
    server: Serving, anyjob: Call
) -> None:
    with server.client() as client:
        client.create_job(Job(name="good", job_type="shell", content='echo "for $ANYJOB_INSTANCE_PARAMETERS"'))
        client.create_job(Job(name="bad", job_type="shell", content="exit 3"))
    good = anyjob("job", "run", "good", "--parameters", "over here", "--wait")
    assert (good.status, good.out) == (0, b"for over here\n")
    assert "anyjob: job 'good' succeeded (" in good.err
    bad = anyjob("job", "run", "bad", "--wait", "--json")
    assert bad.status == 3
    assert [bad.json[name] for name in ("job", "ok", "cause", "code", "status", "trigger")] == [
        "bad", False, "exit_code", 3, "failed", "API",
    ]  # fmt: skip


def test_jobs_are_disabled_enabled_and_deleted_all_or_none(server: Serving, anyjob: Call) -> None:
    with server.client() as client:
        for name in ("four-a", "four-b", "4444"):
            client.create_job(Job(name=name, job_type="shell", content="echo"))

        def states() -> dict[str, str]:
            return {one.name: one.status.name for one in client.jobs("4444")} | {
                one.name: one.status.name for one in client.jobs("four-")
            }

        assert anyjob("job", "delete", "four-a", "four-x").status == 2
        assert anyjob("job", "disable", "four-a", "4444").status == 0, "digits are a name where no job has that id"
        assert states() == {"four-a": "DISABLED", "four-b": "ENABLED", "4444": "DISABLED"}
        on = json.loads(anyjob("job", "enable", "four-a", "--json").out)
        assert [job["name"] for job in on["jobs"]] == ["four-a"]
        assert b"is deleted" in anyjob("job", "delete", "four-b", "4444").out
        assert states() == {"four-a": "ENABLED"}


def test_what_a_job_prints_and_is_named_acts_on_no_terminal(
    server: Serving, anyjob: Call, file: Callable[[str], str]
) -> None:
    refused = anyjob("job", "create", file('Name: "esc\\tape"\nJobType: shell\nContent: echo\n'))
    assert refused.status == 2
    assert "\t" not in refused.err
    with server.client() as client:
        content = r"printf '\033]0;owned\007red\033[31m\n'"
        client.create_job(Job(name="loud", job_type="shell", content=content))
    piped = anyjob("job", "run", "loud", "--wait")
    assert piped.out == b"\x1b]0;owned\x07red\x1b[31m\n", "a pipe gets what was printed"
    terminal = Terminal(server.program, "job", "run", "loud", "--wait", "--state", str(server.state))
    assert terminal.finish() == 0
    assert b"red\r\n" in terminal.shown
    assert b"\x1b" not in terminal.shown
    assert b"owned" not in terminal.shown


def test_a_reader_that_goes_away_is_no_fault(server: Serving) -> None:
    with server.client() as client:
        client.create_job(Job(name="long", job_type="shell", content="seq 100000"))
    words = [sys.executable, "-m", "anyjob", "job", "run", "long", "--wait", "--state", str(server.state)]
    done = subprocess.run(
        ["bash", "-c", '"$@" | head -1; echo "${PIPESTATUS[0]}"', "-", *words],
        env=server.program.environment,
        capture_output=True,
        timeout=60,
    )
    assert done.stdout == b"1\n0\n"
    assert b"job 'long' succeeded" in done.stderr
    assert b"rror" not in done.stderr
