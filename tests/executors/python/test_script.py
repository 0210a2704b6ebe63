"""The script: line ends, encodings, interpreters, arguments, and what becomes of it."""

from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path

import pytest
from tests.executors.python.runs import Python, refusals

from anyjob.job import BadJob, Job
from anyjob.outcome import Cause
from anyjob.plugins import PluginHost
from anyjob.run import Shard
from anyjob_python.samples import SAMPLES


def interpreter(path: Path, does: str = 'exec "$PYTHON" "$@"') -> Path:
    """A program that stands for an interpreter."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\nPYTHON={sys.executable}\n{does}\n")
    path.chmod(0o755)
    return path


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("print(1)\0", 'Content: "print(1)\\x00" holds a NUL byte at '),
        ("", "Content is empty; write the script here"),
        (" \n\t\n", 'Content: " \\n\\t\\n" holds blanks only; write the script to run'),
        ("# coding: klingon\n", "declares an encoding that Python does not know"),
        ("# coding: latin-1\nprint('中')", "declares the encoding iso-8859-1, which has no '中'"),
    ],
)
def test_a_script_that_is_none_is_refused_when_the_job_is_created(content: str, says: str) -> None:
    (said,) = refusals(Content=content)
    assert says in said


@pytest.mark.parametrize(
    ("xattrs", "says"),
    [
        ({"fileFormt": "unix"}, "is read by nobody; did you mean fileFormat?"),
        ({"requirement": ["x"]}, "is read by nobody; did you mean requirements?"),
        ({"fileFormat": "mac"}, "write unix or windows"),
        ({"command": "venv/bin/python"}, 'XAttrs.command: "venv/bin/python" is a relative path'),
        ({"command": "--help"}, "starts with -"),
        ({"command": "a\0b"}, "holds a NUL byte"),
        ({"warm": "hot"}, 'XAttrs.warm: "hot" is neither true nor false'),
        ({"preload": ["requests", "os, sys"]}, 'XAttrs.preload[1]: "os, sys" is no name of a module'),
        ({"preload": ["-c"]}, "is no name of a module"),
        ({"preload": ["import"]}, "is no name of a module"),
        ({"preload": "requests"}, "is not a list"),
    ],
)
def test_what_is_wrong_is_named_when_the_job_is_created(xattrs: dict[str, object], says: str) -> None:
    (said,) = refusals(Content="print(1)", XAttrs=xattrs)
    assert says in said


def test_a_script_written_on_windows_runs(python: Python) -> None:
    script = "text = '''a\r\nb'''\r\nif True:\r\n    print(len(text))\r\n"
    assert python.run(script).log == b"3\n"
    shows = "import sys\r\nprint(open(__file__, 'rb').read().count(b'\\r\\n'))\r\n"
    assert python.run(shows).outcome.result == "0"
    assert python.run(python.job(shows, fileFormat="windows")).outcome.result == "2"


def test_a_script_may_declare_its_encoding(python: Python) -> None:
    got = python.run("# -*- coding: gbk -*-\nprint(len('中文'), open(__file__, 'rb').read().isascii())")
    assert got.outcome.result == "2 False", got.said


def test_a_placeholder_that_the_declared_encoding_lacks_is_the_jobs_fault(python: Python) -> None:
    script = "# coding: latin-1\nprint('#{schedulerx.jobParameters}')"
    got = python.run(Job(name="j", job_type="python", content=script, parameters="中"))
    assert got.outcome.cause is Cause.BAD_CONFIG, got.said
    assert "Content" in got.outcome.result


def test_an_error_shows_the_lines_of_the_script(python: Python) -> None:
    got = python.run("def f():\n    return 1 / 0  # here\n\nf()\n")
    assert (got.outcome.cause, got.outcome.code) == (Cause.EXIT_CODE, 1)
    assert got.outcome.result == "ZeroDivisionError: division by zero"
    assert b'/script.py", line 2, in f\n    return 1 / 0  # here' in got.log


def test_a_syntax_error_is_in_the_log(python: Python) -> None:
    got = python.run("print('before')\nif True print(1)\n")
    assert (got.outcome.cause, got.outcome.code) == (Cause.EXIT_CODE, 1)
    assert b'/script.py", line 2' in got.log
    assert b"before" not in got.log
    assert got.outcome.result.startswith("SyntaxError")


@pytest.mark.parametrize(
    ("script", "cause", "code", "result"),
    [
        ("import sys\nsys.exit()", Cause.SUCCEEDED, 0, ""),
        ("import sys\nsys.exit('no luck')", Cause.EXIT_CODE, 1, "no luck"),
        ("import sys\nsys.exit(77)", Cause.EXIT_CODE, 77, ""),
        ("import os\nos.kill(os.getpid(), 11)", Cause.SIGNAL, 139, ""),
        ("print('one')\nprint()\nprint('  ')", Cause.SUCCEEDED, 0, "one"),
        ("import sys\nprint('out')\nprint('err', file=sys.stderr)", Cause.SUCCEEDED, 0, "err"),
        ("import atexit\natexit.register(print, 'last')\nprint('first')", Cause.SUCCEEDED, 0, "last"),
    ],
)
def test_how_it_ends(python: Python, script: str, cause: Cause, code: int, result: str) -> None:
    got = python.run(script)
    assert (got.outcome.cause, got.outcome.code, got.outcome.result) == (cause, code, result), got.said


def test_a_shard_is_arguments_one_and_two(python: Python) -> None:
    script = "import sys\nprint(sys.argv[1:])"
    assert python.run(script).outcome.result == "[]"
    assert python.run(script, shard=Shard(id=7, parameter="a 'b' $HOME", total=9)).outcome.result == str(
        ["7", "a 'b' $HOME"]
    )


def test_text_of_whoever_fires_is_not_pasted_into_the_script(python: Python) -> None:
    with pytest.raises(BadJob, match=r"would paste text of whoever fires a run"):
        python.run("print('#{schedulerx.instanceParameters}')", instance_parameters="'); print('pwned")
    # That a shard's text is the caller's is known at the run alone.
    shard, text = Shard(id=0, parameter="'); print('pwned", total=1), "0='); print('pwned"
    got = python.run("print('#{schedulerx.shardingParameters}')", shard=shard, instance_parameters=text)
    assert got.outcome.cause is Cause.BAD_CONFIG, got.said
    assert got.log == b""


# ---------------------------------------------------------------- output


def test_output_is_seen_at_once_also_that_of_what_the_script_starts(python: Python) -> None:
    script = """
import subprocess, sys, time
print("one", end=" ")
subprocess.Popen([sys.executable, "-c", "import time; print('two', end=' '); time.sleep(300)"])
time.sleep(300)
"""
    job = python.job(script, grace=1)

    async def life() -> None:
        async with python.rig.worker() as worker:
            run = await python.rig.submit(worker, python.rig.order(job))
            await python.rig.until(lambda: python.rig.log(run) == b"one two ", "the output is held back")
            run.stop(force=True)
            await python.rig.finish(run)

    asyncio.run(life())


@pytest.mark.parametrize("locale", ["C", "C.UTF-8", "zh_CN.GBK"])
def test_output_is_utf8_whatever_the_locale(python: Python, locale: str) -> None:
    script = r"print('中文', '\udcff')"
    got = python.run(python.job(script, env={"LANG": locale, "LC_ALL": locale}, command=sys.executable))
    assert got.log == "中文 ".encode() + b"\xff\n", got.said


def test_output_has_the_encoding_of_the_job_unless_it_says_more(python: Python) -> None:
    assert python.run(python.job("print('中')", encoding="gb2312")).log == "中\n".encode("gbk")
    own = {"PYTHONIOENCODING": "ascii:backslashreplace", "PYTHONUNBUFFERED": ""}
    got = python.run(python.job("import os\nprint('中', os.environ['PYTHONUNBUFFERED'] == '')", env=own))
    assert got.log == b"\\u4e2d True\n", got.said


# ---------------------------------------------------------------- interpreters


def test_an_interpreter_by_path_and_by_name(python: Python, tmp_path: Path) -> None:
    tool = interpreter(tmp_path / "tools" / "other", 'echo "other"; exec "$PYTHON" "$@"')
    assert python.run(python.job("print(1)", command=str(tool))).log == b"other\n1\n"
    path = {"PATH": f"{tool.parent}:{os.environ['PATH']}"}
    assert python.run(python.job("print(1)", command="other", env=path)).log == b"other\n1\n"


def test_a_virtual_environment_by_its_folder(python: Python, tmp_path: Path) -> None:
    venv = tmp_path / "venv"
    (venv / "bin").mkdir(parents=True)
    (venv / "bin" / "python").symlink_to(os.path.realpath(sys.executable))
    (venv / "pyvenv.cfg").write_text(f"home = {Path(os.path.realpath(sys.executable)).parent}\n")
    got = python.run(python.job("import os, sys\nprint(sys.prefix, os.environ['VIRTUAL_ENV'])", command=str(venv)))
    assert got.outcome.result == f"{venv} {venv}", got.said


@pytest.mark.parametrize(
    ("kind", "says"),
    [
        ("missing", "is not on this worker; install it"),
        ("not executable", "cannot be executed on this worker"),
        ("a folder", "is a folder without bin/python"),
        ("of no interpreter", "/no/such/thing"),
        ("no such name", "no-such-python"),
    ],
)
def test_an_interpreter_that_cannot_run_is_named(python: Python, tmp_path: Path, kind: str, says: str) -> None:
    tool = tmp_path / "tool"
    match kind:
        case "not executable":
            tool.write_text("#!/bin/sh\n")
        case "a folder":
            tool.mkdir()
        case "of no interpreter":
            tool.write_text("#!/no/such/thing\n")
            tool.chmod(0o755)
        case _:
            pass
    command = "no-such-python" if kind == "no such name" else str(tool)
    got = python.run(python.job("print(1)", command=command))
    assert got.outcome.cause is Cause.DEPENDENCY_MISSING, got.said
    assert command in got.said
    assert says in got.said


def test_the_interpreter_of_the_settings(tmp_path: Path) -> None:
    tool = interpreter(tmp_path / "other", 'echo "other"; exec "$PYTHON" "$@"')
    python = Python(tmp_path / "rig", command=str(tool))
    with python.rig:
        assert python.run("print(1)").log == b"other\n1\n"
        assert python.run(python.job("print(1)", command="python3")).log == b"1\n"


def test_health_tells_of_the_interpreter_that_is_missing(tmp_path: Path) -> None:
    python = Python(tmp_path / "rig", command="/no/such/python")
    with python.rig:

        async def life() -> tuple[str, str]:
            async with python.rig.worker() as worker:
                run = await python.rig.submit(worker, python.rig.order(python.job("print(1)")))
                got = await python.rig.finish(run)
                assert got.outcome.cause is Cause.DEPENDENCY_MISSING
                assert 'executors.python.command: "/no/such/python" is not on this worker' in got.outcome.result
                said = await worker.host.executor("python").health()
                return said.state, said.why

        state, why = asyncio.run(life())
    assert state == "undetected"
    assert "/no/such/python" in why


def test_health_can_be_asked_without_a_worker() -> None:
    assert asyncio.run(PluginHost.load().executor("python").health()).state == "healthy"
    absent = PluginHost.load(executor_settings={"python": {"command": "no-such-python"}})
    assert asyncio.run(absent.executor("python").health()).state == "undetected"


def test_its_samples_leave_nothing_out() -> None:
    """So a python job can lack nothing in the conformance suite."""
    assert [name for name in SAMPLES.__dataclass_fields__ if not getattr(SAMPLES, name)] == []
