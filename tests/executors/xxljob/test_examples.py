"""The examples run as their comments say, and the command line shows what a job would do."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.executors.xxljob.town import TOKEN, free_port

from anyjob_xxljob.fake import FakeExecutor
from anyjob_xxljob.samples import HANDLERS

EXAMPLES = Path(__file__).parents[3] / "executors" / "xxljob" / "examples"


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Those of the examples, at an address that is free here, and the sample executor for it."""
    listen = f"127.0.0.1:{free_port()}"
    file = tmp_path_factory.mktemp("settings") / "anyjob.toml"
    file.write_text((EXAMPLES / "anyjob.toml").read_text().replace("127.0.0.1:7781", listen))
    with FakeExecutor(HANDLERS, admins=[f"http://{listen}"], token=TOKEN):
        yield file


def anyjob(*arguments: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "anyjob", *map(str, arguments)]
    env = {**os.environ, "ANYJOB_XXLJOB_TOKEN": TOKEN}
    return subprocess.run(command, capture_output=True, text=True, timeout=60, env=env)


@pytest.mark.parametrize("name", sorted(path.name for path in EXAMPLES.glob("*.yaml")))
def test_an_example(settings: Path, tmp_path: Path, name: str) -> None:
    done = anyjob("run", EXAMPLES / name, "--config", settings, "--state", tmp_path / "state", "--json")
    assert done.returncode == 0, done.stdout + done.stderr
    assert json.loads(done.stdout.splitlines()[-1])["cause"] == "succeeded"


def test_explain_shows_the_request(settings: Path) -> None:
    done = anyjob("explain", EXAMPLES / "broadcast.yaml", "--config", settings)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "POST /run" in done.stdout
    assert '"executorHandler": "shard"' in done.stdout


def test_without_settings_it_says_what_is_missing(tmp_path: Path) -> None:
    done = anyjob("run", EXAMPLES / "hello.yaml", "--state", tmp_path / "state")
    assert done.returncode == 1
    assert "has no access token on this worker" in done.stdout + done.stderr
