"""Requirements: environments are made once, whole or not at all, and what is missing is named."""

from __future__ import annotations

import asyncio
import json
import os
import socket
import sys
import time
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from tests.executors.python.runs import Python, refusals, wheel

from anyjob.cli.explanation import gather
from anyjob.job import Job
from anyjob.outcome import Cause, Strength
from anyjob.settings import Settings
from anyjob.testing.processes import alive
from anyjob.worker.states import RunState

_UV = """#!{python}
import os, subprocess, sys, time
with open({notes!r}, "a") as file:
    file.write(sys.argv[1] + "\\n")
if sys.argv[1] == "pip":
    {act}
os.execv({uv!r}, [{uv!r}, *sys.argv[1:]])
"""


class Place:
    """Wheels, a cache, and the python jobs that use them."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.wheels, self.cache = folder, folder / "wheels", folder / "cache"
        self.notes = folder / "notes"
        self.wheels.mkdir()

    @contextmanager
    def python(self, name: str = "rig", **settings: Any) -> Generator[Python]:
        settings = {"find_links": [str(self.wheels)], "no_index": True, "cache": str(self.cache), **settings}
        made = Python(self.folder / name, **settings)
        with made.rig:
            yield made

    def uv(self, act: str = "pass") -> str:
        """A uv that notes each call and does something first."""
        real = Path(sys.executable).parent / "uv"
        tool = self.folder / "uv"
        tool.write_text(_UV.format(python=sys.executable, notes=str(self.notes), act=act, uv=str(real)))
        tool.chmod(0o755)
        return str(tool)

    def installs(self) -> int:
        return self.notes.read_text().split().count("pip") if self.notes.exists() else 0

    def environments(self) -> list[str]:
        return sorted(path.name for path in (self.cache / "envs").iterdir() if not path.name.startswith("."))


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path)


def test_a_list_is_installed_once_for_all_runs_and_workers(place: Place) -> None:
    wheel(place.wheels, "spam", needs="eggs>=2")
    wheel(place.wheels, "eggs", "2.5")
    uv = place.uv()
    script = "import eggs, spam, sys\nprint(spam.VERSION, eggs.VERSION, sys.argv[1:])"
    for name, wanted in (("one", ["spam", "eggs<3"]), ("two", ["Eggs <3", "SPAM"])):
        with place.python(name, uv=uv) as python:
            got = python.run(python.job(script, requirements=wanted))
            assert got.outcome.result == "1.0 2.5 []", got.said
            assert got.log.count(b"\n") == 1, "making it says nothing in the log"
    assert place.installs() == 1
    assert len(place.environments()) == 1


def test_another_list_and_another_interpreter_have_environments_of_their_own(place: Place) -> None:
    wheel(place.wheels, "spam")
    other = place.folder / "python"
    other.write_text(f'#!/bin/sh\nexec {sys.executable} "$@"\n')
    other.chmod(0o755)
    script = "import spam"
    with place.python() as python:
        for xattrs in ({}, {"command": str(other)}):
            for wanted in (["spam"], ["spam==1.0"]):
                assert python.run(python.job(script, requirements=wanted, **xattrs)).outcome.ok
    assert len(place.environments()) == 4


def test_programs_of_the_packages_are_on_the_path(place: Place) -> None:
    wheel(place.wheels, "spam")
    script = """
    import os, shutil, sys
    print(shutil.which('python') == sys.executable, os.environ['VIRTUAL_ENV'] == sys.prefix)
    """.replace("    ", "")
    with place.python() as python:
        job = python.job(script, requirements=["spam"])
        assert [python.run(job).outcome.result for _ in range(2)] == ["True True"] * 2


def test_runs_that_come_at_once_make_one_environment(place: Place) -> None:
    wheel(place.wheels, "spam")
    with place.python(uv=place.uv("time.sleep(0.3)")) as python:
        job = python.job("import spam\nprint(spam.VERSION)", requirements=["spam"])

        async def life() -> list[str]:
            async with python.rig.worker() as worker:
                runs = [await python.rig.submit(worker, python.rig.order(job)) for _ in range(6)]
                return [(await python.rig.finish(run)).outcome.result for run in runs]

        assert asyncio.run(life()) == ["1.0"] * 6
    assert place.installs() == 1


def test_a_package_that_is_nowhere_is_named(place: Place) -> None:
    wheel(place.wheels, "spam")
    with place.python() as python:
        got = python.run(python.job("import spam", requirements=["spam", "no-such-thing>=4"]))
    assert got.outcome.cause is Cause.DEPENDENCY_MISSING, got.said
    assert got.outcome.result.startswith('XAttrs.requirements: "no-such-thing>=4" cannot be installed: uv ended with 1')
    (said,) = [item.text for item in got.outcome.evidence if item.source == "uv"]
    assert "no-such-thing was not found" in said
    assert b"no-such-thing was not found" in got.log
    assert got.outcome.outputs == {}
    assert place.environments() == []


def test_an_index_that_cannot_be_reached_is_told_without_its_password(place: Place) -> None:
    with socket.socket() as taken:  # bound and not listening: whoever connects is refused
        taken.bind(("127.0.0.1", 0))
        url = f"http://reader:hunter2@127.0.0.1:{taken.getsockname()[1]}/simple"
        with place.python(index_url=url, no_index=False, find_links=[]) as python:
            got = python.run(python.job("import spam", requirements=["spam"]))
            state = [path.read_bytes() for path in python.rig.state.rglob("*") if path.is_file()]
    assert got.outcome.cause is Cause.DEPENDENCY_MISSING, got.said
    assert "refused" in got.outcome.result, got.said
    assert '"spam"' in got.outcome.result
    assert "hunter2" not in got.said
    assert not any(b"hunter2" in text for text in state)


def test_the_password_of_the_index_is_in_none_of_uvs_words(place: Place) -> None:
    says = place.uv("sys.exit('asked ' + os.environ['UV_DEFAULT_INDEX'] + ' as reader with hunter/2')")
    with place.python(uv=says, index_url="http://reader:hunter%2F2@host/simple") as python:
        got = python.run(python.job("import spam", requirements=["spam"]))
    assert "asked http://***:***@host/simple as *** with ***" in got.said
    assert b"hunter" not in got.log


def test_a_failure_is_not_kept(place: Place) -> None:
    with place.python() as python:
        job = python.job("import spam\nprint(spam.VERSION)", requirements=["spam"])
        assert python.run(job).outcome.cause is Cause.DEPENDENCY_MISSING
        wheel(place.wheels, "spam")
        assert python.run(job).outcome.result == "1.0"


def test_making_takes_no_longer_than_it_may(place: Place) -> None:
    wheel(place.wheels, "spam")
    with place.python(uv=place.uv("time.sleep(300)"), timeout=0.5) as python:
        got = python.run(python.job("import spam", requirements=["spam"]))
    assert got.outcome.cause is Cause.DEPENDENCY_MISSING, got.said
    assert "not installed within 0.5 s" in got.outcome.result


def test_a_stop_ends_the_making_provably_and_the_next_run_makes_it_anew(place: Place) -> None:
    wheel(place.wheels, "spam")
    slow = place.uv("open('half', 'w').close(); time.sleep(300)")
    with place.python(uv=slow) as python:
        job = python.job("import spam\nprint(spam.VERSION)", requirements=["spam"], grace=5)

        async def life() -> None:
            async with python.rig.worker() as worker:
                run = await python.rig.submit(worker, python.rig.order(job))
                folder = python.rig.state / "runs" / run.name
                await python.rig.until((folder / "half").exists, "uv was not called")
                run.stop()
                got = await python.rig.finish(run)
                assert got.outcome.cause is Cause.STOPPED, got.said
                assert got.outcome.stop is not None
                assert got.outcome.stop.strength is Strength.PROVEN
                assert not alive(run.name)

        asyncio.run(life())
        assert [name for name in os.listdir(place.cache / "envs") if name.endswith(".new")], "half of it is there"
        assert place.environments() == []
        place.uv()
        assert python.run(job).outcome.result == "1.0"
    assert not [name for name in os.listdir(place.cache / "envs") if name.endswith(".new")]


def test_the_making_outlives_its_worker(place: Place) -> None:
    wheel(place.wheels, "spam")
    go_on = place.folder / "go on"
    slow = place.uv(f"open('half', 'w').close()\n    while not os.path.exists({str(go_on)!r}): time.sleep(0.01)")
    with place.python(uv=slow) as python:
        order = python.rig.order(python.job("import spam\nprint(spam.VERSION)", requirements=["spam"]))

        async def first() -> None:
            async with python.rig.worker() as worker:
                run = await python.rig.submit(worker, order)
                folder = python.rig.state / "runs" / run.name
                await python.rig.until((folder / "half").exists, "uv was not called")
                await python.rig.until(lambda: run.record.state is RunState.RUNNING, "it is not running")

        async def second() -> str:
            async with python.rig.worker() as worker:
                go_on.touch()
                return (await python.rig.resumed(worker, order)).outcome.result

        asyncio.run(first())
        assert asyncio.run(second()) == "1.0"
    assert place.installs() == 1


def test_an_environment_that_lost_its_interpreter_is_made_anew(place: Place) -> None:
    wheel(place.wheels, "spam")
    with place.python() as python:
        job = python.job("import spam\nprint(spam.VERSION)", requirements=["spam"])
        assert python.run(job).outcome.ok
        (name,) = place.environments()
        binary = place.cache / "envs" / name / "bin" / "python"
        binary.unlink()
        binary.symlink_to("/no/such/python")
        assert python.run(job).outcome.result == "1.0"


def test_what_nobody_used_for_long_goes_and_what_is_in_use_stays(place: Place) -> None:
    wheel(place.wheels, "spam")
    with place.python(keep_days=10) as python:
        wanted = {"old": ["spam"], "busy": ["spam>=0.1"], "fresh": ["spam>=0.2"]}
        names: dict[str, str] = {}
        for what, requirements in wanted.items():
            before = set(place.environments()) if names else set[str]()
            assert python.run(python.job("import spam", requirements=requirements)).outcome.ok
            (names[what],) = set(place.environments()) - before
        script = "import time\nprint('ready', flush=True)\ntime.sleep(300)"
        job = python.job(script, requirements=wanted["busy"], grace=1)

        async def life() -> None:
            async with python.rig.worker() as worker:
                run = await python.rig.submit(worker, python.rig.order(job))
                await python.rig.until(lambda: b"ready" in python.rig.log(run), "it does not run")
                past = time.time() - 11 * 86400
                for what in ("old", "busy"):
                    os.utime(place.cache / "envs" / names[what] / "anyjob.json", (past, past))
                other = python.job("import spam", requirements=["spam>=0.3"])
                got = await python.rig.finish(await python.rig.submit(worker, python.rig.order(other)))
                assert got.outcome.ok, got.said
                run.stop(force=True)
                await python.rig.finish(run)

        asyncio.run(life())
    left = place.environments()
    assert names["old"] not in left
    assert {names["busy"], names["fresh"]} < set(left)


def test_the_oldest_of_more_than_may_stay_go(place: Place) -> None:
    wheel(place.wheels, "spam")
    with place.python(keep_size=1) as python:
        assert python.run(python.job("import spam", requirements=["spam"])).outcome.ok
        (first,) = place.environments()
        past = time.time() - 7200
        os.utime(place.cache / "envs" / first / "anyjob.json", (past, past))
        assert python.run(python.job("import spam", requirements=["spam>=0.1"])).outcome.ok
    assert first not in place.environments()
    assert len(place.environments()) == 1, "the newest stays, however large"


def test_variables_of_the_job_do_not_change_what_a_list_means(place: Place) -> None:
    wheel(place.wheels, "spam")
    wanted = place.folder / "wanted"
    wanted.write_text("spam==9.0\n")
    env = {"UV_CONSTRAINT": str(wanted), "PIP_CONSTRAINT": str(wanted), "UV_NO_INSTALL_PACKAGE": "spam"}
    with place.python() as python:
        got = python.run(python.job("import spam\nprint(spam.VERSION)", requirements=["spam"], env=env))
    assert got.outcome.result == "1.0", got.said


def test_without_uv_the_remedy_is_named(place: Place) -> None:
    with place.python(uv=str(place.folder / "no-uv")) as python:
        got = python.run(python.job("print(1)", requirements=["spam"]))
        assert got.outcome.cause is Cause.DEPENDENCY_MISSING
        assert "executors.python.uv" in got.outcome.result
        assert str(place.folder / "no-uv") in got.outcome.result
        assert python.run("print(1)").outcome.ok, "jobs without requirements do not need it"


def test_a_script_that_ends_with_the_same_code_is_taken_for_what_it_is(place: Place) -> None:
    wheel(place.wheels, "spam")
    with place.python() as python:
        got = python.run(python.job("import sys\nprint('mine')\nsys.exit(69)", requirements=["spam"]))
    assert (got.outcome.cause, got.outcome.code, got.outcome.result) == (Cause.EXIT_CODE, 69, "mine")


@pytest.mark.parametrize(
    ("requirements", "says"),
    [
        ("requests", 'XAttrs.requirements: "requests" is not a list; write it as ["requests"]'),
        ([3], 'XAttrs.requirements[0]: "3" is not text; put it in quotes'),
        (["requests", "two words"], 'XAttrs.requirements[1]: "two words" is no requirement ('),
        (["--index-url http://evil/simple"], "is an option and no requirement"),
        ([" -r /etc/passwd"], "is an option and no requirement"),
        (["spam @ file:///etc/passwd"], "names a place to install from"),
        (["spam @ git+https://host/spam"], "names a place to install from"),
        (["./spam.whl"], "is no requirement ("),
        (["spam\n--index-url http://evil"], "is no requirement ("),
        (["spam # comment"], "is no requirement ("),
    ],
)
def test_what_is_no_requirement_is_refused_when_the_job_is_created(requirements: Any, says: str) -> None:
    (said,) = refusals(Content="print(1)", XAttrs={"requirements": requirements})
    assert says in said


def test_they_are_refused_where_the_worker_cannot_install_them() -> None:
    said = refusals(Content="print(1)", XAttrs={"requirements": ["spam"], "launcher": "box"})
    assert any(line.startswith('XAttrs.requirements: "["spam"]" are installed on the worker') for line in said), said


def test_explain_shows_the_command_and_makes_nothing(place: Place) -> None:
    settings = {"index_url": "http://reader:hunter2@host/simple", "cache": str(place.cache)}
    python = Python(place.folder / "rig", **settings)
    job = Job(name="j", job_type="python", content="print(1)", xattrs={"requirements": ["spam"]})
    made = asyncio.run(gather(job, python.rig.host(), Settings()))
    assert made.faults == []
    assert made.command is not None
    assert made.command.argv[1:] == ["-IS", "{run}/anyjob_prepare.py", "{run}/anyjob_prepare.json", "{run}/script.py"]
    assert json.loads(made.command.files["anyjob_prepare.json"])["requirements"] == ["spam"]
    assert "hunter2" not in json.dumps(made.to_json())
    assert not place.cache.exists()
