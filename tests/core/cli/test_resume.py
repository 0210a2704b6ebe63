"""What a killed command left is taken over: nothing is lost, and nothing happens twice."""

from __future__ import annotations

import asyncio
import re
import subprocess
from pathlib import Path

from tests.core.cli.program import Program, kill, until

from anyjob.job import Job
from anyjob.plugins import PluginHost
from anyjob.worker.order import RunOrder
from anyjob.worker.worker import Worker


def begun(anyjob: Program, *arguments: str) -> tuple[subprocess.Popen[bytes], Path]:
    """A job that says that it goes on, and ends with code 9 once its file `go` is there."""
    mark, go = anyjob.folder / "mark", anyjob.folder / "go"
    script = f"echo begun; echo once >> {mark}; while [ ! -e {go} ]; do sleep 0.05; done; echo over; exit 9"
    process = anyjob.start("run", anyjob.job(script), *arguments)
    until(mark.exists, "the job's start")
    return process, go


def test_resume_shows_a_killed_run_to_its_end(anyjob: Program) -> None:
    process, go = begun(anyjob)
    kill(process)
    resumed = anyjob.start("resume")
    assert resumed.stdout is not None
    assert resumed.stdout.readline() == b"begun\n"
    go.touch()
    done = anyjob.finish(resumed)
    assert (done.status, done.out) == (9, b"over\n")
    taking, end = done.err.splitlines()[:2]
    (state,) = anyjob.own.iterdir()
    assert re.fullmatch(rf"anyjob: taking over job 'a', begun at [-0-9]{{10}} [0-9: +-]+, from {state}", taking), taking
    assert end.startswith("anyjob: job 'a' failed with exit code 9")
    assert (anyjob.folder / "mark").read_text() == "once\n"
    again = anyjob("resume")
    assert (again.status, again.out, again.err) == (0, b"", f"anyjob: nothing is unfinished in {anyjob.own}\n")


def test_resume_tells_an_end_that_nobody_saw(anyjob: Program) -> None:
    process, go = begun(anyjob)
    kill(process)
    (log,) = anyjob.own.glob("*/runs/*/log")
    go.touch()
    until(lambda: log.read_bytes().endswith(b"over\n"), "the job's end")
    done = anyjob("resume", "--json")
    assert (done.status, done.json["code"], done.json["result"], done.json["log"]) == (9, 9, "over", str(log))


def test_a_folder_with_unfinished_business_takes_no_other_job(anyjob: Program) -> None:
    state = anyjob.folder / "mine"
    process, go = begun(anyjob, "--state", str(state))
    busy = anyjob("run", anyjob.job("echo other"), "--state", str(state))
    assert busy.status == 1
    assert busy.err.startswith(f"anyjob: State folder {state} is in use by worker process {process.pid}.")
    kill(process)
    refused = anyjob("run", anyjob.job("echo other"), "--state", str(state))
    (run,) = state.glob("runs/*")
    instance = int(run.name.split("-")[1], 16)
    assert (refused.status, refused.out) == (1, b"")
    assert refused.err == (
        f"anyjob: State folder {state} holds what was not shown to its end: instance {instance}."
        f" Finish it first: anyjob resume --state {state}\n"
    )
    go.touch()
    assert anyjob("resume", "--state", str(state)).status == 9
    assert anyjob("run", anyjob.job("echo other"), "--state", str(state)).status == 0


def test_resume_takes_the_newest_and_names_the_others(anyjob: Program) -> None:
    kill(begun(anyjob)[0])
    (older,) = anyjob.own.iterdir()
    older = older.rename(anyjob.own / "20200101-000000-abcdef")
    (anyjob.folder / "mark").unlink()
    process, go = begun(anyjob)
    kill(process)
    go.touch()
    done = anyjob("resume")
    assert (done.status, done.out) == (9, b"begun\nover\n")
    assert done.err.splitlines()[0] == f"anyjob: also unfinished: anyjob resume --state {older}"
    assert anyjob("resume", "--quiet").status == 9


def test_what_the_quota_took_is_told(anyjob: Program) -> None:
    go = anyjob.folder / "go"
    script = f"echo first; while [ ! -e {go} ]; do sleep 0.05; done; seq 500000; echo last"
    process = anyjob.start("run", anyjob.job(script, XAttrs={"logQuota": "128Ki"}))
    until(lambda: any(log.read_bytes() for log in anyjob.own.glob("*/runs/*/log")), "the job's start")
    kill(process)
    (log,) = anyjob.own.glob("*/runs/*/log")
    go.touch()
    until(lambda: log.read_bytes().endswith(b"last\n"), "the job's end")
    done = anyjob("resume")
    assert (done.out[:6], done.out[-5:]) == (b"first\n", b"last\n")
    assert len(done.out) < 512 << 10
    found = re.search(r"anyjob: (\d+) bytes of the log of .* are left out: they are beyond the log quota\n", done.err)
    assert found
    assert len(done.out) + int(found[1]) == log.stat().st_size


def test_runs_of_a_program_that_embeds_a_worker(anyjob: Program) -> None:
    state, go = anyjob.folder / "mine", anyjob.folder / "go"
    content = f"while [ ! -e {go} ]; do sleep 0.05; done; echo over; exit 4"

    async def submit() -> None:
        async with Worker(PluginHost.load(), state) as worker:
            live = await worker.submit(RunOrder(job=Job(name="b", job_type="shell", content=content), instance=1))
            while not live.record.handle:
                await asyncio.sleep(0.01)

    asyncio.run(submit())
    go.touch()
    done = anyjob("resume", "--state", str(state))
    assert (done.status, done.out) == (4, b"over\n")
    # The outcome stays in the ledger for the program; there is nothing more to show.
    assert anyjob("resume", "--state", str(state)).err == f"anyjob: nothing is unfinished in {state}\n"
