"""Real processes, really killed: the worker, then worker and shim together."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from anyjob.errors import StateInUse
from anyjob.plugins import PluginHost
from anyjob.worker.worker import Worker

PROGRAM = Path(__file__).with_name("worker_process.py")
MARK = """echo started >> MARKS
: < GO
echo line of $ANYJOB_INSTANCE_ID
exit $((ANYJOB_INSTANCE_ID % 100))"""
"""It waits at a pipe: two hundred that look for a file every tenth of a second would take the whole machine."""
PATIENCE = 600
"""Seconds after which what never comes is a failure; a busy machine is none."""


def begin(state: Path, count: int, script: str = "", **job: Any) -> subprocess.Popen[str]:
    words = [sys.executable, str(PROGRAM), str(state), str(count), script, json.dumps(job)]
    worker = subprocess.Popen(words, stdout=subprocess.PIPE, text=True)
    assert worker.stdout is not None
    assert worker.stdout.readline() == "ready\n"
    return worker


def kill(worker: subprocess.Popen[str]) -> None:
    worker.kill()
    worker.communicate()


@contextmanager
def opened(go: Path) -> Generator[None]:
    """Lets the runs through that wait at the pipe, and those that come to it meanwhile."""
    gate = os.open(go, os.O_RDWR)
    try:
        yield
    finally:
        os.close(gate)


def finish(worker: subprocess.Popen[str], go: Path) -> dict[str, dict[str, Any]]:
    with opened(go):
        out, _ = worker.communicate(timeout=PATIENCE)
    assert worker.returncode == 0
    return {said["run"]: said for said in map(json.loads, out.splitlines())}


def shims(state: Path) -> list[int]:
    """The keeper and the shim of this state folder, without the helpers that the shim has forked."""
    found: list[int] = []
    for entry in Path("/proc").iterdir():
        try:
            ours = entry.name.isdigit() and str(state / "shim").encode() in (entry / "cmdline").read_bytes()
            if ours and (entry / "comm").read_text().strip() in {"anyjob-keeper", "anyjob-shim"}:
                found.append(int(entry.name))
        except OSError:
            continue
    return found


def check(tmp_path: Path, ends: dict[str, dict[str, Any]], count: int) -> None:
    assert len(ends) == count
    for number in range(1, count + 1):
        said = ends[f"aj-{number:x}-0-1"]
        code = number % 100
        assert said["cause"] == ("exit_code" if code else "succeeded"), said
        assert said["code"] == code
        assert said["result"] == f"line of {number}"
        assert said["stop"]["strength"] == "PROVEN", said
        assert (tmp_path / f"state/runs/aj-{number:x}-0-1/log").read_text() == f"line of {number}\n"
    assert Counter((tmp_path / "marks").read_text().split()) == {"started": count}, "a run was started twice"


def script(tmp_path: Path) -> str:
    os.mkfifo(tmp_path / "go")
    return MARK.replace("MARKS", str(tmp_path / "marks")).replace("GO", str(tmp_path / "go"))


def test_the_worker_is_killed_and_every_run_is_found_again(tmp_path: Path) -> None:
    worker = begin(tmp_path / "state", 50, script(tmp_path))
    kill(worker)
    check(tmp_path, finish(begin(tmp_path / "state", 0), tmp_path / "go"), 50)


def test_runs_that_end_while_no_worker_is_there_are_complete_for_the_next(tmp_path: Path) -> None:
    worker = begin(tmp_path / "state", 20, script(tmp_path))
    kill(worker)
    with opened(tmp_path / "go"):
        logs = [tmp_path / f"state/runs/aj-{number:x}-0-1/log" for number in range(1, 21)]
        end = time.monotonic() + PATIENCE
        while any(log.stat().st_size == 0 for log in logs):
            assert time.monotonic() < end, "a run never came to its end"
            time.sleep(0.02)
    check(tmp_path, finish(begin(tmp_path / "state", 0), tmp_path / "go"), 20)


def test_worker_and_shim_are_killed_together_and_every_exit_code_is_kept(tmp_path: Path) -> None:
    worker = begin(tmp_path / "state", 200, script(tmp_path))
    keeper, shim = sorted(shims(tmp_path / "state"))
    worker.kill()
    os.kill(shim, signal.SIGKILL)
    kill(worker)
    second = begin(tmp_path / "state", 0)
    assert keeper in shims(tmp_path / "state")  # while runs go on: with the last of them it may end
    check(tmp_path, finish(second, tmp_path / "go"), 200)


def test_a_second_worker_on_the_folder_is_refused_with_a_sentence(tmp_path: Path) -> None:
    worker = begin(tmp_path / "state", 1, script(tmp_path))
    try:

        async def second() -> str:
            try:
                await Worker(PluginHost({}), tmp_path / "state").start()
            except StateInUse as error:
                return str(error)
            return "it was let in"

        assert asyncio.run(second()) == (
            f"State folder {tmp_path / 'state'} is in use by worker process {worker.pid}."
            " Give this worker a folder of its own, or stop that one."
        )
    finally:
        finish(worker, tmp_path / "go")
