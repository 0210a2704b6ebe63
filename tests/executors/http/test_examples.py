"""The examples run as they stand, against the server that their first lines name."""

from __future__ import annotations

import socket
import subprocess
import sys
from pathlib import Path

from tests.docs.walk import walk

ROOT = Path(__file__).parents[3]
EXAMPLES = sorted((ROOT / "executors/http/examples").glob("*.yaml"))


def test_the_page_runs_them(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    walk("executors/http/README.md", tmp_path / "here", replace={"8055": str(port)})


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
