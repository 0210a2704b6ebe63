"""The page, and what is beside it, by the command line."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
import yaml
from tests.docs.fences import blocks
from tests.docs.served import serving
from tests.docs.walk import walk
from tests.grounds.docker.engine import Engine

from anyjob_docker.settings import DockerSettings

PLUGIN = Path(__file__).parents[3] / "plugins" / "docker"
EXAMPLES = PLUGIN / "examples"
ANYJOB = str(Path(sys.executable).with_name("anyjob"))


def anyjob(engine: Engine, home: Path, *words: object) -> subprocess.CompletedProcess[str]:
    env = os.environ | {"DOCKER_HOST": engine.url, "XDG_STATE_HOME": str(home)}
    return subprocess.run([ANYJOB, *map(str, words)], env=env, capture_output=True, text=True, timeout=100)


def test_the_settings_of_the_examples_are_settings() -> None:
    DockerSettings.model_validate(tomllib.loads((EXAMPLES / "anyjob.toml").read_text())["launchers"]["docker"])


@pytest.mark.needs("docker")
def test_the_commands_of_the_page(engine: Engine, tmp_path: Path) -> None:
    walk("plugins/docker/README.md", tmp_path / "here", env={"DOCKER_HOST": engine.url})


@pytest.mark.needs("docker")
def test_its_job_by_the_api(engine: Engine, tmp_path: Path) -> None:
    (job,) = blocks("plugins/docker/README.md", "json")
    with serving(tmp_path / "served", "", env={"DOCKER_HOST": engine.url}) as served:
        (end,) = served.fire(job)
    assert (end.cause, end.result) == ("succeeded", "hello"), end


@pytest.mark.needs("docker")
def test_its_settings(engine: Engine, tmp_path: Path) -> None:
    (settings,) = blocks("plugins/docker/README.md", "toml")
    engine.images.need("python:test")
    who = {"Name": "who", "JobType": "shell", "Content": "id -u"}
    launched: dict[str, object] = {"launcher": "docker", "image": "python:test"}  # for python:3.12, which is not here
    env = {"DOCKER_HOST": engine.url}
    with serving(tmp_path / "served", settings, replace={"python:3.*": "python:t*"}, env=env) as served:
        (end,) = served.fire(json.dumps({**who, "XAttrs": launched}))
        for more in (
            {"image": "busybox:latest"},
            {"user": "0"},
            {"limits": {"memory": "3Gi"}},
            {"mounts": [{"source": "/etc", "target": "/etc"}]},
        ):
            refused = served.refusal(json.dumps({**who, "XAttrs": launched | more}))
            assert f"XAttrs.{next(iter(more))}" in refused, refused
    assert (end.cause, end.result) == ("succeeded", "1000"), end


@pytest.mark.needs("docker")
def test_the_shards_of_the_examples(engine: Engine, tmp_path: Path) -> None:
    engine.images.need("python:test")
    job = yaml.safe_load((EXAMPLES / "shards.yaml").read_text())
    job["XAttrs"]["image"] = "python:test"  # what the tests have in place of python:3.12
    (tmp_path / "shards.yaml").write_text(json.dumps(job))
    shards = anyjob(engine, tmp_path, "run", tmp_path / "shards.yaml")
    assert shards.returncode == 0, shards.stderr
    assert "shard 0 is north, job shards" in shards.stdout
    assert "shard 1 is south, job shards" in shards.stdout


def test_without_an_engine_the_type_is_no_healthier_than_the_launcher(tmp_path: Path) -> None:
    env = os.environ | {"DOCKER_HOST": f"unix://{tmp_path}/none", "XDG_STATE_HOME": str(tmp_path)}
    listed = subprocess.run([ANYJOB, "plugins", "--json"], env=env, capture_output=True, text=True, timeout=100)
    said = json.loads(listed.stdout)
    launcher, kind = said["launchers"]["docker"], said["types"]["docker"]
    assert launcher["health"] == kind["health"] == "undetected"
    assert kind["why"] == f"launcher docker: {launcher['why']}"


@pytest.mark.needs("docker")
def test_explain_shows_the_very_container_and_plugins_the_health(engine: Engine, tmp_path: Path) -> None:
    shown = anyjob(engine, tmp_path, "explain", EXAMPLES / "image.yaml", "--json")
    said = json.loads(shown.stdout)
    lines = said["preview"]["Container"]
    assert lines[0] == "name aj-1-0-1"
    config = json.loads("\n".join(lines[1:]))
    assert config["HostConfig"]["ReadonlyRootfs"] is True
    assert config["HostConfig"]["CapDrop"] == ["ALL"]
    assert config["User"] == "1000:1000"
    assert config["Cmd"][:2] == ["[the image's entry point]", "sh"]
    assert said["faults"] == []
    assert said["capabilities"]["deadline"] == "SHIM"
    listed = json.loads(anyjob(engine, tmp_path, "plugins", "--json").stdout)
    health = listed["launchers"]["docker"]
    assert health["health"] == "healthy"
    assert "live-restore off" in health["why"]
    assert "output by the entry helper" in health["why"]
