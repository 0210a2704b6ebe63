"""Health, preflight and what `explain` shows: keys and clock, and no secret."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from tests.executors.dataworks.life import opened

from anyjob.executor import Health
from anyjob.job import Job
from anyjob_dataworks.peer import Peer

JOB = Job.from_wire(
    {"Name": "n", "JobType": "dataworks", "Content": '{"projectName": "practice", "flowName": "hello"}'}
)


def health(tmp_path: Path, settings: Mapping[str, Any]) -> Health:
    async def ask() -> Health:
        async with opened(tmp_path, settings, {}, {}) as worker:
            bound = worker.host.dispatch(JOB, worker.host.bind(JOB))
            await worker.serving.of(bound)  # as before a run
            return await bound.executor.health()

    return asyncio.run(ask())


def settings_of(peer: Peer, secret: Mapping[str, Any]) -> dict[str, Any]:
    key = {"id": {"command": ["echo", "LTAI7"]}, "secret": dict(secret)}
    return {"endpoints": {"cn-shanghai": f"http://127.0.0.1:{peer.port}"}, "credentials": {"finance": key}}


def test_keys_that_are_there_and_a_clock_that_is_right(peer: Peer, tmp_path: Path) -> None:
    said = health(tmp_path, settings_of(peer, {"command": ["echo", "7secret7"]}))
    assert said.state == "healthy"
    assert said.why.startswith("access keys for app groups finance; clock within ")
    assert "7secret7" not in said.why
    assert "LTAI7" not in said.why


@pytest.mark.parametrize("clock", [905, -905], ids=["behind", "ahead"])
def test_a_clock_that_is_off(peer: Peer, tmp_path: Path, clock: float) -> None:
    peer.clock = clock
    said = health(tmp_path, settings_of(peer, {"command": ["echo", "x"]}))
    assert said.state == "unhealthy"
    assert f"s {'behind' if clock > 0 else 'ahead of'} that of http://127.0.0.1:{peer.port}" in said.why
    assert "set it right, by NTP" in said.why


def test_a_key_that_cannot_be_read(peer: Peer, tmp_path: Path) -> None:
    said = health(tmp_path, settings_of(peer, {"file": str(tmp_path / "nowhere")}))
    assert said.state == "unhealthy"
    assert "[executors.dataworks.credentials.finance.secret] cannot be read" in said.why


def test_a_key_that_is_empty(peer: Peer, tmp_path: Path) -> None:
    said = health(tmp_path, settings_of(peer, {"command": ["echo", ""]}))
    assert said.state == "unhealthy"
    assert "[executors.dataworks.credentials.finance.secret] is empty" in said.why


def test_without_keys_jobs_bring_theirs(tmp_path: Path) -> None:
    assert health(tmp_path, {}) == Health(state="healthy", why="no access key in the settings; jobs bring theirs")


def explained(tmp_path: Path, config: str, job: Mapping[str, Any]) -> dict[str, Any]:
    (tmp_path / "anyjob.toml").write_text(config)
    (tmp_path / "job.json").write_text(json.dumps(job))
    argv = [sys.executable, "-m", "anyjob", "explain", str(tmp_path / "job.json")]
    done = subprocess.run(
        [*argv, "--config", str(tmp_path / "anyjob.toml"), "--json"], capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_explain_shows_the_very_request_without_secrets(tmp_path: Path) -> None:
    (tmp_path / "id").write_text("LTAI7")
    config = f"""
[executors.dataworks]
region = "cn-shanghai"
[secrets.dw]
file = "{tmp_path}/id"
groups = ["*"]
"""
    job = {
        "Name": "n",
        "JobType": "dataworks",
        "Content": {"projectName": "p", "flowName": "f", "bizDate": "2026-11-20", "jarUrl": "x.jar"},
        "XAttrs": {"secrets": {"ACCESS_KEY_ID": "dw", "ACCESS_KEY_SECRET": "dw"}},
    }
    said = explained(tmp_path, config, job)
    assert said["preview"]["Request"] == [
        "POST https://dataworks.cn-shanghai.aliyuncs.com/",
        "x-acs-action: RunManualDagNodes",
        "x-acs-version: 2020-05-18",
        "Authorization: ACS3-HMAC-SHA256 Credential=[secret ACCESS_KEY_ID], signed with its secret",
    ]
    assert said["preview"]["Parameters"] == [
        "BizDate=2026-11-20 00:00:00",
        'DagParameters={"anyjob_run": "aj-1-0-1.[random]"}',
        "FlowName=f",
        "ProjectEnv=PROD",
        "ProjectName=p",
    ]
    assert said["preview"]["Means nothing here"] == ["Content.jarUrl: 'x.jar'"]
    assert "LTAI7" not in json.dumps(said)
