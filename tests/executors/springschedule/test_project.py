"""The project of the README, built and run as it says."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from tests.docs.fences import blocks
from tests.executors.springschedule.town import java

from anyjob.job import read_jobs
from anyjob.plugins import PluginHost

EXAMPLES = Path(__file__).parents[3] / "executors/springschedule/examples"

pytestmark = [pytest.mark.needs("maven", "jdk17", "jdk25"), pytest.mark.timeout(600)]


def anyjob(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-m", "anyjob", *words], capture_output=True, text=True, timeout=180)


def bash(folder: Path, text: str, *path: Path, **env: str) -> subprocess.CompletedProcess[str]:
    """What a person would type, with these folders before the PATH."""
    before = [str(one) for one in (*path, Path(sys.executable).parent)]
    told = {**os.environ, "PATH": ":".join([*before, os.environ["PATH"]]), "PYTHONWARNINGS": "", **env}
    argv = ["bash", "-euo", "pipefail", "-c", text]
    return subprocess.run(argv, cwd=folder, env=told, capture_output=True, text=True, timeout=500)


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The examples, with the project's jar built as the README says.

    Our own jar goes into a repository of the test's, in which everything else is the user's; what is not there is
    fetched once.
    """
    folder = tmp_path_factory.mktemp("project")
    shutil.copytree(EXAMPLES, folder / "examples")
    usual, own = Path.home() / ".m2" / "repository", folder / "repository"
    usual.mkdir(parents=True, exist_ok=True)
    own.mkdir()
    for entry in usual.iterdir():
        if entry.name != "anyjob":
            (own / entry.name).symlink_to(entry)
    (folder / "bin").mkdir()
    maven = f'"{shutil.which("mvn")}" -q -B "-Dmaven.repo.local={own}"'
    (folder / "bin/mvn").write_text(f'#!/bin/sh\n{maven} -o "$@" >/dev/null || {maven} "$@"\n')
    (folder / "bin/mvn").chmod(0o755)
    done = bash(folder / "examples", blocks("executors/springschedule/README.md", "sh")[0], folder / "bin")
    if done.returncode:
        said = done.stdout + done.stderr
        if not re.search("could not be resolved|Could not (resolve|transfer|find)", said):
            pytest.fail(said)
        pytest.skip(f"Maven could not fetch what it needs: {said[:500]}")
    return folder / "examples"


@pytest.fixture
def jar(built: Path) -> Path:
    return built / "project/target/reports-1.0.jar"


@pytest.fixture
def settings(tmp_path: Path, jar: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Those of the examples, for the places of this test."""
    text = (EXAMPLES / "anyjob.toml").read_text()
    text = text.replace("tcp:127.0.0.1:7790", f"unix:{tmp_path}/apps.sock").replace("/srv/shop", str(jar.parent))
    (tmp_path / "anyjob.toml").write_text(text)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "home"))
    return tmp_path / "anyjob.toml"


@pytest.mark.parametrize("version", ["17", "25"])
def test_the_lines_of_the_readme_lead_to_the_first_run(tmp_path: Path, built: Path, version: str) -> None:
    here = {"tcp:127.0.0.1:7790": f"unix:{tmp_path}/apps.sock"}
    folder = tmp_path / "examples"
    shutil.copytree(built, folder)
    lines, written = (
        blocks("executors/springschedule/README.md", "sh")[1],
        blocks("executors/springschedule/README.md", "toml")[0],
    )
    for usual, place in here.items():
        assert usual in lines
        assert usual in written
        lines, written = lines.replace(usual, place), written.replace(usual, place)
    (folder / "anyjob.toml").write_text(written)
    # Again at once: the application is away then, and dials within the usual wait.
    again = "anyjob run count.yaml --config anyjob.toml --json > again.json"
    text = f"trap 'kill %1; wait' EXIT\n{lines}{again}\n"
    done = bash(folder, text, java(version).java.parent, XDG_STATE_HOME=str(tmp_path / "home"))
    assert done.returncode == 0, done.stdout + done.stderr + (folder / "reports.log").read_text()
    assert "reports (app group shop, " in done.stdout
    assert (
        "com.example.Reports#daily  bean reports  cron 0 0 6 * * MON-FRI Asia/Shanghai  fired by Spring" in done.stdout
    )
    *logged, last = blocks("executors/springschedule/README.md", "")[0].splitlines(keepends=True)
    assert done.stdout.endswith("\n" + "".join(logged))
    assert last.partition(" (")[0] in done.stderr
    said = json.loads((folder / "again.json").read_text())
    assert (said["cause"], said["outputs"]) == ("succeeded", {"counted": 2})
    assert Path(said["log"]).read_text() == "counting EUR\ncounting USD\n"


def test_it_is_started(tmp_path: Path, settings: Path, jar: Path) -> None:
    text = (EXAMPLES / "started.yaml").read_text().replace("/srv/shop/reports-1.0.jar", str(jar))
    (tmp_path / "started.yaml").write_text(text)
    done = anyjob("run", str(tmp_path / "started.yaml"), "--config", str(settings))
    assert (done.returncode, done.stdout) == (0, "counting EUR\ncounting USD\n"), done.stderr


def test_the_jobs_of_the_examples_are_good_and_as_created() -> None:
    """By the settings that lie beside them: they let a jar be started."""
    written = tomllib.loads((EXAMPLES / "anyjob.toml").read_text())
    host = PluginHost.load(executor_settings=written["executors"])
    for file in sorted(EXAMPLES.glob("*.yaml")):
        for job in read_jobs(str(file)):
            host.bind(job)
    (daily,) = read_jobs(str(EXAMPLES / "daily.yaml"))
    assert daily.time_expression == "0 0 6 ? * MON-FRI"  # what --create makes of the annotation in the project


def test_the_readme_shows_the_project() -> None:
    pom = (EXAMPLES / "project/pom.xml").read_text()
    dependency = re.search(r"    <dependency>\n      <groupId>anyjob<.*?</dependency>\n", pom, re.DOTALL)
    assert dependency is not None
    assert blocks("executors/springschedule/README.md", "xml") == [
        re.sub(r"^    ", "", dependency[0], flags=re.MULTILINE)
    ]
