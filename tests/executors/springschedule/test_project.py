"""The project of the README, built and run as it says."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.conftest import ci_needs
from tests.executors.springschedule.town import TOKEN, java

from anyjob.job import read_jobs
from anyjob.plugins import PluginHost

EXAMPLES = Path(__file__).parents[3] / "executors/springschedule/examples"

pytestmark = [pytest.mark.needs("maven", "jdk17", "jdk25"), pytest.mark.timeout(600)]


def anyjob(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-m", "anyjob", *words], capture_output=True, text=True, timeout=180)


def maven(folder: Path, repository: Path, *words: str) -> None:
    """From what is here, else fetched once."""
    argv = ["mvn", "-q", "-B", f"-Dmaven.repo.local={repository}", *words]
    for more in (["-o"], []):
        done = subprocess.run([*argv, *more], cwd=folder, capture_output=True, text=True, timeout=400)
        if done.returncode == 0:
            return
    if "maven" in ci_needs() or not re.search("could not be resolved|Could not (resolve|transfer|find)", done.stdout):
        pytest.fail(done.stdout)
    pytest.skip(f"Maven could not fetch what it needs: {done.stdout[:500]}")


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The project's jar. Our own goes into a repository of the test's, in which everything else is the user's."""
    folder = tmp_path_factory.mktemp("project")
    shutil.copytree(EXAMPLES / "project", folder / "project")
    usual, own = Path.home() / ".m2" / "repository", folder / "repository"
    usual.mkdir(parents=True, exist_ok=True)
    own.mkdir()
    for entry in usual.iterdir():
        if entry.name != "anyjob":
            (own / entry.name).symlink_to(entry)
    (put,) = anyjob("spring", "jar", str(folder)).stdout.split()
    command = re.search(r"^mvn (install:install-file.*)$", (EXAMPLES.parent / "README.md").read_text(), re.MULTILINE)
    assert command is not None
    maven(folder, own, *command[1].replace("lib/anyjob-spring-0.1.0.jar", put).split())
    maven(folder / "project", own, "package")
    return folder / "project" / "target" / "reports-1.0.jar"


@pytest.fixture
def settings(tmp_path: Path, built: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Those of the examples, for the places of this test."""
    text = (EXAMPLES / "anyjob.toml").read_text()
    text = text.replace("tcp:127.0.0.1:7790", f"unix:{tmp_path}/apps.sock").replace("/srv/shop", str(built.parent))
    (tmp_path / "anyjob.toml").write_text(text)
    monkeypatch.setenv("SHOP_TOKEN", TOKEN)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "home"))
    return tmp_path / "anyjob.toml"


@pytest.fixture(params=["17", "25"])
def running(request: pytest.FixtureRequest, tmp_path: Path, built: Path) -> Iterator[None]:
    env = {**os.environ, "ANYJOB_APP": f"unix:{tmp_path}/apps.sock", "ANYJOB_APP_TOKEN": TOKEN}
    with (tmp_path / "out").open("wb") as out:
        app = subprocess.Popen([java(request.param).java, "-Xmx128m", "-jar", built], env=env, stdout=out, stderr=out)
        yield
        app.kill()
        app.wait()


def test_it_dials_in(running: None, settings: Path) -> None:
    del running
    listed = json.loads(anyjob("spring", "list", "--json", "--wait", "90", "--config", str(settings)).stdout)
    (app,) = listed["applications"]
    assert (app["name"], app["group"]) == ("reports", "shop")
    assert [method["method"] for method in app["methods"]] == ["count", "daily"]
    done = anyjob("run", str(EXAMPLES / "count.yaml"), "--json", "--config", str(settings))
    said = json.loads(done.stdout)
    assert (said["cause"], said["outputs"]) == ("succeeded", {"counted": 2})
    assert Path(said["log"]).read_text() == "counting EUR\ncounting USD\n"


def test_it_is_started(tmp_path: Path, settings: Path, built: Path) -> None:
    text = (EXAMPLES / "started.yaml").read_text().replace("/srv/shop/reports-1.0.jar", str(built))
    (tmp_path / "started.yaml").write_text(text)
    done = anyjob("run", str(tmp_path / "started.yaml"), "--config", str(settings))
    assert (done.returncode, done.stdout) == (0, "counting EUR\ncounting USD\n"), done.stderr


def test_the_jobs_of_the_examples_are_good_and_as_created() -> None:
    host = PluginHost.load()
    for file in sorted(EXAMPLES.glob("*.yaml")):
        for job in read_jobs(str(file)):
            host.bind(job)
    (daily,) = read_jobs(str(EXAMPLES / "daily.yaml"))
    assert daily.time_expression == "0 0 6 ? * MON-FRI"  # what --create makes of the annotation in the project


def test_the_readme_shows_the_project() -> None:
    readme = (EXAMPLES.parent / "README.md").read_text()
    pom = (EXAMPLES / "project/pom.xml").read_text()
    dependency = re.search(r"    <dependency>\n      <groupId>anyjob<.*?</dependency>\n", pom, re.DOTALL)
    assert dependency is not None
    assert re.sub(r"^    ", "", dependency[0], flags=re.MULTILINE) in readme
