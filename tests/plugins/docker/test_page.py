"""The page's examples and those beside it, word for word, by the command line."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
import yaml
from tests.docs.fences import blocks
from tests.grounds.docker.engine import Engine

from anyjob_docker.settings import DockerSettings

PLUGIN = Path(__file__).parents[3] / "plugins" / "docker"
EXAMPLES = PLUGIN / "examples"
ANYJOB = str(Path(sys.executable).with_name("anyjob"))


def anyjob(engine: Engine, home: Path, *words: object) -> subprocess.CompletedProcess[str]:
    env = os.environ | {"DOCKER_HOST": engine.url, "XDG_STATE_HOME": str(home)}
    return subprocess.run([ANYJOB, *map(str, words)], env=env, capture_output=True, text=True, timeout=100)


def test_the_page_shows_the_examples_and_settings_that_are_there() -> None:
    for text, name in zip(blocks("plugins/docker/README.md", "yaml"), ("report.yaml", "image.yaml"), strict=True):
        assert text == (EXAMPLES / name).read_text()
    (settings,) = blocks("plugins/docker/README.md", "toml")
    DockerSettings.model_validate(tomllib.loads(settings)["launchers"]["docker"])
    DockerSettings.model_validate(tomllib.loads((EXAMPLES / "anyjob.toml").read_text())["launchers"]["docker"])
    told = set(re.findall(r"^(?:# )?(\w+) = ", settings, re.MULTILINE))
    assert told == set(DockerSettings.model_fields)


@pytest.mark.needs("docker")
def test_the_examples_run(engine: Engine, tmp_path: Path) -> None:
    report = anyjob(engine, tmp_path, "run", EXAMPLES / "report.yaml", "--json")
    said = json.loads(report.stdout)
    assert (said["cause"], said["outputs"]) == ("succeeded", {"rows": 12}), report.stderr
    image = anyjob(engine, tmp_path, "run", EXAMPLES / "image.yaml")
    assert image.returncode == 0, image.stderr
    assert image.stdout.startswith("uid=1000 gid=1000")
    assert image.stdout.endswith("done\n")
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
