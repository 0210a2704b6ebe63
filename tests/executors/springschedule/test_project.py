"""The project of the README, built and run as it says."""

from __future__ import annotations

import io
import json
import os
import re
import shutil
import subprocess
import sys
import tomllib
import warnings
import zipfile
from pathlib import Path
from typing import Any

import pytest
from tests.docs.fences import blocks
from tests.docs.served import serving
from tests.executors.springschedule.town import java, until

from anyjob.job import read_jobs
from anyjob.plugins import PluginHost
from anyjob_springschedule import project
from anyjob_springschedule.maven import NoMaven
from anyjob_springschedule.project import NoProject, NotBuilt, NotFit, ProjectRefused, build
from anyjob_springschedule.project import built as made

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
    shutil.copytree(EXAMPLES, folder / "examples", ignore=shutil.ignore_patterns("target"))
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


def an_archive() -> bytes:
    """A jar that is not ours."""
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as opened:
        opened.writestr("another", "one")
    return made.getvalue()


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
        blocks("executors/springschedule/README.md", "sh")[2],
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


def test_its_jobs_by_its_settings_of_the_worker(tmp_path: Path, jar: Path) -> None:
    """The application has dialled in with the token of the settings, and the worker starts another."""
    (settings,) = blocks("executors/springschedule/README.md", "toml", "tokens")
    (daily,) = blocks("executors/springschedule/README.md", "yaml", "Name")
    (started,) = blocks("executors/springschedule/README.md", "yaml", "XAttrs")
    (by_api,) = blocks("executors/springschedule/README.md", "json")
    address, token = f"unix:{tmp_path}/apps.sock", "a-long-random-token"
    places = {"tcp:127.0.0.1:7790": address, "/srv/shop": str(jar.parent)}
    own = f"{daily}{started.replace('/srv/shop/reports-1.0.jar', str(jar))}"
    env = {**os.environ, "ANYJOB_APP": address, "ANYJOB_APP_TOKEN": token}
    with serving(tmp_path / "served", settings, replace=places, env={"SHOP_TOKEN": token}) as served:
        application = subprocess.Popen(
            [java("17").java, "-XX:TieredStopAtLevel=1", "-jar", jar], env=env, stdout=subprocess.DEVNULL
        )
        try:
            until(lambda: "is connected" in served.serving.log)
            ends = served.fire(daily, by_api, own, GroupId="shop")
        finally:
            application.terminate()
            application.wait()
        refused = served.refusal(own.replace("-Xmx256m", "-Dany=thing"))
    assert [(end.cause, end.result) for end in ends] == [("succeeded", "12 pages")] * 3, ends
    assert ends[2].log == ["writing the daily report"], "what a run of the worker's own application prints is its log"
    assert "-Dany=thing" in refused


def test_it_is_built_by_hand(tmp_path: Path, built: Path) -> None:
    folder = tmp_path / "examples"
    shutil.copytree(EXAMPLES, folder, ignore=shutil.ignore_patterns("target"))
    done = bash(folder, blocks("executors/springschedule/README.md", "sh")[1], built.parent / "bin")
    assert done.returncode == 0, done.stdout + done.stderr
    assert made(folder / "project", "a remedy") == folder / "project/target/reports-1.0.jar"


def tour(folder: Path, **env: str) -> dict[str, dict[str, Any]]:
    """What `anyjob up` of the examples says of each."""
    done = subprocess.run(
        [sys.executable, "-m", "anyjob", "up", str(folder), "--json"],
        env={**os.environ, **env}, capture_output=True, text=True, timeout=180,
    )  # fmt: skip
    assert done.stdout, done.stderr
    return {one["job"]: one for one in map(json.loads, done.stdout.splitlines())}


def test_the_tour_runs_what_was_built(tmp_path: Path, built: Path) -> None:
    """The application dials in for two of them, the worker starts it for the third."""
    said = tour(built, XDG_STATE_HOME=str(tmp_path / "home"))
    assert {name: (one["as_meant"], one.get("result")) for name, one in said.items()} == {
        "Reports_count": (True, '{"counted":2}'),
        "Reports_daily": (True, "12 pages"),
        "Reports_started": (True, '{"counted":2}'),
    }, said


def test_the_tour_says_what_builds_it(tmp_path: Path) -> None:
    folder = tmp_path / "the examples"
    shutil.copytree(EXAMPLES, folder, ignore=shutil.ignore_patterns("target"))
    said = tour(folder, XDG_STATE_HOME=str(tmp_path / "home"))
    command = f"anyjob spring build '{folder}/project'"
    assert {one["why"] for one in said.values()} == {f"its application is not built; `{command}` builds it"}
    assert len(said) == 3


def test_what_was_built_of_something_else_is_not_taken(tmp_path: Path, built: Path) -> None:
    project = tmp_path / "project"
    shutil.copytree(built / "project", project)
    jar = project / "target/reports-1.0.jar"
    assert made(project, "a remedy") == jar
    ours = next(name for name in zipfile.ZipFile(jar).namelist() if "anyjob-spring" in name)
    with zipfile.ZipFile(jar, "a") as opened, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of a name that comes twice
        opened.writestr(ours, an_archive())
    with pytest.raises(NotBuilt, match="is built with another anyjob-spring; a remedy"):
        made(project, "a remedy")
    source = next((project / "src").rglob("Reports.java"))
    later = jar.stat().st_mtime + 1
    os.utime(source, (later, later))
    with pytest.raises(NotBuilt, match="has changed since it was built; a remedy"):
        made(project, "a remedy")


def test_what_is_missing_to_build_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(NoProject, match=r"pom\.xml is not there"):
        build(tmp_path)
    (tmp_path / "pom.xml").write_text("<project/>")
    with monkeypatch.context() as patch:
        patch.setenv("PATH", str(tmp_path))
        with pytest.raises(NoMaven):
            build(tmp_path)
        told = getattr(project, "_main")  # noqa: B009 - what the module does as a program
        with pytest.raises(NotBuilt, match=r"not built; with Maven, which is not here \(Debian: maven\), `a spring"):
            told(str(tmp_path), str(tmp_path / "made"), "a", "b")
        patch.setattr(project, "find_homes", list)
        with pytest.raises(NotFit, match="no Java 17 or later"):
            told(str(tmp_path), str(tmp_path / "made"), "a", "b")
    with pytest.raises(ProjectRefused):
        build(tmp_path)


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
