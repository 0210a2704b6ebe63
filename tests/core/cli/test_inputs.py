"""What the caller named: one job of a file, and the settings that count."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from anyjob.cli import inputs
from anyjob.cli.inputs import settings_for
from anyjob.errors import AnyJobError
from anyjob.job import Job
from anyjob.plugins import PluginHost


def said(call: Callable[[], object]) -> str:
    with pytest.raises(AnyJobError) as caught:
        call()
    return str(caught.value)


def the_job(file: str, sets: list[str], name: str | None) -> Job:
    return inputs.the_job(file, sets, name, PluginHost())


def test_one_job_is_meant(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    jobs = [{"Name": name, "JobType": "shell", "Content": "true"} for name in ("one", "two", "two")]
    Path("jobs.json").write_text(json.dumps(jobs))
    assert the_job("jobs.json", ["Content=x"], "one").content == "x"
    assert said(lambda: the_job("jobs.json", [], None)) == (
        "jobs.json: it holds 3 jobs: 'one', 'two', 'two'; choose one with --job NAME"
    )
    assert said(lambda: the_job("jobs.json", [], "oen")) == "jobs.json: it holds no job named 'oen'; did you mean one?"
    assert said(lambda: the_job("jobs.json", [], "two")) == (
        "jobs.json: it holds 2 jobs named 'two'; give them names of their own"
    )
    assert said(lambda: the_job("none.yaml", [], None)) == "none.yaml: it cannot be read: No such file or directory"
    assert said(lambda: the_job(".", [], None)) == ".: it cannot be read: Is a directory"


def test_which_settings_count(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def file(name: str) -> Path:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("[worker]\n")
        return path

    def found(config: Path | None, state: Path | None) -> tuple[Path, str] | None:
        got = settings_for(config, state).found
        return got and (got.file, got.by)

    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    monkeypatch.delenv("ANYJOB_CONFIG", raising=False)
    assert found(None, None) is None
    # Without a file the caller's jobs may be whoever the caller may be; with one, whoever it lists.
    assert settings_for(None, None).worker.users == {"*": ["*", "root"]}
    own = file("anyjob/run/anyjob.toml")
    assert found(None, None) == (own, "state folder")
    assert settings_for(None, None).worker.users == {}
    assert found(None, tmp_path / "mine") is None
    mine = file("mine/anyjob.toml")
    assert found(None, tmp_path / "mine") == (mine, "state folder")
    monkeypatch.setenv("ANYJOB_CONFIG", str(file("b.toml")))
    assert found(None, tmp_path / "mine") == (tmp_path / "b.toml", "ANYJOB_CONFIG")
    assert found(file("c.toml"), tmp_path / "mine") == (tmp_path / "c.toml", "--config")
