"""How often a log is asked for. A fake API in place of a real one, which does not end streams on demand."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, cast

from anyjob.run import Log
from anyjob_k8s.api import Api, Call
from anyjob_k8s.logs import Logs

LINE = b"2026-11-27T00:00:00.000000001Z hello\n"


class Streams:
    """An API of logs: those that are followed end when `over` is set."""

    def __init__(self) -> None:
        self.calls: list[bool] = []
        """Of each, whether it follows."""
        self.over = asyncio.Event()

    @asynccontextmanager
    async def stream(self, call: Call) -> AsyncGenerator[AsyncIterator[bytes]]:
        assert call.query is not None
        follows = call.query.get("follow") == "true"
        self.calls.append(follows)
        yield self._chunks(follows=follows)

    async def _chunks(self, *, follows: bool) -> AsyncIterator[bytes]:
        yield LINE
        if follows:
            await self.over.wait()


class Kept:
    """What was fed of a log."""

    def __init__(self) -> None:
        self.data = b""
        self.cursors: dict[str, str] = {}

    def feed(self, data: bytes, source: str, cursor: str) -> None:
        self.data += data
        self.cursors[source] = cursor

    def write(self, data: bytes) -> None:
        self.data += data

    def cursor(self, source: str) -> str | None:
        return self.cursors.get(source)


def pod(**state: Any) -> dict[str, Any]:
    status = {"name": "main", "containerID": "containerd://0123456789abcdef", "state": state}
    return {
        "kind": "Pod",
        "metadata": {"name": "a", "uid": "1"},
        "spec": {"containers": [{"name": "main"}]},
        "status": {"containerStatuses": [status]},
    }


RUNNING = pod(running={"startedAt": "2026-11-27T00:00:00Z"})
ENDED = pod(terminated={"exitCode": 0, "containerID": "containerd://0123456789abcdef"})


def test_a_log_whose_end_comes_before_its_containers_is_not_followed_anew() -> None:
    """Looks that told nothing new had come while it was followed, as they do of all runs that are not short."""

    async def life() -> tuple[Streams, Kept, list[str]]:
        streams, kept = Streams(), Kept()
        logs = Logs(cast("Api", streams), "default", cast("Log", kept))
        logs.look([RUNNING], [], several=False)
        while not kept.data:
            await asyncio.sleep(0.01)
        logs.look([RUNNING], [], several=False)
        streams.over.set()
        await asyncio.sleep(0.1)
        logs.look([RUNNING], [], several=False)
        await asyncio.sleep(0.1)
        logs.look([ENDED], [], several=False)
        return streams, kept, await logs.finish(10)

    streams, kept, missing = asyncio.run(life())
    assert streams.calls == [True, False]
    assert (kept.data, missing) == (b"hello\n", [])
