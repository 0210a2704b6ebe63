"""The examples run as their comments say, and the command line shows what a job would do."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.docs.fences import blocks
from tests.docs.walk import walk
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


def test_the_lines_of_the_readme(tmp_path: Path) -> None:
    here = f"127.0.0.1:{free_port()}"
    env = {"ANYJOB_XXLJOB_ADMIN": f"http://{here}"}
    walk("executors/xxljob/README.md", tmp_path / "here", replace={"127.0.0.1:7781": here}, env=env)


@pytest.mark.needs("maven", "jdk17")
def test_the_program_of_the_readme_and_its_job(tmp_path: Path, versions: dict[str, list[Path]]) -> None:
    """With a real executor of the newest version that is here."""
    (program,) = blocks("executors/xxljob/README.md", "java")
    settings = blocks("executors/xxljob/README.md", "toml")[0]
    job = blocks("executors/xxljob/README.md", "yaml")[0]
    listen, own = f"127.0.0.1:{free_port()}", str(free_port())
    there = {"127.0.0.1:7781": listen, "9999": own, "/var/log/shop/jobs": f"{tmp_path}/jobs"}
    for usual, other in there.items():
        program = program.replace(usual, other)
    (tmp_path / "Shop.java").write_text(program)
    path = os.pathsep.join(map(str, [tmp_path, *versions["3.3.2"]]))
    subprocess.run(["javac", "-nowarn", "-cp", path, "-d", tmp_path, tmp_path / "Shop.java"], check=True)
    (tmp_path / "token").write_text(TOKEN)
    (tmp_path / "anyjob.toml").write_text(
        settings.replace("127.0.0.1:7781", listen).replace("/etc/anyjob/xxl-job.token", f"{tmp_path}/token")
    )
    (tmp_path / "report.yaml").write_text(job)
    env = {**os.environ, "XXL_TOKEN": TOKEN}
    with subprocess.Popen(
        ["java", "-cp", path, "Shop"], env=env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as shop:
        try:
            done = anyjob("run", tmp_path / "report.yaml", "--config", tmp_path / "anyjob.toml", "--json")
        finally:
            shop.kill()
    assert done.returncode == 0, done.stdout + done.stderr
    assert json.loads(done.stdout.splitlines()[-1])["result"] == "12 pages"


@pytest.mark.parametrize("name", ["broadcast.yaml", "shards.yaml"])
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
