"""`anyjob explain` shows what would run, and starts nothing."""

from __future__ import annotations

import getpass
import json
import os

from tests.core.cli.program import Program

POLICY = """
    from anyjob.plugins import hookimpl

    @hookimpl
    def anyjob_prepare_run(draft):
        draft.environment["TEAM"] = "data"
        draft.limits = draft.limits.model_copy(update={"pids": 50})
        if draft.job.name == "bad":
            draft.refuse("bad jobs are not for here")
"""
CALL = """
    from anyjob.executor import FunctionExecutor
    from anyjob.outcome import Cause, Outcome
    from anyjob.plugins import ExecutorType, hookimpl
    from anyjob.spec import Spec

    class CallSpec(Spec):
        pass

    class CallExecutor(FunctionExecutor[CallSpec]):
        def call(self, run, spec):
            return Outcome(cause=Cause.SUCCEEDED)

    @hookimpl
    def anyjob_executors():
        yield ExecutorType(job_type="call", executor=CallExecutor, spec=CallSpec)
"""
CODE = """
    import sys
    sys.path.insert(0, {root!r})
    from tests.core.apps.town import CodePlugin
    from anyjob.plugins import hookimpl

    @hookimpl
    def anyjob_executors():
        return CodePlugin().anyjob_executors()
"""


def test_everything_about_a_job(anyjob: Program) -> None:
    anyjob.install("policy", POLICY)
    (anyjob.folder / "password").write_text("hunter2")
    (anyjob.folder / "a.toml").write_text("[secrets.db]\nfile = 'password'\ngroups = ['*']\n")
    file = anyjob.job(
        "echo #{schedulerx.shardingParameters} $1 \x1b[31m",
        ExecuteMode="sharding",
        Parameters="3=beijing,4=shanghai",
        MaxAttempt=2,
        AttemptInterval=7,
        Timeout=60,
        TimeoutKillEnable="true",
        XAttrs={
            "limits": {"memory": "64Mi"},
            "env": {"PASSWORD": {"secret": "PW"}, "A": "1"},
            "secrets": {"PW": "db"},
            "grace": 3,
        },
    )
    said = json.loads(anyjob("explain", file, "--config", "a.toml", "--json").out)
    assert "hunter2" not in json.dumps(said)
    assert said["plugin"] == {"name": "shell", "distribution": "anyjob-shell", "version": "0.1.0"}
    assert (said["launcher"]["name"], said["user"], said["faults"]) == ("local", getpass.getuser(), [])
    command = said["command"]
    assert (command["argv"], command["cwd"]) == (["/bin/sh", "{run}/script", "3", "beijing"], "{run}")
    assert command["files"] == {"script": "echo beijing $1 \x1b[31m"}
    env = command["env"]
    assert (env["PASSWORD"], env["A"], env["TEAM"], env["ANYJOB_RESULT"]) == (
        "[secret PW]",
        "1",
        "data",
        "{run}/result",
    )
    assert set(said["limits"]) == {"memory", "pids"}
    assert said["limits"]["memory"]["value"] == 64 << 20
    assert all(limit["kept_by"] for limit in said["limits"].values())
    assert said["deadline"] == {"seconds": 60, "kept_by": "SHIM"}
    assert said["stop"] == {"signal": "TERM", "grace": 3, "leftovers": "kill"}
    assert (said["capabilities"]["proof"], said["capabilities"]["resumes"]) == ("PROVEN", True)
    assert [(task["task"], task["attempts"], task["interval"]) for task in said["tasks"]] == [(3, 3, 7), (4, 3, 7)]
    assert [change["what"] for change in said["policies"]] == ["limits.pids", "environment.TEAM"]
    assert not anyjob.own.exists()

    text = anyjob("explain", file, "--config", "a.toml").out.decode()
    assert "\x1b" not in text
    assert "hunter2" not in text
    for line in (
        "  plugin    shell of anyjob-shell 0.1.0",
        "  argv  /bin/sh '{run}/script' 3 beijing",
        "  echo beijing $1 \\x1b[31m",
        "  deadline      60 s, kept by the shim, also while no worker lives",
        "  attempts  3, 7 s apart",
        "  policy  limits.pids: None -> 50",
    ):
        assert line in text


def test_what_would_keep_a_job_from_running(anyjob: Program) -> None:
    anyjob.install("policy", POLICY)
    xattrs = {"user": "nobody-there", "secrets": {"PW": "db"}}
    done = anyjob("explain", anyjob.job("true", Name="bad", XAttrs=xattrs), "--json")
    assert done.status == 0
    assert json.loads(done.out)["faults"] == [
        "Job 'bad' was refused by policy 'policy': bad jobs are not for here",
        'XAttrs.user: "nobody-there" is no user of this node; create it, or name one that exists',
        "Secret 'PW' is not in the settings: there is no [secrets.db]",
    ]


def test_what_the_shim_would_refuse(anyjob: Program) -> None:
    xattrs = {"limits": {"memory": "1Mi"}, "cwd": "/nowhere", "command": "no-such-shell"}
    faults = json.loads(anyjob("explain", anyjob.job("true", XAttrs=xattrs), "--json").out)["faults"]
    assert [fault.partition(":")[0] for fault in faults] == ["memory 1048576", "cwd /nowhere", "no-such-shell"]
    started = json.loads(anyjob("run", anyjob.job("true", XAttrs={"cwd": "/nowhere"}), "--json").out)
    assert faults[1].partition(":")[0] in started["evidence"][0]["text"]
    (anyjob.folder / "sh").write_text("")
    xattrs = {"command": str(anyjob.folder / "sh")}
    faults = json.loads(anyjob("explain", anyjob.job("true", XAttrs=xattrs), "--json").out)["faults"]
    assert faults == [f"{anyjob.folder}/sh: not executable (EACCES)"]
    assert not json.loads(anyjob("explain", anyjob.job("true"), "--json").out)["faults"]


def test_a_job_without_a_command(anyjob: Program) -> None:
    anyjob.install("call", CALL)
    said = json.loads(anyjob("explain", anyjob.job("", JobType="call"), "--json").out)
    assert (said["command"], said["launcher"], said["limits"]) == (None, None, {})
    assert "held by" in anyjob("explain", anyjob.job("", JobType="call")).out.decode()


def test_how_a_run_is_stopped_is_told_as_it_is(anyjob: Program) -> None:
    """A signal is for commands. What others can prove depends on whoever runs them."""
    anyjob.install("code", CODE.format(root=os.getcwd()))
    anyjob.install("call", CALL)
    said = {
        name: anyjob("explain", anyjob.job("true", **fields)).out.decode()
        for name, fields in {
            "attached": {"JobType": "code", "XAttrs": {"grace": 3}},
            "own": {"JobType": "code", "XAttrs": {"isolation": "own"}},
            "call": {"JobType": "call"},
        }.items()
    }
    assert "TERM, 10 s of grace, then force; proof PROVEN" in said["own"]
    for name in ("attached", "call"):
        assert "TERM" not in said[name]
    assert (
        "asked to end; after 3 s of grace interrupted, as far as whoever runs it can; "
        "proof REPORTED once whoever runs it says that it is over, else ASKED"
    ) in said["attached"]
    stop = json.loads(anyjob("explain", anyjob.job("", JobType="code"), "--json").out)["stop"]
    assert stop == {"signal": None, "grace": 10, "leftovers": None}


def test_a_bad_job_is_refused_as_by_run(anyjob: Program) -> None:
    done = anyjob("explain", anyjob.job(""))
    assert (done.status, done.out, done.err) == (
        2,
        b"",
        "anyjob: Job 'a' cannot be used:\n  Content is empty; write the script here\n",
    )


def test_who_keeps_a_limit_is_who_kept_it(anyjob: Program) -> None:
    file = anyjob.job("true", XAttrs={"limits": {"memory": "256Mi"}})
    explained = json.loads(anyjob("explain", file, "--json").out)["limits"]["memory"]["kept_by"]
    evidence = anyjob("run", file, "--json").json["evidence"]
    (kept,) = [
        item["text"].removeprefix("enforced by ") for item in evidence if item["text"].startswith("enforced by ")
    ]
    assert explained.startswith(kept)
