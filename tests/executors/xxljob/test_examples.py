"""The examples run as their comments say, and the command line shows what a job would do."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from tests.docs.fences import blocks
from tests.docs.served import serving
from tests.docs.walk import walk
from tests.executors.xxljob.town import TOKEN, free_port, until

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


@pytest.fixture(scope="module")
def shop(versions: dict[str, list[Path]], tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Shop]:
    """The program of the page, compiled with the newest version that is here, for an admin at an address."""
    (program,) = blocks("executors/xxljob/README.md", "java")
    folder, own = tmp_path_factory.mktemp("shop"), str(free_port())
    path = os.pathsep.join(map(str, [folder, *versions["3.3.2"]]))

    def started(admin: str) -> Shop:
        text = program
        for usual, other in {"127.0.0.1:7781": admin, "9999": own, "/var/log/shop/jobs": f"{folder}/jobs"}.items():
            assert usual in text
            text = text.replace(usual, other)
        (folder / "Shop.java").write_text(text)
        subprocess.run(["javac", "-nowarn", "-cp", path, "-d", folder, folder / "Shop.java"], check=True)
        return Shop(["java", "-cp", path, "Shop"])

    return started


def listens(address: str) -> bool:
    """Whether somebody does."""
    host, _, port = address.partition(":")
    try:
        socket.create_connection((host, int(port)), timeout=1).close()
    except OSError:
        return False
    return True


class Shop:
    """That program, for the length of a block."""

    def __init__(self, command: list[str]) -> None:
        self._command = command

    def __enter__(self) -> None:
        env, nowhere = {**os.environ, "XXL_TOKEN": TOKEN}, subprocess.DEVNULL
        self._process = subprocess.Popen(self._command, env=env, stdout=nowhere, stderr=nowhere)

    def __exit__(self, *error: object) -> None:
        self._process.kill()
        self._process.wait()


@pytest.mark.needs("maven", "jdk17")
@pytest.mark.timeout(300)
def test_the_program_of_the_readme_and_its_job(tmp_path: Path, shop: Callable[[str], Shop]) -> None:
    settings = blocks("executors/xxljob/README.md", "toml")[0]
    (job,) = blocks("executors/xxljob/README.md", "yaml")
    listen = f"127.0.0.1:{free_port()}"
    (tmp_path / "token").write_text(TOKEN)
    (tmp_path / "anyjob.toml").write_text(
        settings.replace("127.0.0.1:7781", listen).replace("/etc/anyjob/xxl-job.token", f"{tmp_path}/token")
    )
    (tmp_path / "report.yaml").write_text(job)
    with shop(listen):
        done = anyjob("run", tmp_path / "report.yaml", "--config", tmp_path / "anyjob.toml", "--json")
    assert done.returncode == 0, done.stdout + done.stderr
    assert json.loads(done.stdout.splitlines()[-1])["result"] == "12 pages"


@pytest.mark.needs("maven", "jdk17")
@pytest.mark.timeout(300)
def test_its_job_by_the_api_with_the_settings_of_the_worker(tmp_path: Path, shop: Callable[[str], Shop]) -> None:
    """Executors find the admin below the prefix; the app group has a token of its own, and may send shell scripts."""
    (settings,) = blocks("executors/xxljob/README.md", "toml", "prefix")
    (job,) = blocks("executors/xxljob/README.md", "json")
    listen = f"127.0.0.1:{free_port()}"
    (tmp_path / "shop.token").write_text(TOKEN)
    places = {"127.0.0.1:7781": listen, "/etc/anyjob/shop.token": f"{tmp_path}/shop.token"}
    env = {"XXL_TOKEN": "a-token-of-all-others"}
    content = {"glueType": "GLUE_SHELL", "glueSource": "echo scripted", "appName": "shop"}
    script = {"Name": "script", "JobType": "xxljob", "Content": content}
    with serving(tmp_path / "served", settings, replace=places, env=env) as served:
        served.make(job, GroupId="shop", Name="enabled")  # from now on it listens, and executors can register
        until(lambda: listens(listen))
        with shop(f"{listen}/jobs"):
            other = {**script, "Content": {**content, "glueType": "GLUE_PHP"}}
            ends = served.fire(job, json.dumps(script), json.dumps(other), GroupId="shop")
    assert [end.cause for end in ends] == ["succeeded", "succeeded", "bad_config"], ends
    assert ends[0].result == "12 pages"
    assert "GLUE_PHP" in ends[2].result


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
