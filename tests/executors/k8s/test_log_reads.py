"""How often a log is asked for. A fake API in place of a real one, which does not end streams on demand."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any, cast

from anyjob.run import Log
from anyjob_k8s.api import Api, Call
from anyjob_k8s.logs import Logs
from anyjob_k8s.place import Place

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


class Files:
    """An API of a log that is rotated between two times of asking."""

    def __init__(self, *answers: bytes) -> None:
        self.answers = list(answers)

    @asynccontextmanager
    async def stream(self, call: Call) -> AsyncGenerator[AsyncIterator[bytes]]:
        yield self._chunks(self.answers.pop(0) if len(self.answers) > 1 else self.answers[0])

    async def _chunks(self, answer: bytes) -> AsyncIterator[bytes]:
        yield answer


def kept_of(*answers: bytes, secrets: bool) -> Kept:
    async def life() -> Kept:
        kept = Kept()
        logs = Logs(cast("Api", Files(*answers)), "default", cast("Log", kept), secrets=secrets)
        logs.look([ENDED], [], several=False)
        assert await logs.finish(10) == []
        return kept

    return asyncio.run(life())


def read_of(*answers: bytes) -> bytes:
    return kept_of(*answers, secrets=False).data


def test_the_lines_of_a_run_with_secrets_are_in_no_cursor() -> None:
    """They go into the worker's ledger as they are, and it shows them at once when a read ends behind a secret."""
    ending = "hunter2 is it"
    line = LINE.replace(b"hello", ending.encode())
    [open_cursor] = kept_of(line, secrets=False).cursors.values()
    [cursor] = kept_of(line, secrets=True).cursors.values()
    shown = base64.b64encode(f"{ending}\n".encode()).decode()
    assert shown in open_cursor
    place = Place.from_text(cursor.partition("\t")[0])
    assert place == replace(Place.from_text(open_cursor.partition("\t")[0]), ending=b"")
    assert place.may_hold(b"hi\n"), "that it may stand twice is then told by its length alone"
    assert not place.may_hold(line)


def test_a_rotation_is_said_and_so_is_what_may_stand_twice() -> None:
    said = b"[anyjob] the log of a/main was rotated; lines may be missing before this"
    also = b"; what follows, to the end of its line, may stand before it already"
    later = b"2026-11-27T00:00:02.000000001Z "
    assert read_of(LINE, later + b"hi\n") == b"hello\n" + said + b"\nhi\n"
    assert read_of(LINE, later + b"hello\n") == b"hello\n" + said + b"\nhello\n"
    assert read_of(LINE, later + b"llo\n") == b"hello\n" + said + also + b"\nllo\n"
    assert read_of(LINE[:-1], later + b"o\n") == b"hello\n" + said + also + b"\no\n"
    assert read_of(LINE, b"the rest of a line\n" + LINE) == b"hello\n"
