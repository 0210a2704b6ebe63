"""`anyjob spring`, and what else a person sees of applications."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.executors.springschedule.conftest import Boots
from tests.executors.springschedule.town import TOKEN, Town, java, make_job, until

from anyjob.job import read_jobs
from anyjob.plugins import PluginHost
from anyjob_springschedule.sampleapp import SampleApp

pytestmark = [pytest.mark.needs("maven", "jdk17"), pytest.mark.timeout(180)]


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A user's, with settings: applications dial a socket in it."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "home"))
    settings = f'[worker.apps]\nlisten = ["unix:{tmp_path}/apps.sock"]\ntokens = {{ shop = "{TOKEN}" }}\n'
    (tmp_path / "anyjob.toml").write_text(settings)
    monkeypatch.setenv("ANYJOB_CONFIG", str(tmp_path / "anyjob.toml"))
    return tmp_path


@pytest.fixture
def app(home: Path, boots: Boots) -> Iterator[SampleApp]:
    env = {"ANYJOB_APP": f"unix:{home}/apps.sock", "ANYJOB_APP_TOKEN": TOKEN, "SPRING_APPLICATION_NAME": "demo"}
    with SampleApp("demo.Demo", boots("boot4").classpath, env, home=java("17")) as app:
        yield app


def anyjob(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-m", "anyjob", *words], capture_output=True, text=True, timeout=120)


class TestList:
    def test_without_a_worker_applications_are_waited_for(self, home: Path, app: SampleApp) -> None:
        done = anyjob("spring", "list", "--create", str(home / "jobs"), "--wait", "60")
        assert done.returncode == 0, done.stderr
        lines = {" ".join(line.split()) for line in done.stdout.splitlines()}
        assert "demo.Demo$Plain#tick bean plain fixedRate 0.3 s fired by Spring" in lines
        assert "demo.Demo$Plain#report bean plain cron */1 * * * * * Asia/Shanghai fired by Spring" in lines
        assert "demo.Demo$One#go (in demo.Demo$Base) bean one fixedRate 0.3 s fired by Spring" in lines
        assert "demo.Answers#text bean answers never by Spring fired by nobody but a job" in lines
        assert "no job for demo.Answers#reactive: returns java.util.concurrent.Flow$Publisher" in done.stderr

        files = sorted((home / "jobs").iterdir())
        host = PluginHost.load()
        jobs = [job for file in files for job in read_jobs(str(file))]
        for job in jobs:
            host.bind(job)
        assert {"Plain_tick", "One_go", "Same_run_sameA", "Same_run_sameB", "Same_run_sameB_2"} <= {
            j.name for j in jobs
        }

        # Each of them runs as it stands, and a file that is there is left alone.
        assert anyjob("run", str(home / "jobs/Plain_tick.yaml"), "--quiet").returncode == 0
        (home / "jobs/Plain_tick.yaml").write_text("mine")
        again = anyjob("spring", "list", "--create", str(home / "jobs"))
        assert "Plain_tick.yaml is there already, and left alone" in again.stderr
        assert (home / "jobs/Plain_tick.yaml").read_text() == "mine"

    def test_nobody_comes(self, home: Path) -> None:
        done = anyjob("spring", "list", "--wait", "0.2")
        assert (done.returncode, done.stdout) == (1, "")
        assert done.stderr == "anyjob: no application is connected\n"
        assert not list((home / "home/anyjob/run").glob("*-*"))  # nothing is left behind

    def test_where_nobody_can_come(self, home: Path) -> None:
        (home / "anyjob.toml").write_text("")
        done = anyjob("spring", "list")
        assert done.returncode == 1
        assert "[worker.apps] listen" in done.stderr

    def test_by_a_worker_that_runs(self, home: Path, boots: Boots) -> None:
        with Town(home) as town, town.app(boots("boot4")):
            town.connected()
            town.enable(make_job("tick", "demo.Demo$Plain"))
            until(town.taken)
            elsewhere = anyjob("spring", "list")
            assert elsewhere.returncode == 1
            assert (
                "If it is `anyjob run --state DIR`, or a program with a worker on that folder, add --state DIR"
                in elsewhere.stderr
            )

            def tick() -> bool:
                said = json.loads(anyjob("spring", "list", "--json", "--state", str(home / "state")).stdout)
                (one,) = said["applications"]
                (found,) = [one for one in one["methods"] if one["method"] == "tick"]
                assert (one["name"], one["group"], one["connected"]) == ("demo", "shop", True)
                assert found["triggers"] == [{"fixedRate": 300}]
                return found["taken"]

            until(tick)


class TestHealth:
    def test_who_is_connected(self, home: Path, boots: Boots) -> None:
        with Town(home) as town:
            town.enable()
            assert town.run(town.executor().health()).state == "healthy"
            town.run(town.worker.serve_apps("springschedule"))
            none = town.run(town.executor().health())
            assert none.state == "undetected"
            assert "give it ANYJOB_APP and ANYJOB_APP_TOKEN" in none.why
            with town.app(boots("boot4")):
                town.connected()
                some = town.run(town.executor().health())
                assert some.state == "healthy"
                assert some.why.startswith("1 application: demo of shop (")

    def test_explain_says_where_the_method_is_looked_for(self, home: Path) -> None:
        job = home / "job.json"
        job.write_text(json.dumps(make_job("tick", "demo.Demo$Plain", content={"bean": "plain"}).to_wire()))
        said = anyjob("explain", str(job)).stdout
        assert "demo.Demo$Plain#tick of the bean plain" in said
        assert "one of app group shop that has dialled in and serves demo.Demo$Plain#tick@plain" in said
        assert "asked by interrupt; ASKED if it ignores that" in said
