"""The examples run as they stand, against the server that their first lines name."""

from __future__ import annotations

import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.docs.fences import blocks

from anyjob.spec.place import layout
from anyjob_http.settings import HttpSettings
from anyjob_http.spec import HttpSpec

ROOT = Path(__file__).parents[3]
EXAMPLES = sorted((ROOT / "executors/http/examples").glob("*.yaml"))


@pytest.fixture(scope="module")
def port() -> Iterator[str]:
    argv = [sys.executable, "-m", "anyjob_http.peer"]
    with subprocess.Popen(argv, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        yield server.stdout.readline().strip().rpartition(":")[2]
        server.terminate()


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda file: file.stem)
def test_examples_run(example: Path, port: str, tmp_path: Path) -> None:
    file = tmp_path / example.name
    file.write_text(example.read_text().replace("8055", port))
    argv = [sys.executable, "-m", "anyjob", "run", str(file), "--state", str(tmp_path / "state")]
    done = subprocess.run(argv, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    wanted = {
        "hello": "hello",
        "form": '{"code": 200, "form": {"day": "2026-11-22", "region": "emea"}}',
        "accepted": "done",
    }
    assert done.stdout.strip() == wanted[example.stem]


def test_the_readme_holds_every_setting() -> None:
    (settings,) = blocks("executors/http/README.md", "toml")
    written = tomllib.loads(settings)["executors"]["http"]
    assert set(HttpSettings.model_validate(written).model_dump()) == set(written)


def test_every_key_is_in_the_readme() -> None:
    page = (ROOT / "executors/http/README.md").read_text()
    keys = {place.keys[0] for places in layout(HttpSpec).values() for place in places}
    assert [key for key in sorted(keys) if f"`{key}`" not in page] == []


def test_without_the_server_they_say_so(tmp_path: Path) -> None:
    file = tmp_path / "gone.yaml"
    file.write_text(EXAMPLES[-1].read_text().replace("8055", "1"))
    argv = [sys.executable, "-m", "anyjob", "run", str(file), "--state", str(tmp_path / "state")]
    done = subprocess.run(argv, capture_output=True, text=True, timeout=60)
    assert done.returncode == 1
    assert "connection refused; nothing was sent" in done.stderr


def test_explain_shows_the_request(tmp_path: Path) -> None:
    file = tmp_path / "a.yaml"
    file.write_text(
        "Name: a\nJobType: http\nContent: {url: 'http://a.example/b', query: {c: 1}, method: POST,\n"
        "  body: '#{secret.T}', headers: {X-Key: 'k #{secret.T}'}, basic: {user: me, password: '#{secret.T}'}}\n"
        "XAttrs: {secrets: {T: token}}\n"
    )
    argv = [sys.executable, "-m", "anyjob", "explain", str(file)]
    done = subprocess.run(argv, capture_output=True, text=True, timeout=60)
    lines = [line.strip() for line in done.stdout.splitlines()]
    assert "POST http://a.example/b?c=1" in lines
    assert "X-Key: k [secret T]" in lines
    assert "Authorization: Basic [user and password]" in lines
    assert lines[lines.index("Body") + 1] == "[secret T]"
