"""`anyjob check-executor`: the suite for somebody who never heard of pytest."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path
from typing import Any

import pytest
from tests.core.cli.program import Program, Terminal, toml, until

NAP = r"""
from typing import Annotated

from pydantic import BaseModel

from anyjob.executor import FunctionExecutor
from anyjob.outcome import Cause, Outcome
from anyjob.plugins import ExecutorType, hookimpl
from anyjob.samples import BadSample, Sample, Samples
from anyjob.spec import At, Spec


class NapSpec(Spec):
    seconds: Annotated[float, At("XAttrs.$.seconds")]


class NapSettings(BaseModel):
    greeting: str = "good morning"


class NapExecutor(FunctionExecutor[NapSpec]):
    def __init__(self, settings: NapSettings) -> None:
        self.greeting = settings.greeting

    def call(self, run, spec):
        import threading

        if spec.seconds < 0:
            return Outcome(cause=Cause.FAILED, result="negative")
        stopped = threading.Event()
        run.on_stop(stopped.set)
        stopped.wait(spec.seconds)
        return Outcome(cause=Cause.SUCCEEDED, result=self.greeting)


SAMPLES = Samples(
    succeeds=Sample({"XAttrs": {"seconds": 0}}, result="good morning"),
    fails=Sample({"XAttrs": {"seconds": -1}}, cause=Cause.FAILED),
    sleeps=Sample({"XAttrs": {"seconds": 300}}),
    bad_jobs=[BadSample({}, "XAttrs.seconds")],
)


@hookimpl
def anyjob_executors():
    yield ExecutorType(
        job_type="nap",
        aliases=("siesta",),
        executor=NapExecutor,
        spec=NapSpec,
        settings=NapSettings,
        samples="anyjob_nap:SAMPLES",
    )
"""

pytestmark = pytest.mark.timeout(300)


@pytest.fixture
def nap(anyjob: Program) -> Program:
    """With a type whose runs are calls of a function, and a folder for scratch files that is looked at afterwards."""
    anyjob.install("nap", NAP)
    scratch = anyjob.folder / "scratch"
    scratch.mkdir()
    anyjob.environment["TMPDIR"] = str(scratch)
    return anyjob


def check(program: Program, *arguments: str) -> tuple[int, str, str]:
    process = program.start("check-executor", *arguments)
    out, err = process.communicate(timeout=240)
    return process.returncode, out.decode(), err.decode()


def cases(report: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {case["name"]: case for group in report["groups"] for case in group["cases"]}


def test_an_honest_type_is_graded_whatever_lies_about_for_pytest(nap: Program) -> None:
    """Settings, conftest and plugins of the folder, and what the environment says to pytest, do not count."""
    (nap.folder / "conftest.py").write_text("raise SystemExit('conftest was read')")
    (nap.folder / "pytest.ini").write_text("[pytest]\naddopts = --no-such-option\n")
    (nap.folder / "tox.ini").write_text("[pytest]\naddopts = --no-such-option\n")
    plugin = nap.folder / "site/bad-1.0.dist-info"
    plugin.mkdir()
    (plugin / "METADATA").write_text("Metadata-Version: 2.1\nName: bad\nVersion: 1.0\n")
    (plugin / "entry_points.txt").write_text("[pytest11]\nbad = no_such_module\n")
    nap.environment |= {"PYTEST_ADDOPTS": "--no-such-option", "PYTEST_PLUGINS": "no_such_module"}
    before = {path.name for path in nap.folder.iterdir()}

    status, out, err = check(nap, "siesta", "--json")
    assert (status, err) == (0, ""), out
    report = json.loads(out)
    assert [report[key] for key in ("job_type", "plugin", "distribution", "version")] == [
        "nap",
        "nap",
        "anyjob-nap",
        "1.0",
    ]
    found = cases(report)
    counted = [sum(case["verdict"] == verdict for case in found.values()) for verdict in ("holds", "lacks", "fails")]
    assert report["total"] == {"cases": len(found), "holds": counted[0], "lacks": counted[1], "fails": 0}
    assert counted[0] >= 20
    assert report["grade"] == "B"
    assert found["pids limit"]["verdict"] == "lacks"
    assert found["pids limit"]["said"] == "it enforces no limit of pids"
    assert found["success"] | {"rule": ""} == {
        "name": "success",
        "rule": "",
        "verdict": "holds",
        "said": "",
        "where": "",
    }
    assert found["success"]["rule"].endswith(".")
    assert report["groups"][0]["group"] == "bindings"
    assert {path.name for path in nap.folder.iterdir()} - before <= {"state"}
    assert list((nap.folder / "scratch").iterdir()) == []


def test_a_broken_promise_is_named_with_its_rule_and_controls_are_taken_out(nap: Program) -> None:
    """The settings make the executor answer something else than its sample says, with an escape sequence in it."""
    settings = toml(nap.folder / "anyjob.toml", {"executors.nap": 'greeting = "\\u001b[31mgo away"'})
    status, out, err = check(nap, "nap", "--config", str(settings))
    assert (status, err) == (1, ""), out
    found = re.findall(r"^  fails +success  +(.*)\n +the rule: .+\.\n +once more: anyjob (.+)\n", out, re.MULTILINE)
    ((line, again),) = found
    assert "go away" in line
    assert "\x1b" not in out
    assert again == "check-executor nap --only success"
    status, once, _ = check(nap, *again.split()[1:], "--config", str(settings), "--json")
    report = json.loads(once)
    assert (status, report["grade"], [*cases(report)]) == (1, None, ["success"])
    status, _, err = check(nap, "nap", "--only", "no such case")
    assert (status, "--only: no case has 'no such case' in its name" in err) == (2, True)
    assert re.search(
        r"^Grade F\n  nap of anyjob-nap 1\.0: \d+ of \d+ cases fail; \d+ hold, \d+ are declared", out, re.MULTILINE
    )
    assert re.search(r"^  lacks  pids limit +it enforces no limit of pids$", out, re.MULTILINE)
    assert re.search(r"^  holds  failure$", out, re.MULTILINE)
    assert "Traceback" not in out


def test_an_exception_names_the_line_of_the_executor(nap: Program) -> None:
    module = nap.folder / "site/anyjob_nap.py"
    module.write_text(f"{NAP}\n\ndef broken():\n    return 1 / 0\n\nSAMPLES = broken\n")
    status, out, _ = check(nap, "nap", "--json")
    assert status == 1
    case = cases(json.loads(out))["success"]
    assert case["said"] == "ZeroDivisionError: division by zero"
    line = module.read_text().splitlines().index("    return 1 / 0") + 1
    assert case["where"] == f"{module}:{line} in broken"


def test_a_type_that_is_not_there_is_bad_input_with_the_nearest(nap: Program) -> None:
    status, out, err = check(nap, "napp")
    assert (status, out) == (2, "")
    assert "JobType 'napp': no installed plugin runs it. Did you mean 'nap'?" in err


def test_without_pytest_it_says_what_to_install(nap: Program) -> None:
    (nap.folder / "site/sitecustomize.py").write_text("import sys\nsys.modules['pytest'] = None\n")
    assert check(nap, "nap") == (
        2,
        "",
        "anyjob: the suite needs pytest, which is not installed: pip install 'pytest>=8.4'\n",
    )


def at_work_below(folder: Path) -> list[str]:
    """Processes that work below the folder, as runs do, or were told to, as shims are."""
    found: list[str] = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            place, words = os.readlink(process / "cwd"), (process / "cmdline").read_bytes()
        except OSError:
            continue
        if place.startswith(f"{folder}/") or f"{folder}/".encode() in words:
            found.append(f"{process.name} {place} {words!r}")
    return found


def with_bash(program: Program) -> str:
    """Settings that bring a type from an executable, whose runs are of its own making and in no shim."""
    bash = Path(__file__).parents[3] / "contrib/executables/bash"
    return str(toml(program.folder / "anyjob.toml", {"plugins": f"executables = ['{bash}']"}))


def only(program: Program, *groups: str) -> None:
    """The suite has no more than these groups of cases: what comes before them would only be waited for."""
    named = [f"{group}.{group.removesuffix('s').title()}Cases" for group in groups]
    imports = "\n".join(f"from anyjob.testing.cases import {group}" for group in groups)
    (program.folder / "site/sitecustomize.py").write_text(
        f"import anyjob.testing\n{imports}\n"
        f"anyjob.testing.ExecutorContract = type('ExecutorContract', ({', '.join(named)},), {{}})\n"
    )


@pytest.mark.parametrize(
    ("job_type", "group"),
    [
        ("shell", "verbs: "),
        ("shell", "deaths: "),
        ("bash", "deadlines: a run that ignores its deadline"),
    ],
)
def test_ctrl_c_leaves_nothing_going(nap: Program, job_type: str, group: str) -> None:
    only(nap, group.partition(":")[0])
    scratch = nap.folder / "scratch"
    terminal = Terminal(nap, "check-executor", job_type, "--config", with_bash(nap))
    terminal.wait_for(group.encode())
    until(lambda: at_work_below(scratch), "a run of the suite")
    terminal.type(b"\x03")
    assert terminal.finish() == 130
    assert re.search(rb"anyjob: stopped after \d+ of \d+ cases; nothing is left going\r\n\Z", terminal.shown)
    assert at_work_below(scratch) == []
    assert list(scratch.iterdir()) == []


def test_a_type_that_only_the_settings_bring_is_checked(nap: Program) -> None:
    """An executable in another language: the host of every case has to know it."""
    terminal = Terminal(nap, "check-executor", "bash", "--config", with_bash(nap))
    terminal.wait_for(b"endings: ")
    terminal.type(b"\x03")
    assert terminal.finish() == 130
    assert b"bindings: " in terminal.shown
    assert b" failed" not in terminal.shown


CUT_OFF = {
    "the case tidies up": (
        "from anyjob.testing.rig import Rig as Cut",
        "_tidy",
        "any(run.record.outcome is None for run in self._going)",
    ),
}


@pytest.mark.parametrize("job_type", ["shell", "bash"])
@pytest.mark.parametrize("when", CUT_OFF)
def test_a_signal_while(nap: Program, when: str, job_type: str) -> None:
    """The signal comes at the first step of it, with a run going. The next await is cut off."""
    found, name, holds = CUT_OFF[when]
    only(nap, "deaths")
    with (nap.folder / "site/sitecustomize.py").open("a") as site:
        site.write(
            f"import asyncio, os, signal\n{found}\n"
            f"first, done, owner = Cut.{name}, [], os.getpid()\n"
            "async def cut_off(self, *given, **named):\n"
            f"    if not done and os.getpid() == owner and {holds}:\n"
            "        done.append(1)\n"
            "        os.kill(os.getpid(), signal.SIGTERM)\n"
            "        await asyncio.sleep(0)\n"
            "    return await first(self, *given, **named)\n"
            f"Cut.{name} = cut_off\n"
        )
    status, out, err = check(nap, job_type, "--config", with_bash(nap))
    assert (status, out) == (128 + 15, ""), err
    assert re.fullmatch(r"anyjob: stopped after \d+ of \d+ cases; nothing is left going\n", err)
    assert at_work_below(nap.folder / "scratch") == []
    assert list((nap.folder / "scratch").iterdir()) == []
