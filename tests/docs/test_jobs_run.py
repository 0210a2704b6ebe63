"""Jobs of the pages that any machine can run do, with folders and an HTTP server of the test's in place of theirs."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Generator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest
import yaml
from tests.core.cli.program import Program, toml
from tests.docs.fences import blocks


@pytest.fixture
def anyjob(program: Program) -> Program:
    return program


def run(anyjob: Program, text: str, *options: str, **fields: Any) -> dict[str, Any]:
    """The object of a job's end. `fields` are laid over those of the page."""
    job = {**yaml.safe_load(text), **fields}
    (anyjob.folder / "job.yaml").write_text(json.dumps(job))
    done = anyjob("run", "--json", *options, str(anyjob.folder / "job.yaml"))
    assert done.out, done.err
    said: dict[str, Any] = json.loads(done.out)
    assert said["ok"], said
    return said


def test_the_job_of_the_page_about_jobs(anyjob: Program) -> None:
    (text,) = blocks("core/docs/jobs.md", "yaml", "Name: orders")
    (anyjob.folder / "job.yaml").write_text(text)
    done = anyjob("run", str(anyjob.folder / "job.yaml"))
    assert done.status == 0, done.err
    assert sorted(done.out.decode().splitlines()) == [
        "[0] counting orders of beijing",
        "[1] counting orders of shanghai",
    ]


def test_its_secret_is_a_variable(anyjob: Program, tmp_path: Path) -> None:
    (text,) = blocks("core/docs/jobs.md", "yaml", "  secrets")
    (tmp_path / "password").write_text("well kept")
    written = f'file = "{tmp_path}/password"\ngroups = ["*"]'
    settings = toml(tmp_path / "anyjob.toml", {"secrets.db_password": written})
    check = 'test "$PGPASSWORD" = "well kept" && test "$(cat "$ANYJOB_SECRETS/PASSWORD")" = "well kept"'
    run(anyjob, text, "--config", str(settings), Name="told", JobType="shell", Content=check)


@pytest.mark.needs("cgroup2")
def test_the_backup_of_the_page_of_shell(anyjob: Program, tmp_path: Path) -> None:
    (text,) = blocks("executors/shell/README.md", "yaml", "Name: backup")
    for name in ("etc", "backups"):
        (tmp_path / name).mkdir()
    text = text.replace("/var/backups", f"{tmp_path}/backups").replace(" /etc", f" {tmp_path}/etc")
    assert run(anyjob, text)["result"] == f"{(tmp_path / 'backups' / 'etc.tgz').stat().st_size} bytes"


def test_the_result_of_the_page_of_shell(anyjob: Program) -> None:
    (text,) = blocks("executors/shell/README.md", "yaml", "  rows")
    rows = len(Path("/etc/passwd").read_text().splitlines())
    said = run(anyjob, text, Name="counts", JobType="shell")
    assert (said["result"], said["outputs"]) == (f"{rows} rows", {"rows": rows})


@contextmanager
def answering(body: bytes) -> Generator[tuple[str, list[tuple[str, dict[str, str], str]]]]:
    """A server that answers everything so, by its address; and what it was asked: line, headers, body."""
    asked: list[tuple[str, dict[str, str], str]] = []

    class Handler(BaseHTTPRequestHandler):
        def answer(self) -> None:
            sent = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode()
            asked.append((self.requestline, dict(self.headers), sent))
            self.send_response(200)
            self.end_headers()
            self.wfile.write(body)

        do_GET = do_POST = do_PUT = answer  # noqa: N815 - as http.server calls them

        def log_message(self, format: str, *args: Any) -> None: ...  # noqa: A002

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield f"http://127.0.0.1:{server.server_port}", asked
        finally:
            server.shutdown()


def test_the_report_of_the_page_of_http(anyjob: Program) -> None:
    (text,) = blocks("executors/http/README.md", "yaml", "Name: report")
    with answering(b'{"code": 200}') as (address, asked):
        run(anyjob, text.replace("https://reports.example.com", address))
    ((line, _, sent),) = asked
    assert (line.split()[:2], sent) == (["POST", "/build"], "day=2026-11-22&region=emea")


def test_the_rebuild_of_the_page_of_http(anyjob: Program, tmp_path: Path) -> None:
    (text,) = blocks("executors/http/README.md", "yaml", "Name: rebuild")
    (tmp_path / "token").write_text("well-kept")
    written = f'file = "{tmp_path}/token"\ngroups = ["*"]'
    settings = toml(tmp_path / "anyjob.toml", {"secrets.search_token": written})
    with answering(b"done") as (address, asked):
        run(anyjob, text.replace("https://search.example.com", address), "--config", str(settings))
    line, headers, sent = asked[0]
    assert re.match(r"PUT /indexes/main\?shard=\S* HTTP", line)
    assert headers["Authorization"] == "Bearer well-kept"
    assert headers["Idempotency-Key"]
    assert json.loads(sent)["full"] is False


@pytest.mark.parametrize("kind", ["shell", "python", "http"])
def test_what_a_program_sends_runs_when_it_is_fired(anyjob: Program, kind: str) -> None:
    texts = {
        "shell": blocks("executors/shell/README.md", "json"),
        "python": blocks("executors/python/README.md", "json"),
        "http": blocks("executors/http/README.md", "json"),
    }
    (text,) = texts[kind]
    with answering(b"hello") as (address, _):
        (anyjob.folder / "job.json").write_text(text.replace("http://127.0.0.1:8055", address))
        done = anyjob("up", "--json", str(anyjob.folder / "job.json"))
    assert done.status == 0, done.err
    assert json.loads(done.out)["result"] == "hello"
