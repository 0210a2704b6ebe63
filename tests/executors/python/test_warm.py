"""Warm runs: what they are forked from, and that none sees another. Where there are no cgroups they run cold."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.executors.python.runs import Python, wheel

from anyjob.job import Job
from anyjob.outcome import Cause

pytestmark = pytest.mark.needs("cgroup2")

_SHOWS = "import sys\nprint('colorsys' in sys.modules, 'quopri' in sys.modules)"


@pytest.fixture
def warm(tmp_path: Path) -> Iterator[Python]:
    made = Python(tmp_path / "rig", warm=True, preload=["colorsys"])
    with made.rig:
        yield made


def results(python: Python, *jobs: Job) -> list[str]:
    """The results of the jobs, one after the other in one worker's life."""

    async def life() -> list[str]:
        async with python.rig.worker() as worker:
            got = [await python.rig.finish(await python.rig.submit(worker, python.rig.order(job))) for job in jobs]
            assert all(one.outcome.ok for one in got), [one.said for one in got]
            return [one.outcome.result for one in got]

    return asyncio.run(life())


def test_who_is_warm_and_with_what(warm: Python) -> None:
    cases: list[tuple[dict[str, Any], str]] = [
        ({}, "True False"),
        ({"warm": False}, "False False"),
        ({"preload": ["quopri"]}, "False True"),
        ({"preload": []}, "False False"),
        ({"command": sys.executable}, "False False"),  # the settings' modules are for the settings' interpreter
        ({"command": sys.executable, "preload": ["colorsys"]}, "True False"),
        ({"env": {"PYTHONHASHSEED": "0"}}, "False False"),  # counts at the start of an interpreter only
        ({"env": {"OTHER": "1"}}, "True False"),
        ({"encoding": "gbk"}, "True False"),
    ]
    jobs = [warm.job(f"# {number}\n{_SHOWS}", **xattrs) for number, (xattrs, _) in enumerate(cases)]
    said = results(warm, *jobs)
    assert dict(enumerate(said)) == {number: wanted for number, (_, wanted) in enumerate(cases)}


def test_no_run_sees_another(warm: Python, tmp_path: Path) -> None:
    leaves = f"""
import builtins, os, random, sys, types, colorsys, anyjob_job
sys.path.insert(0, "/left")
os.environ["LEFT"] = "1"
os.umask(0o077)
os.chdir({str(tmp_path)!r})
colorsys.LEFT = builtins.LEFT = "left"
sys.modules["left"] = types.ModuleType("left")
sys.argv.append("left")
print(random.random())
"""
    looks = """
import builtins, json, os, random, sys, colorsys
umask = os.umask(0)
print(json.dumps([
    "/left" in sys.path, "LEFT" in os.environ, oct(umask), os.path.dirname(os.path.abspath(__file__)) == os.getcwd(),
    hasattr(colorsys, "LEFT"), hasattr(builtins, "LEFT"), "left" in sys.modules, sys.argv[1:],
    "anyjob_job" in sys.modules,
]))
"""
    first, second, said, again = results(
        warm, warm.job(leaves), warm.job(leaves + "#"), warm.job(looks), warm.job(looks + "#", warm=False)
    )
    assert first != second, "each has its own random numbers"
    assert said == again
    assert json.loads(said) == [False, False, "0o22", True, False, False, False, [], False]


def test_it_is_like_a_script_that_was_started(warm: Python) -> None:
    script = """
import os, sys, __main__, threading, atexit
def say(*words): os.write(1, (" ".join(map(str, words)) + "\\n").encode())
atexit.register(say, "last")
say(__name__, os.path.basename(__file__), os.path.basename(sys.argv[0]), __main__.__file__ == __file__)
say(sys.path[0] == os.path.dirname(__file__), sys.stdout.encoding, sys.stdout.errors, os.getpid() == os.getsid(0))
threading.Timer(0.1, say, ["thread"]).start()
"""
    warmly, coldly = results(warm, warm.job(script), warm.job(script, warm=False))
    assert warmly == coldly == "last"
    logs = [warm.run(warm.job(script, warm=way)).log.decode().splitlines() for way in (True, False)]
    wanted = ["__main__ script.py script.py True", "True utf-8 surrogateescape True", "thread", "last"]
    assert logs == [wanted, wanted]


def test_errors_and_codes_are_the_same(warm: Python) -> None:
    for script in ("1 / 0", "def f(:", "import sys\nsys.exit('no')", "import os\nos.abort()", "raise SystemExit(7)"):
        pair = [warm.run(warm.job(script, warm=way)) for way in (True, False)]
        seen = [(got.outcome.cause, got.outcome.code, got.log.replace(got.order.name.encode(), b"RUN")) for got in pair]
        assert seen[0] == seen[1]
        assert seen[0][0] in (Cause.EXIT_CODE, Cause.SIGNAL)


def test_requirements_are_warm_once_they_are_there(tmp_path: Path) -> None:
    wheels = tmp_path / "wheels"
    wheel(wheels, "spam")
    settings = {"warm": True, "find_links": [str(wheels)], "no_index": True, "cache": str(tmp_path / "cache")}
    python = Python(tmp_path / "rig", **settings)
    with python.rig:
        job = python.job("import sys\nprint('spam' in sys.modules)", requirements=["spam"], preload=["spam"])
        assert results(python, job, job) == ["False", "True"], "the first made the environment"


def test_new_packages_of_a_virtual_environment_are_seen(tmp_path: Path) -> None:
    venv = tmp_path / "venv"
    packages = venv / "lib" / f"python{sys.version_info[0]}.{sys.version_info[1]}" / "site-packages"
    packages.mkdir(parents=True)
    (venv / "bin").mkdir()
    real = Path(sys.executable).resolve()
    (venv / "bin" / "python").symlink_to(real)
    (venv / "pyvenv.cfg").write_text(f"home = {real.parent}\n")
    (packages / "spam.py").write_text("VERSION = 1\n")
    python = Python(tmp_path / "rig", warm=True, command=str(venv), preload=["spam"])
    with python.rig:
        job = python.job("import sys\nprint(sys.modules['spam'].VERSION)")

        async def life() -> list[str]:
            async with python.rig.worker() as worker:
                before = await python.rig.finish(await python.rig.submit(worker, python.rig.order(job)))
                (packages / "spam.py").unlink()
                (packages / "spam.py").write_text("VERSION = 22\n")
                (packages / "spam-22.dist-info").mkdir()
                after = await python.rig.finish(await python.rig.submit(worker, python.rig.order(job)))
                return [before.outcome.result, after.outcome.result]

        assert asyncio.run(life()) == ["1", "22"]


def test_a_module_that_cannot_be_imported_is_named(warm: Python) -> None:
    got = warm.run(warm.job("print(1)", preload=["no_such_module"]))
    assert got.outcome.cause is Cause.DEPENDENCY_MISSING, got.said
    assert "no_such_module" in got.said
    assert got.log == b""
