"""`anyjob up FOLDER` with applications that dial in."""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path
from typing import Any

import pytest
from tests.core.cli.program import Program, toml

APPLICATION = Path(__file__).with_name("application.py")


@pytest.fixture
def anyjob(program: Program) -> Program:
    return program


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A job that needs an application, one that needs none, and the application."""
    made = tmp_path / "examples"
    made.mkdir()
    shutil.copy(APPLICATION, made)
    job = {"JobType": "go", "GroupId": "shop", "Content": {"jobName": "daily"}}
    (made / "dialled.yaml").write_text(json.dumps({"Name": "dialled", **job}))
    (made / "free.yaml").write_text(json.dumps({"Name": "free", "JobType": "shell", "Content": "echo free"}))
    return made


def beside(folder: Path, *command: str, more: str = "") -> None:
    (folder / "beside.toml").write_text(
        f"""
        {more}
        [[peers]]
        command = {json.dumps(command)}
        dials = {{type = "go", group = "shop"}}
        files = ["dialled.yaml"]
        """
    )


def serves(answer: str) -> list[str]:
    return ["python", "application.py", "go", "daily", answer]


def told(anyjob: Program, folder: Path, *options: str) -> tuple[int, dict[str, dict[str, Any]]]:
    """Exit status, and the objects by job."""
    done = anyjob("up", str(folder), "--json", *options)
    assert done.out, done.err
    return done.status, {one["job"]: one for one in map(json.loads, done.out.splitlines())}


def test_its_jobs_run_when_it_has_dialled_in(anyjob: Program, folder: Path) -> None:
    made = '[[made]]\ncommand = ["sh", "-c", "echo hello > {made}/it"]\nfiles = ["free.yaml"]\n'
    beside(folder, "sh", "-c", f"exec {sys.executable} {' '.join(serves('$(cat {made}/it)')[1:])}", more=made)
    status, said = told(anyjob, folder)
    assert status == 0, said
    assert (said["dialled"]["result"], said["free"]["result"]) == ("hello", "free")


def test_one_that_ends_says_why_and_holds_up_nobody_else(anyjob: Program, folder: Path) -> None:
    beside(folder, "sh", "-c", "echo its shop is shut >&2; exit 1")
    status, said = told(anyjob, folder)
    assert (status, said["dialled"]["ran"], said["free"]["ran"]) == (0, False, True)
    assert said["dialled"]["why"].endswith("has not dialled in: its shop is shut")


def test_one_for_which_nothing_could_be_made_is_not_begun(anyjob: Program, folder: Path) -> None:
    made = '[[made]]\ncommand = ["sh", "-c", "echo {anyjob} build {folder} >&2; exit 1"]\nfiles = ["dialled.yaml"]\n'
    beside(folder, "sh", "-c", f"touch {folder}/begun; true {{made}}", more=made)
    _, said = told(anyjob, folder)
    assert said["dialled"]["why"].endswith(f"anyjob build {folder}")
    assert not (folder / "begun").exists()


@pytest.mark.parametrize("source", ["text", "file"])
def test_the_callers_own_token_and_address_hold_on(anyjob: Program, folder: Path, tmp_path: Path, source: str) -> None:
    token = "the-token-of-the-caller"
    (tmp_path / "token").write_text(token)
    given = f'"{token}"' if source == "text" else f'{{file = "{tmp_path}/token"}}'
    written = f'listen = ["unix:{tmp_path}/mine.sock"]\ntokens.shop = {given}'
    mine = toml(tmp_path / "mine.toml", {"worker.apps": written})
    check = f"test $ANYJOB_APP_TOKEN = {token} && test -S {tmp_path}/mine.sock"
    beside(folder, "sh", "-c", f"{check} && exec {sys.executable} {' '.join(serves('known')[1:])}")
    status, said = told(anyjob, folder, "--config", str(mine))
    assert (status, said["dialled"].get("result")) == (0, "known"), said


def test_a_token_that_cannot_be_read_is_what_its_jobs_lack(anyjob: Program, folder: Path, tmp_path: Path) -> None:
    mine = toml(tmp_path / "mine.toml", {"worker.apps": f'tokens.shop = {{file = "{tmp_path}/none"}}'})
    beside(folder, *serves("never"))
    status, said = told(anyjob, folder, "--config", str(mine))
    assert (status, said["dialled"]["ran"]) == (0, False)
    assert "token of shop" in said["dialled"]["why"]
