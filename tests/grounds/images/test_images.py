"""Images made of this machine's parts run, and are made once."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import pytest
from docker.errors import APIError, NotFound
from tests.grounds.docker.engine import Engine
from tests.grounds.images import archive
from tests.grounds.images.registry import Registry

SCRIPTS = {
    "python:test": ["python3", "-c", "import json, sqlite3, subprocess; print(subprocess.getoutput('echo hello'))"],
    "node:test": ["node", "-e", "require('child_process').exec('echo hello', (_, said) => process.stdout.write(said))"],
    "php:test": ["php", "-r", "echo json_decode('[1]')[0] ? shell_exec('echo hello') : '';"],
}


@pytest.mark.needs("docker")
@pytest.mark.parametrize(
    "name",
    [
        "python:test",
        pytest.param("node:test", marks=pytest.mark.needs("node")),
        pytest.param("php:test", marks=pytest.mark.needs("php")),
    ],
)
def test_interpreters_run_scripts_and_have_a_shell(engine: Engine, name: str) -> None:
    image = engine.images.need(name)
    with closing(engine.client()) as client:
        assert client.containers.run(image, SCRIPTS[name], remove=True, user="65534", read_only=True) == b"hello\n"


@pytest.mark.needs("docker")
def test_a_registry_gives_its_images_to_who_has_the_password(engine: Engine) -> None:
    with Registry("someone", "secret") as registry, closing(engine.client()) as client:
        name = registry.add("team/tool:1", "busybox:test")
        with pytest.raises(APIError, match="no basic auth credentials"):
            client.images.pull(name)
        credentials = {"username": "someone", "password": "secret"}
        pulled = client.images.pull(name, auth_config=credentials)
        assert pulled.id == client.images.get("busybox:test").id  # pulled and loaded are the same to the last byte
        assert registry.asked[-1].startswith("GET /v2/team/tool/manifests/")
        with pytest.raises(NotFound, match="manifest unknown"):
            client.images.pull(name.replace("tool", "absent"), auth_config=credentials)
        registry.fault = 429
        with pytest.raises(APIError, match="toomanyrequests"):
            client.images.pull(name, auth_config=credentials)


def test_an_image_is_made_once_and_says_what_the_machine_lacks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ANYJOB_GROUNDS_CACHE", str(tmp_path / "cache"))
    first = archive.image("busybox:test")
    data, made = first.read_bytes(), first.stat().st_ino
    assert archive.image("busybox:latest") == first
    assert first.stat().st_ino == made
    first.unlink()
    assert archive.image("busybox:test").read_bytes() == data  # so that the id of an image is the same everywhere
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(archive.Unavailable, match=r"^image php:test: php is not installed \(Debian: php-cli\)$"):
        archive.image("php:test")
