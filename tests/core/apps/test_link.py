"""A conversation is the same over any pair of streams: here a socket, as an application has one."""

from __future__ import annotations

import asyncio
import contextlib
import json
import socket
from collections.abc import Mapping
from typing import Any

import pytest

from anyjob.worker.apps.codec import Body
from anyjob.worker.apps.faults import AnswerRefused, AnswerUnsupported, AppEnded, AppSilent
from anyjob.worker.apps.link import Link


class Peer:
    """The program's end. `other` is the worker's: a writer that nobody holds closes its transport."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, other: asyncio.StreamWriter) -> None:
        self._reader, self.writer, self.other = reader, writer, other

    def say(self, **message: Any) -> None:
        self.writer.write(json.dumps(message).encode() + b"\n")

    async def hear(self) -> dict[str, Any]:
        return json.loads(await self._reader.readline())


async def _nothing(kind: str, body: Body) -> Mapping[str, Any] | None:
    return {"heard": body["word"]} if kind == "word" else None


async def _pair(patience: float) -> tuple[Link, Peer]:
    ours, theirs = socket.socketpair()
    reader, writer = await asyncio.open_connection(sock=ours)
    link = Link("The app", reader, writer.transport, _nothing, patience)
    return link, Peer(*await asyncio.open_connection(sock=theirs), writer)


async def _welcomed(patience: float = 30) -> tuple[Link, Peer]:
    link, peer = await _pair(patience)
    peer.say(type="hello", protocols=[9, 1], role="app", names=["a"], token="t", newer=True)
    hello = await link.greet({"node": "n"})
    assert (hello.role, hello.token, hello.names) == ("app", "t", ["a"])
    assert (await peer.hear())["protocol"] == 1
    return link, peer


async def _over(link: Link, peer: Peer) -> None:
    await link.drop()
    peer.writer.close()
    for writer in (peer.writer, peer.other):
        with contextlib.suppress(ConnectionError):
            await writer.wait_closed()


def within(work: Any) -> None:
    asyncio.run(asyncio.wait_for(work, 30))


def test_requests_of_both_sides_count_for_themselves_and_may_be_answered_in_any_order() -> None:
    async def talk() -> None:
        link, peer = await _welcomed()
        asked = [asyncio.ensure_future(link.ask("start", {"run": run})) for run in ("x", "y", "z")]
        ids = {message["run"]: message["id"] for message in [await peer.hear() for _ in asked]}
        peer.say(type="word", id=ids["x"], word="hello")
        assert await peer.hear() == {"type": "ok", "re": ids["x"], "heard": "hello"}
        peer.say(type="ok", re=ids["z"], got="z", newer=True)
        peer.say(type="error", re=ids["y"], message="no", problems=[{"field": "Content", "remedy": "is none"}])
        peer.say(type="ok", re=12345)
        peer.say(type="unsupported", re=ids["x"])
        assert (await asked[2])["got"] == "z"
        with pytest.raises(AnswerRefused, match="refused `start`: no") as no:
            await asked[1]
        assert no.value.problems[0].field == "Content"
        with pytest.raises(AnswerUnsupported):
            await asked[0]
        await _over(link, peer)

    within(talk())


def test_what_is_not_known_is_ignored_or_answered_as_unsupported() -> None:
    async def talk() -> None:
        link, peer = await _welcomed()
        peer.say(type="news", of="a later version")
        peer.say(type="question", id=1)
        assert await peer.hear() == {"type": "unsupported", "re": 1}
        assert not link.over.done()
        await _over(link, peer)

    within(talk())


def test_answers_to_others_keep_a_waiting_request_alive_and_chatter_does_not() -> None:
    async def talk() -> None:
        link, peer = await _welcomed(patience=0.5)
        late, *others = [asyncio.ensure_future(link.ask("start", {"run": str(n)})) for n in range(6)]
        ids = [(await peer.hear())["id"] for _ in range(6)]
        for number, one in zip(ids[1:], others, strict=True):
            await asyncio.sleep(0.2)
            peer.say(type="ok", re=number)
            await one
        assert not late.done(), "1 s has passed, and something was answered all the time"
        chatter = asyncio.ensure_future(_chatter(peer))
        with pytest.raises(AppSilent, match=r"has not answered `start` within 0\.5 s"):
            await late
        chatter.cancel()
        await _over(link, peer)

    within(talk())


async def _chatter(peer: Peer) -> None:
    while True:
        peer.say(type="log", run="x")
        await asyncio.sleep(0.05)


def test_a_silence_is_asked_about() -> None:
    async def talk() -> None:
        link, peer = await _welcomed(patience=0.2)
        ping = await peer.hear()
        assert ping["type"] == "ping"
        assert isinstance(await link.over, AppSilent)
        await _over(link, peer)

    within(talk())


def test_the_end_of_the_stream_ends_what_is_asked() -> None:
    async def talk() -> None:
        link, peer = await _welcomed()
        asked = asyncio.ensure_future(link.ask("start"))
        await peer.hear()
        peer.writer.close()
        with pytest.raises(AppEnded, match="closed its output"):
            await asked
        with pytest.raises(AppEnded):
            await link.ask("ping")
        await _over(link, peer)

    within(talk())
