"""Commands that another launcher than the local one starts: what of this node reaches them, and who keeps their
deadline."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tests.core.worker.elsewhere import Elsewhere, ElsewhereLauncher

from anyjob.cli.explanation import gather
from anyjob.job import Job
from anyjob.outcome import Cause, Outcome
from anyjob.plugins import PluginHost
from anyjob.settings import Settings
from anyjob.worker.order import RunOrder
from anyjob.worker.settings import WorkerSettings
from anyjob.worker.worker import Worker


def job(script: str, **xattrs: Any) -> Job:
    return Job(name="j", job_type="script", content=script, xattrs={"launcher": "elsewhere", "grace": 1, **xattrs})


def worker(state: Path) -> Worker:
    return Worker(PluginHost({"elsewhere": Elsewhere()}), state, WorkerSettings(shim_idle=1, force_wait=2))


async def until(true: Callable[[], bool]) -> None:
    async with asyncio.timeout(30):
        while not true():
            await asyncio.sleep(0.02)


async def begin(state: Path, script: str, seconds: float | None = None) -> Path:
    """Start a run and let its worker go; the folder in which it goes on."""
    async with worker(state) as first:
        deadline = None if seconds is None else time.time() + seconds
        run = await first.submit(RunOrder(job=job(script), instance=1, deadline=deadline))
        await until(lambda: run.record.handle is not None)
        assert run.record.handle is not None
        if seconds is not None:
            journal = state / "shim/journal.jsonl"
            await until(lambda: journal.exists() and b'"armed"' in journal.read_bytes())
    return Path(str(run.record.handle.data["folder"]))


async def resume(state: Path) -> Outcome:
    async with worker(state) as second:
        [run] = second.resumed
        return await run.outcome()


async def once(state: Path, job: Job, seconds: float | None = None) -> tuple[Outcome, Path]:
    async with worker(state) as one:
        deadline = None if seconds is None else time.time() + seconds
        run = await one.submit(RunOrder(job=job, instance=1, deadline=deadline))
        return await run.outcome(), state / "runs" / run.name / "elsewhere"


def test_the_shim_ends_at_its_deadline_what_no_worker_watches(tmp_path: Path) -> None:
    folder = asyncio.run(begin(tmp_path, "sleep 60", seconds=1))
    asyncio.run(until((folder / "asked").exists))
    ended = asyncio.run(resume(tmp_path))
    assert ended.cause is Cause.TIMED_OUT
    assert "the deadline passed without a worker" in " ".join(item.text for item in ended.evidence)


def test_an_end_before_the_deadline_is_not_called_late_by_a_worker_that_comes_late(tmp_path: Path) -> None:
    folder = asyncio.run(begin(tmp_path, "exit 0", seconds=2))
    asyncio.run(until((folder / "code").exists))
    time.sleep(2.2)
    ended = asyncio.run(resume(tmp_path))
    assert ended.cause is Cause.SUCCEEDED


def test_a_living_worker_stops_the_run_itself_and_the_shim_does_not_ask_again(tmp_path: Path) -> None:
    ended, folder = asyncio.run(
        once(tmp_path, job("trap 'sleep 4; exit 3' TERM\nsleep 60 & wait", grace=10), seconds=0.5)
    )
    assert ended.cause is Cause.TIMED_OUT
    assert (folder / "asked").read_text().split() == ["halted"]


def test_after_the_end_nothing_is_left_armed(tmp_path: Path) -> None:
    ended, _ = asyncio.run(once(tmp_path, job("exit 0"), seconds=600))
    assert ended.cause is Cause.SUCCEEDED
    lines = (tmp_path / "shim/journal.jsonl").read_text().splitlines()
    assert [line for line in lines if '"disarmed"' in line]


def test_nothing_of_the_workers_environment_goes_elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LANG", "xx_YY")
    _, folder = asyncio.run(once(tmp_path, job("env", env={"OWN": "yes"})))
    env = dict(line.split("=", 1) for line in (folder / "out").read_text().splitlines())
    assert env["OWN"] == "yes"
    assert env["ANYJOB_RESULT"] == f"{folder}/result"
    assert not {"HOME", "LANG", "USER"} & set(env)


def test_what_a_launcher_lacks_keeps_its_runs_from_starting(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ElsewhereLauncher, "lacks", "ferry")
    ended, folder = asyncio.run(once(tmp_path, job("exit 0")))
    assert (ended.cause, ended.result) == (Cause.DEPENDENCY_MISSING, 'launchers.elsewhere: "ferry" is missing')
    assert not folder.exists()


def test_explain_tells_what_the_launcher_would_do_and_lacks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ElsewhereLauncher, "lacks", "ferry")
    made = asyncio.run(gather(job("exit 0"), PluginHost({"elsewhere": Elsewhere()}), Settings()))
    assert made.preview == {"elsewhere": ["2 words"]}
    assert made.faults == ['launchers.elsewhere: "ferry" is missing']
