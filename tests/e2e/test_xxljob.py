"""xxljob: handlers of real executors, xxl-job-core from Maven in a JVM."""

from __future__ import annotations

import re
import socket
import threading
from collections.abc import Generator, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
from tests.e2e.way import Deed, Middle, Talk, Way
from tests.executors.xxljob.conftest import build
from tests.executors.xxljob.town import TOKEN, Jvm, free_port, until

from anyjob.outcome import Cause, Strength
from anyjob.status import InstanceStatus

_OWN = re.compile(r"\S+ \S+ \[demo\.Demo#\w+\]-\[\d+\]-\[[^]]+\] (.*)")
"""How XxlJobHelper.log begins a line of a handler; lines of the executor itself name its own classes."""

Versions = dict[str, list[Path]]


@contextmanager
def executor(classpath: list[Path], folder: Path, admin: str) -> Generator[None]:
    """A real executor of the app `shop`, up as soon as its admin listens, which a worker does from its first run of the
    type on: so it registers at once, and not 30 seconds later."""
    leaving = threading.Event()
    host, _, port = admin.rpartition(":")

    def live() -> None:
        while not leaving.wait(0.02):
            with suppress(OSError), socket.create_connection((host, int(port)), timeout=1):
                break
        if not leaving.is_set():
            with Jvm(classpath, folder, f"http://{admin}", app="shop"):
                leaving.wait()

    thread = threading.Thread(target=live)
    thread.start()
    try:
        yield
    finally:
        leaving.set()
        thread.join()


@pytest.mark.needs("maven", "jdk17")
class TestXxlJob(Way):
    job_type = "xxl-job"  # as CreateJob's page spells it
    stopped = Strength.REPORTED

    @pytest.fixture(scope="class")
    @classmethod
    def admin(cls) -> str:
        """Where the server's worker listens to executors."""
        return f"127.0.0.1:{free_port()}"

    @pytest.fixture(scope="class")
    @classmethod
    def settings(cls, admin: str) -> str:
        return f"""
[server.users]
"*" = "root"

[worker]
force_wait = 0.5

[executors.xxljob]
listen = "{admin}"
token = "{TOKEN}"
"""

    @pytest.fixture(scope="class")
    @classmethod
    def versions(cls, tmp_path_factory: pytest.TempPathFactory) -> Versions:
        """The class path of an executor by version of xxl-job-core."""
        return build(tmp_path_factory.mktemp("demo"))

    @pytest.fixture(scope="class")
    @classmethod
    def shop(cls, admin: str, versions: Versions, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
        """The folder of an executor that registers with the server."""
        folder = tmp_path_factory.mktemp("shop")
        with executor(versions["2.5.0"], folder, admin):
            yield folder

    @pytest.fixture
    def deed(self, shop: Path) -> Deed:
        return Deed(
            fields={"Content": {"jobHandler": "hello", "appName": "shop"}},
            result="hello test",
            logged="hello test <b>中文",
        )

    @pytest.fixture
    def middle(self, shop: Path, tmp_path: Path) -> Iterator[Middle]:
        """Its end comes while there is no server: the executor keeps the callback, and says it every 30 seconds."""
        begun, over = tmp_path / "begun", tmp_path / "over"
        begun.touch()

        def ends() -> None:
            over.touch()
            until(lambda: list(shop.glob("logs/callbacklog/*.log")))

        yield Middle(
            fields={"Content": {"jobHandler": "stays", "appName": "shop"}, "Parameters": str(tmp_path)},
            begun=lambda: len(begun.read_text().splitlines()),
            let_go=over.touch,
            result="whole",
            logged=("once", "whole"),
            meanwhile=ends,
        )
        over.touch()

    @pytest.fixture
    def file_settings(self, versions: Versions, tmp_path: Path) -> Iterator[Path]:
        """`anyjob run` has an address and an executor of its own: one that knows the server calls back there."""
        admin = f"127.0.0.1:{free_port()}"
        path = tmp_path / "anyjob.toml"
        path.write_text(f'[executors.xxljob]\nlisten = "{admin}"\ntoken = "{TOKEN}"\n')
        with executor(versions["3.3.2"], tmp_path, admin):
            yield path

    def written(self, log: list[str]) -> list[str]:
        return [found[1] for line in log if (found := _OWN.fullmatch(line))]

    def test_a_handler_that_ignores_the_kill_was_only_asked(self, talk: Talk, middle: Middle, tmp_path: Path) -> None:
        (tmp_path / "deaf").touch()
        job = talk.create("deaf", self.job_type, {**middle.fields, "XAttrs": {"grace": 0.2}})
        instance = talk.execute(job)
        talk.until(lambda: middle.begun() == 1, "the middle")
        talk.call("StopInstance", JobId=job, InstanceId=instance)
        told = talk.ended(job, instance)
        raw = talk.raw(instance)
        assert (told["Status"], raw["Cause"]) == (InstanceStatus.FAILED.value, Cause.STOPPED.value), raw
        assert raw["StopReport"]["strength"] == Strength.ASKED.value, raw
        assert raw["StopReport"]["evidence"], raw
        assert raw["StopReport"]["survivors"], raw
