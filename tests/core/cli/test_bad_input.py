"""What a user or operator wrote wrong is said in sentences on standard error, and nothing is started."""

from __future__ import annotations

import re
import subprocess
from typing import Any

import pytest
from tests.core.cli.program import Done, Program

from anyjob.plugins import PluginHost

INSTALLED = ", ".join(sorted({word for o in PluginHost.load().types() for word in (o.kind.job_type, *o.kind.aliases)}))


def refused(anyjob: Program, done: Done, status: int = 2) -> str:
    """The whole message, with the test's folder as `~`."""
    assert (done.status, done.out) == (status, b"")
    assert not anyjob.own.exists() or not list(anyjob.own.iterdir())
    assert "Traceback" not in done.err
    return done.err.replace(str(anyjob.folder), "~")


BAD_JOBS: list[tuple[dict[str, Any], str]] = [
    (
        {"JobType": "shel"},
        f"anyjob: JobType 'shel': no installed plugin runs it. Did you mean 'shell'? Installed types: {INSTALLED}.\n",
    ),
    (
        {"JobType": "shel", "XAttrs": {"grace": "long"}},
        (
            "anyjob: Job 'a' cannot be used:\n"
            f"  JobType: \"shel\" is run by no installed plugin. Did you mean 'shell'? Installed types: {INSTALLED}.\n"
            '  XAttrs.grace: "long" is not a number; write one, for example 0.5\n'
        ),
    ),
    (
        {"JobType": None, "JobTyp": "shell", "XAttrs": {"grace": "long"}},
        (
            "anyjob: Job 'a' of ~/job.json cannot be used:\n"
            '  JobTyp: "shell" is not a field of a job; did you mean JobType?\n'
            "  JobType is missing; every job has one\n"
            '  XAttrs.grace: "long" is not a number; write one, for example 0.5\n'
        ),
    ),
    ({"Content": ""}, "anyjob: Job 'a' cannot be used:\n  Content is empty; write the script here\n"),
    (
        {"XAttrs": '{"grace": 1,}'},
        (
            "anyjob: Job 'a' of ~/job.json cannot be used:\n"
            '  XAttrs: "{"grace": 1,}" is not JSON: line 1, column 12: this comma has nothing after it; take it away\n'
            '      {"grace": 1,}\n'
            "                 ^\n"
        ),
    ),
    (
        {"Content": "echo \0", "XAttrs": {"limit": 1}, "Priority": "top"},
        (
            "anyjob: Job 'a' of ~/job.json cannot be used:\n"
            '  Content: "echo \\x00" holds a NUL byte at line 1, column 6; take it out\n'
            '  Priority: "top" is not allowed; write 1 (low), 5 (medium), 10 (high) or 15 (very_high)\n'
            '  XAttrs.limit: "1" is read by nobody; did you mean limits?\n'
        ),
    ),
    (
        {"ExecuteMode": "batch"},
        "anyjob: Job 'a': ExecuteMode: \"batch\" does not run here yet; use standalone, broadcast or sharding\n",
    ),
    (
        {"XAttrs": {"limit": {"memory": "1Gi"}, "grace": "long"}},
        (
            "anyjob: Job 'a' cannot be used:\n"
            '  XAttrs.grace: "long" is not a number; write one, for example 0.5\n'
            '  XAttrs.limit: "{"memory": "1Gi"}" is read by nobody; did you mean limits?\n'
        ),
    ),
]


def test_bad_jobs(anyjob: Program) -> None:
    begun: list[subprocess.Popen[bytes]] = []
    for fields, _ in BAD_JOBS:
        file = anyjob.job("true", **fields)
        begun.append(anyjob.start("run", file))
    said = [re.sub(r"job-\d", "job", refused(anyjob, anyjob.finish(process))) for process in begun]
    assert said == [message for _, message in BAD_JOBS]


def test_bad_options(anyjob: Program) -> None:
    said = refused(anyjob, anyjob("run", anyjob.job("true"), "--set", "Contnt=x", "--set", "nothing"))
    assert said == (
        "anyjob: Job 'a' cannot be used:\n"
        '  --set: "Contnt=x" sets no field of a job; did you mean Content?\n'
        '  --set: "nothing" is not an assignment; write Field=value\n'
    )
    assert "No such option" in refused(anyjob, anyjob("run", anyjob.job("true"), "--jsn"))
    assert "No such command 'rnu'" in refused(anyjob, anyjob("rnu"))
    assert "'--state': is empty; name a folder" in refused(anyjob, anyjob("run", anyjob.job("true"), "--state", ""))


def test_bad_settings(anyjob: Program) -> None:
    (anyjob.folder / "a.toml").write_text("[worker]\ncgrup = 'off'\n")
    said = refused(anyjob, anyjob("run", anyjob.job("true"), "--config", "a.toml"))
    assert said == 'anyjob: ~/a.toml cannot be used:\n  worker.cgrup: "off" is unknown; did you mean cgroup?\n'
    said = refused(anyjob, anyjob("run", anyjob.job("true"), "--config", "b.toml"))
    assert said == (
        "anyjob: ~/b.toml cannot be used:\n  --config names a file that cannot be read: No such file or directory\n"
    )


@pytest.mark.parametrize(("mode", "errno"), [(None, "No such file or directory"), (0o644, "Permission denied")])
def test_interpreter_that_cannot_be_executed(anyjob: Program, mode: int | None, errno: str) -> None:
    interpreter = anyjob.folder / "interpreter"
    if mode is not None:
        interpreter.write_text("#!/bin/sh\n")
        interpreter.chmod(mode)
    done = anyjob("run", anyjob.job("true", XAttrs={"command": str(interpreter)}))
    assert (done.status, done.out) == (1, b"")
    first, second, *_ = done.err.splitlines()
    assert first.startswith("anyjob: job 'a' cannot run here: something that it needs is missing (")
    assert second.startswith(f"  exec: {interpreter}: {errno}")


def test_state_folder_that_cannot_be_written(anyjob: Program) -> None:
    (anyjob.folder / "file").touch()
    said = refused(anyjob, anyjob("run", anyjob.job("true"), "--state", "file/state"), 1)
    assert said == (
        "anyjob: State folder ~/file/state cannot be used: Not a directory (~/file/state)."
        " Name a writable folder with --state.\n"
    )
    anyjob.environment["XDG_STATE_HOME"] = str(anyjob.folder / "file")
    said = refused(anyjob, anyjob("run", anyjob.job("true")), 1)
    assert said.startswith("anyjob: State folder ~/file/anyjob/run/")
    assert said.endswith(" cannot be used: Not a directory (~/file/anyjob/run). Name a writable folder with --state.\n")


def test_resume_of_a_folder_that_no_worker_used(anyjob: Program) -> None:
    said = refused(anyjob, anyjob("resume", "--state", "nowhere"), 1)
    assert said == (
        "anyjob: State folder nowhere cannot be used: no worker has used it. Name a writable folder with --state.\n"
    )


def test_a_script_from_windows_runs(anyjob: Program) -> None:
    done = anyjob("run", anyjob.job("echo one\r\nif true; then\r\n  echo two\r\nfi\r\n"))
    assert (done.status, done.out) == (0, b"one\ntwo\n")


def test_secret_that_is_missing_is_bad_input_found_late(anyjob: Program) -> None:
    done = anyjob("run", anyjob.job("true", XAttrs={"secrets": {"TOKEN": "db"}}))
    assert done.status == 2
    assert "this worker has no [secrets.db] in its settings" in done.err
