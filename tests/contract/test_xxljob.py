"""The xxljob executor, against the sample executor of the package, and against a real one."""

from __future__ import annotations

import socket
import tempfile
from collections.abc import Generator, Iterable
from contextlib import contextmanager
from pathlib import Path
from typing import ClassVar

import pytest
from tests.executors.xxljob.conftest import build
from tests.executors.xxljob.relay import Relay
from tests.executors.xxljob.town import Jvm, until

from anyjob.outcome import Cause, Json
from anyjob.samples import Sample, Samples
from anyjob.testing import ExecutorContract
from anyjob_xxljob.samples import serving

_TOKEN = "a token of the suite alone"


def free_ports(count: int) -> list[int]:
    """Ports that nobody has now; below those that the kernel gives to callers."""
    lines = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    try:
        return [line.getsockname()[1] for line in lines]
    finally:
        for line in lines:
            line.close()


_LISTEN = [f"127.0.0.1:{port}" for port in free_ports(2)]


@contextmanager
def called(listen: Iterable[str] = tuple(_LISTEN)) -> Generator[Samples]:
    with serving([f"http://{text}" for text in listen], _TOKEN) as samples:
        yield samples


class TestXxlJob(ExecutorContract):
    job_type = "xxljob"
    executor_settings: ClassVar = {"listen": _LISTEN, "token": _TOKEN, "poll": 0.05, "lost": 20}
    samples = called


_RELAY = Relay([f"http://{text}" for text in _LISTEN], _TOKEN)


@contextmanager
def real() -> Generator[Samples]:
    """Handlers of xxl-job-core. Their logs are not fetched: they hold lines of the executor's own, which the cases of
    the suite do not expect. `tests/executors/xxljob/test_real.py` looks at them."""
    with tempfile.TemporaryDirectory(prefix="anyjob-xxljob-") as scratch, _RELAY:
        folder = Path(scratch)
        classpath = build(folder)["2.5.0"]
        with Jvm(classpath, folder, _RELAY.address, app="real", token=_TOKEN):
            until(lambda: _RELAY.behind)

            def job(handler: str, **more: Json) -> dict[str, Json]:
                return {"Content": {"jobHandler": handler, "addresses": [_RELAY.address], "log": False}, **more}

            yield Samples(
                succeeds=Sample(job("hello", Parameters="you"), result="hello you"),
                fails=Sample(job("fail"), cause=Cause.FAILED, code=500),
                echoes=Sample(job("echo")),
                sleeps=Sample(job("sleep", Parameters="90")),
                obeys=Sample(job("sleep", Parameters="90"), ready=""),
                remembers=Sample(job("remember")),
                prints_shard=Sample(job("shard")),
                missing_dependency=Sample(job("nowhere"), names="nowhere"),
            )


@pytest.mark.needs("maven", "jdk17")
class TestReal(ExecutorContract):
    job_type = "xxljob"
    executor_settings: ClassVar = {"listen": _LISTEN, "token": _TOKEN, "lost": 20}
    samples = real

    def side_effects(self, path: Path) -> list[str]:
        return _RELAY.named(super().side_effects(path))
