"""What a killed command left is taken over: nothing is lost, and nothing happens twice."""

from __future__ import annotations

import subprocess
from pathlib import Path

from tests.core.cli.program import Program, kill, until


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
    assert done.err.startswith("anyjob: job 'a' failed with exit code 9")
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
