"""A server whose user is not root: what it may, what it says, and what root may not do to it."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.core.cli.program import Program, until
from tests.otheruser import as_user

from anyjob.job import Job
from anyjob.outcome import Cause, Strength
from anyjob_server.client.client import Client
from anyjob_server.client.errors import BadRequest
from anyjob_server.client.target import find_target

pytestmark = pytest.mark.needs("root")

UID = 47_111
"""Nobody's: there is no entry for it, as in many a container."""


class Other:
    """The user's programs, in a folder of his own."""

    def __init__(self, folder: Path) -> None:
        self.home = folder / "home"
        for path in (self.home, folder / "seen"):
            path.mkdir(mode=0o700)
        os.chown(self.home, UID, UID)
        self.program = Program(self.home)
        self.state = self.home / "server"
        self._words = as_user(UID, folder / "seen")
        self._process: subprocess.Popen[bytes] | None = None

    def __call__(self, *words: str) -> tuple[int, str, str]:
        done = self.program.finish(self.program.start(*words, wrapper=self._words))
        return done.status, done.out.decode(), done.err

    def start(self) -> str:
        """A server; what it said."""
        log = self.home.parent / "log"
        with log.open("wb") as told:
            words = ("serve", "--listen", "127.0.0.1:0", "--state", str(self.state))
            self._process = self.program.start(*words, stderr=told.fileno(), wrapper=self._words)
        assert self._process.stdout is not None
        assert self._process.stdout.readline(), log.read_text()
        return log.read_text()

    def end(self, number: int = signal.SIGTERM) -> None:
        process, self._process = self._process, None
        if process is not None:
            process.send_signal(number)
            self.program.finish(process)

    def client(self) -> Client:
        return Client(find_target(self.state, environment={}))


@pytest.fixture
def other() -> Iterator[Other]:
    """Below a folder through which he comes, unlike pytest's own."""
    folder = Path(tempfile.mkdtemp(prefix="anyjob-other-", dir="/tmp"))
    folder.chmod(0o711)
    made = Other(folder)
    try:
        yield made
    finally:
        made.end()
        made.program.clean()
        shutil.rmtree(folder)


def test_a_server_of_another_user(other: Other, tmp_path: Path) -> None:
    said = other.start()
    assert f"jobs run as {UID}, this server's user: all app groups are one trust domain" in said
    with other.client() as client:
        who = client.create_job(Job(name="who", job_type="shell", content="id -u"))
        instance = client.execute(who)
        until(lambda: client.instance(instance).status.finished, "the end")
        assert client.instance(instance).result == str(UID)
        with pytest.raises(BadRequest, match=r"XAttrs\.user.*the worker is not root"):
            client.create_job(Job(name="root", job_type="shell", content="id -u", xattrs={"user": "root"}))
        slow = client.execute(client.create_job(Job(name="slow", job_type="shell", content="echo begun; sleep 600")))
        until(lambda: client.log(slow, "").lines, "its first line")
    other.end(signal.SIGKILL)
    other.start()
    with other.client() as client:
        client.stop(slow)
        until(lambda: client.instance(slow).status.finished, "its end")
        stop = client.instance(slow).ended.stop
        assert client.instance(slow).ended.cause is Cause.STOPPED
        assert stop is not None
        assert stop.strength is Strength.PROVEN

    # Root looks and asks as he likes, and does not start a second server on the folder.
    here = Program(tmp_path)
    assert here("status", "--state", str(other.state)).status == 0
    other.end()
    before = {path: path.stat().st_uid for path in other.state.rglob("*")}
    for words in (("serve", "--listen", "127.0.0.1:0"), ("restore", str(tmp_path))):
        refused = here(*words, "--state", str(other.state))
        assert refused.status == 1, refused
        if words[0] == "serve":
            assert f"belongs to user {UID}" in refused.err
    assert {path: path.stat().st_uid for path in other.state.rglob("*")} == before
    assert set(before.values()) == {UID}


def test_up_as_another_user(other: Other) -> None:
    job = other.program.job("id -u; exit 3")
    os.chown(job, UID, UID)
    status, out, err = other("up", job)
    assert (status, out) == (3, f"{UID}\n"), err
