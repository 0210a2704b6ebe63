"""The xxljob executor, against the sample executor of the package."""

from __future__ import annotations

import socket
from collections.abc import Generator, Iterable
from contextlib import contextmanager
from typing import ClassVar

from anyjob.samples import Samples
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
