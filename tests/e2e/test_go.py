"""go: a real program of the worker's settings, and a real application that has dialled in."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from tests.e2e.way import Deed, Middle, Way

from anyjob.outcome import Strength
from anyjob_go.build import build
from anyjob_go.sources import write_dropin, write_sdk

pytestmark = pytest.mark.needs("go")

_USERS = '[server.users]\n"*" = "root"\n'
_TOKEN = "the-token-of-the-group"
_HERE = Path(__file__).parent


@dataclass(frozen=True)
class Programs:
    """`own` uses the SDK; `vendors` is written for SchedulerX's public worker."""

    own: Path
    vendors: Path


@pytest.fixture(scope="module")
def programs(tmp_path_factory: pytest.TempPathFactory) -> Programs:
    folder = tmp_path_factory.mktemp("go-programs")
    write_sdk(folder / "anyjob")
    write_dropin(folder / "schedulerx")
    shutil.copytree(_HERE / "go", folder / "own")
    shutil.copytree(_HERE.parent / "executors/go/user", folder / "user")
    (folder / "bin").mkdir()
    return Programs(build(folder / "own", folder / "bin/own"), build(folder / "user", folder / "bin/vendors"))


class _TestGo(Way):
    job_type = "go"

    @pytest.fixture
    def middle(self, tmp_path: Path) -> Middle:
        begun, over = tmp_path / "begun", tmp_path / "over"
        begun.touch()
        return Middle(
            fields={"Content": {"jobName": "Stays"}, "Parameters": str(tmp_path)},
            begun=lambda: len(begun.read_text().splitlines()),
            let_go=over.touch,
            result="whole",
            logged=("once", "whole"),
        )


class TestManaged(_TestGo):
    """A process for each run; the page's job is one of a program that was written for SchedulerX."""

    stopped = Strength.PROVEN

    @pytest.fixture(scope="class")
    @classmethod
    def settings(cls, programs: Programs) -> str:
        return f'{_USERS}[executors.go.binaries]\nHelloWorld = "{programs.vendors}"\n"*" = "{programs.own}"\n'

    @pytest.fixture
    def deed(self) -> Deed:
        logged = "[Process] Start process my task: Hello world!"
        return Deed(fields={"Content": {"jobName": "HelloWorld"}}, result="hello test", logged=logged)


class TestAttached(_TestGo):
    """A call in an application that was started by its owner, and outlives the server."""

    stopped = Strength.REPORTED

    @pytest.fixture(scope="class")
    @classmethod
    def settings(cls, programs: Programs, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
        socket = tmp_path_factory.mktemp("apps") / "sock"
        with _application(programs.own, socket):
            yield _listening(socket)

    @pytest.fixture
    def deed(self) -> Deed:
        content = '{"jobName":"HelloWorld"}'
        return Deed(fields={"Content": content}, result="hello test", logged=f"this is {content}")

    @pytest.fixture
    def file_settings(self, programs: Programs, tmp_path: Path) -> Iterator[Path]:
        """With an address of its own, and an application that dials there."""
        socket, settings = tmp_path / "sock", tmp_path / "settings.toml"
        settings.write_text(_listening(socket))
        with _application(programs.own, socket):
            yield settings


def _listening(socket: Path) -> str:
    return f'{_USERS}[worker.apps]\nlisten = ["unix:{socket}"]\ntokens = {{default = "{_TOKEN}"}}\n'


@contextmanager
def _application(program: Path, socket: Path) -> Generator[None]:
    told = {**os.environ, "ANYJOB_APP": f"unix:{socket}", "ANYJOB_APP_TOKEN": _TOKEN}
    process = subprocess.Popen([program], env=told, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        yield
    finally:
        process.kill()
        process.wait()
