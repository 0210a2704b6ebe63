"""Whoever reaches the address may send what he likes: it is bounded, logged without secrets, and harms nobody else."""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import os
import re
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, ClassVar

import pytest
from tests.core.apps.town import TOKEN, callee, log_of, order, outcome_of, town, until

from anyjob.outcome import Cause
from anyjob.worker.apps import applications, listener
from anyjob.worker.apps.frame import LINE_LIMIT
from anyjob.worker.worker import Worker

WRONG = "the-token-of-somebody"
WAITS = "run.log('x'); run.stopping.wait(60)"


class Peer:
    """Somebody who dials in, and says what a test wants."""

    all: ClassVar[list[Peer]] = []

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer
        self.all.append(self)

    @classmethod
    async def dial(cls, folder: Path) -> Peer:
        return cls(*await asyncio.open_unix_connection(f"{folder}/apps.sock", limit=LINE_LIMIT * 2))

    def say(self, **message: Any) -> None:
        self.writer.write(json.dumps(message).encode() + b"\n")

    def hello(self, **fields: Any) -> None:
        known = {"protocols": [1], "role": "app", "job_type": "code", "token": TOKEN, "id": "peer", "names": ["peer"]}
        self.say(type="hello", **{**known, **fields})

    async def hear(self) -> dict[str, Any]:
        line = await asyncio.wait_for(self.reader.readline(), 30)
        return json.loads(line) if line else {"type": "end"}

    async def welcome(self, **fields: Any) -> None:
        self.hello(**fields)
        said = await self.hear()
        assert said["type"] == "welcome", said

    async def ended(self) -> bool:
        """Whether the worker closes the connection."""
        try:
            while await asyncio.wait_for(self.reader.read(1 << 16), 30):
                pass
        except OSError:
            pass
        return True

    def close(self) -> None:
        self.writer.transport.abort()


Work = Callable[[Worker], Awaitable[None]]


def beside_a_run(folder: Path, work: Work, **apps: Any) -> None:
    """Do `work` while a run of somebody else goes on, which must not be harmed."""

    async def life() -> None:
        async with town(folder, **apps) as worker:
            with callee(worker.apps.addresses[0]):
                run = await worker.submit(order(WAITS))
                await until(lambda: log_of(folder, run))
                await work(worker)
                assert (await outcome_of(await worker.submit(order("pass", instance=2)))).ok, "others are served"
                assert run.record.outcome is None
                run.stop()
                assert (await outcome_of(run)).cause is Cause.STOPPED
            for peer in Peer.all:
                peer.close()
                with contextlib.suppress(OSError):
                    await peer.writer.wait_closed()
            Peer.all.clear()

    asyncio.run(life())


@pytest.mark.parametrize(
    ("said", "logged"),
    [
        (
            b"GET / HTTP/1.1\r\nAuthorization: the-token-of-somebody\r\n\r\n",
            "sent a line that is no message: it is not",
        ),
        (b'{"type":"hello","token":"the-token-of-somebody"\n', "sent a line that is no message: it is not JSON"),
        (b'{"type":"hello","protocols":1,"token":"the-token-of-somebody"}\n', "was refused: hello: protocols is not a"),
        (
            b'{"type":"hello","protocols":[1],"token":"%s"}\n' % (WRONG.encode() * 40),
            "was refused: hello: token is too",
        ),
        (b'{"type":"start","token":"the-token-of-somebody"}\n', "is not the first message; begin with hello"),
        (b"\xff\xfe\x00the-token-of-somebody\n", "is not UTF-8"),
        (b"\x16\x03\x01\x02\x00\x01\n", "sent a line that is no message"),
        (b"[" * 100_000 + b"\n", "sent a line that is no message"),
    ],
)
def test_garbage_ends_the_connection_and_is_not_repeated(
    tmp_path: Path, said: bytes, logged: str, caplog: pytest.LogCaptureFixture
) -> None:
    async def work(worker: Worker) -> None:
        peer = await Peer.dial(tmp_path)
        peer.writer.write(said)
        assert await peer.ended()

    with caplog.at_level(logging.INFO, "anyjob"):
        beside_a_run(tmp_path, work)
    text = caplog.text
    assert any(re.search(logged, record.getMessage()) for record in caplog.records), text
    assert WRONG not in text
    assert TOKEN not in text


@pytest.mark.parametrize(
    ("fields", "why"),
    [
        ({"token": WRONG}, "its token is none of this worker's"),
        ({"token": ""}, "its token is none of this worker's"),
        ({"role": "executor"}, 'its role is not "app"'),
        ({"id": ""}, "it has no id"),
        ({"protocols": [7]}, "speaks protocol 7, and this anyjob speaks 1"),
        ({"job_type": "shel"}, "JobType 'shel': no installed plugin runs it"),
        ({"id": "a b"}, "hello: id does not match"),
        ({"names": [""]}, "hello: names[0] is empty; write something"),
        ({"names": "main"}, "hello: names is not a list"),
        ({"token": None}, "hello: token is not text"),
        ({"app": "x" * 300}, "hello: app is too long; write at most 200 characters"),
    ],
)
def test_whoever_may_not_come_in_is_told_why(
    tmp_path: Path, fields: dict[str, Any], why: str, caplog: pytest.LogCaptureFixture
) -> None:
    async def work(worker: Worker) -> None:
        peer = await Peer.dial(tmp_path)
        peer.hello(**fields)
        said = await peer.hear()
        assert said["type"] == "refused"
        assert why in said["why"]
        assert said["protocols"] == [1]
        assert await peer.ended()
        assert len(worker.apps.by_key) == 1

    with caplog.at_level(logging.INFO, "anyjob"):
        beside_a_run(tmp_path, work)
    assert why in caplog.text
    assert WRONG not in caplog.text


def test_a_line_of_100_mb_is_not_held(tmp_path: Path) -> None:
    async def work(worker: Worker) -> None:
        del worker
        stranger, known = await Peer.dial(tmp_path), await Peer.dial(tmp_path)
        await known.welcome()
        for peer, limit in ((stranger, 1 << 20), (known, 16 << 20)):  # as the page says
            sent, piece = 0, b"x" * (1 << 20)
            with contextlib.suppress(OSError):
                while sent < 100 << 20:
                    peer.writer.write(piece)
                    await asyncio.wait_for(peer.writer.drain(), 30)
                    sent += len(piece)
            assert sent < limit + (8 << 20), "what the sockets hold beside it"
            assert await peer.ended()

    beside_a_run(tmp_path, work)


def test_a_hello_that_does_not_come_is_not_waited_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(applications, "_HELLO", 0.2)

    async def work(worker: Worker) -> None:
        del worker
        silent, slow = await Peer.dial(tmp_path), await Peer.dial(tmp_path)

        async def drip() -> None:
            for letter in b'{"type":"hello"':
                slow.writer.write(bytes([letter]))
                await asyncio.sleep(0.05)

        dripping = asyncio.ensure_future(drip())
        assert await silent.ended()
        assert await slow.ended()
        dripping.cancel()

    beside_a_run(tmp_path, work)


def test_a_thousand_connections_without_a_hello(tmp_path: Path) -> None:
    """The oldest make room, so that one who says who he is comes in all the same."""

    async def work(worker: Worker) -> None:
        before = len(os.listdir("/proc/self/fd"))
        peers = [await Peer.dial(tmp_path) for _ in range(1000)]
        gone = [peer for peer in peers[:700] if await peer.ended()]
        assert len(gone) == 700
        ours = len(os.listdir("/proc/self/fd")) - before - len(peers)
        assert ours <= listener.STRANGERS + 8, "the worker's own ends"
        late = await Peer.dial(tmp_path)
        await late.welcome()
        assert len(worker.apps.by_key) == 2
        for peer in [*peers, late]:
            peer.close()

    beside_a_run(tmp_path, work)


def test_one_that_never_reads(tmp_path: Path) -> None:
    """What waits for it is bounded; its connection ends, and it may dial again."""

    async def work(worker: Worker) -> None:
        deaf = await Peer.dial(tmp_path)
        await deaf.welcome()
        app = worker.apps.by_key["code/shop/peer"]
        assert app.link is not None
        deaf.reader.set_exception(RuntimeError("nobody reads"))
        with pytest.raises(Exception, match=r"does not read its input: [0-9]+ bytes wait for it"):
            await asyncio.gather(*(app.ask("take", {"names": ["x" * (8 << 20)]}) for _ in range(10)))
        await until(lambda: app.link is None)
        deaf.close()
        again = await Peer.dial(tmp_path)
        await again.welcome()
        again.close()

    beside_a_run(tmp_path, work)


def test_one_that_floods_with_what_is_not_its_business(tmp_path: Path) -> None:
    """Runs of others cannot be touched, and what is unknown is ignored."""

    async def work(worker: Worker) -> None:
        peer = await Peer.dial(tmp_path)
        await peer.welcome()
        (other,) = [run for run in worker.live.values() if run.record.outcome is None]
        for _ in range(200):
            peer.say(type="result", run=other.name, outcome={"cause": "failed"})
            peer.say(type="log", run=other.name, text="forged", source="app", cursor="99999")
            peer.say(type="news", of="a later version")
        peer.say(type="checkpoint", id=5, run=other.name, data={"forged": True})
        said = await peer.hear()
        assert (said["type"], said["re"]) == ("error", 5)
        assert log_of(tmp_path, other) == b"x"
        assert other.record.saved is None
        peer.close()

    beside_a_run(tmp_path, work)


def test_a_hello_that_is_too_long_is_told(tmp_path: Path) -> None:
    async def work(worker: Worker) -> None:
        del worker
        peer = await Peer.dial(tmp_path)
        peer.hello(names=["x" * 4000] * 400)
        assert "announce more by `names`" in (await peer.hear())["why"]

    beside_a_run(tmp_path, work)


def test_who_was_refused_is_named_in_the_log(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    async def work(worker: Worker) -> None:
        del worker
        peer = await Peer.dial(tmp_path)
        peer.hello(app="shop-7\x1b[2J", token=WRONG)
        assert (await peer.hear())["type"] == "refused"

    with caplog.at_level(logging.INFO, "anyjob"):
        beside_a_run(tmp_path, work)
    assert "which calls itself 'shop-7" in caplog.text
    assert "\x1b" not in caplog.text


def test_one_that_breaks_the_protocol_for_ever_is_let_go(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Each time it is asked for its run, it sends a line that is too long."""

    async def work(worker: Worker) -> None:
        peer = await Peer.dial(tmp_path)
        await peer.welcome(names=["bad"])
        run = await worker.submit(order("", instance=7, ClassName="bad"))
        message = await peer.hear()
        peer.say(type="ok", re=message["id"])
        dials = 0
        while run.record.outcome is None and dials < 50:
            peer.writer.write(b'{"type":"result"' + b" " * (LINE_LIMIT + 1))
            await peer.ended()
            peer, dials = await Peer.dial(tmp_path), dials + 1
            await peer.welcome(names=["bad"], runs=[run.name])
            if (await peer.hear())["type"] == "clean":
                break
        outcome = await outcome_of(run)
        assert outcome.cause is Cause.UNKNOWN
        said = "is not asked any more after 5 faults in a row; the last: it sent a line of more than 16777216 bytes"
        assert any(item.text.endswith(said) for item in outcome.evidence), outcome.evidence
        assert dials == 5

    with caplog.at_level(logging.INFO, "anyjob"):
        beside_a_run(tmp_path, work)
    assert "output goes into several `log` messages" in caplog.text


def test_two_processes_of_one_id_are_both_named(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    async def work(worker: Worker) -> None:
        del worker
        first, second = await Peer.dial(tmp_path), await Peer.dial(tmp_path)
        await first.welcome(app="shop")
        await second.welcome(app="shop")
        assert await first.ended()

    with caplog.at_level(logging.INFO, "anyjob"):
        beside_a_run(tmp_path, work)
    assert "its connection from unix:" in caplog.text
    assert "takes the place of the one from unix:" in caplog.text
    assert "Application 'shop' of app group 'shop' is connected, from unix:" in caplog.text


def test_a_checkpoint_that_is_too_long_is_the_code_s(tmp_path: Path) -> None:
    async def work(worker: Worker) -> None:
        code = "run.checkpoint({'x': 'y' * 5000})"
        outcome = await outcome_of(await worker.submit(order(code, instance=3)))
        assert "a checkpoint of" in outcome.result
        assert "keep names, not contents" in outcome.result
        assert "contract" not in outcome.result

    beside_a_run(tmp_path, work)


def test_what_is_said_before_the_answer_to_watch_is_said_again(tmp_path: Path) -> None:
    """Bytes of a run count once its `watch` was answered on the connection: what came before comes again after it."""

    async def life() -> None:
        async with town(tmp_path) as worker:
            first = await Peer.dial(tmp_path)
            await first.welcome()
            run = await worker.submit(order("", ClassName="peer"))
            first.say(type="ok", re=(await first.hear())["id"])
            first.say(type="log", run=run.name, text="one ", source="app", cursor="4")
            await until(lambda: log_of(tmp_path, run) == b"one ")
            second = await Peer.dial(tmp_path)
            await second.welcome(runs=[run.name])
            asked = await second.hear()
            assert (asked["type"], asked["cursors"]) == ("watch", {"app": "4"})
            second.say(type="log", run=run.name, text="three ", source="app", cursor="14")
            second.say(type="ok", re=asked["id"])
            second.say(type="log", run=run.name, text="two three ", source="app", cursor="14")
            second.say(type="result", run=run.name, outcome={"cause": "succeeded"})
            assert (await outcome_of(run)).ok
            assert log_of(tmp_path, run) == b"one two three "
            for peer in (first, second):
                peer.close()
                with contextlib.suppress(OSError):
                    await peer.writer.wait_closed()
            Peer.all.clear()

    asyncio.run(life())


def test_the_newest_connection_of_an_id_counts_and_another_group_cannot_take_it(tmp_path: Path) -> None:
    tokens = {"shop": TOKEN, "billing": "one of billing"}

    async def work(worker: Worker) -> None:
        first, second, foreign = [await Peer.dial(tmp_path) for _ in range(3)]
        await first.welcome(names=["old"])
        await second.welcome(names=["new"])
        assert await first.ended()
        await foreign.welcome(token=tokens["billing"], names=["evil"])
        seen = {(app.group, tuple(app.names)) for app in worker.apps.of("code").seen() if app.connected}
        assert seen == {("shop", ("main",)), ("shop", ("new",)), ("billing", ("evil",))}
        second.close()
        foreign.close()

    beside_a_run(tmp_path, work, tokens=tokens)


def test_something_else_lies_where_the_socket_should(tmp_path: Path) -> None:
    (tmp_path / "apps.sock").write_text("precious")

    async def life() -> None:
        async with town(tmp_path) as worker:
            run = await worker.submit(order("pass", xattrs={"wait": 0}))
            outcome = await outcome_of(run)
            assert "cannot listen on unix:" in outcome.result
            assert "something that is no socket is there" in outcome.result
            assert (tmp_path / "apps.sock").read_text() == "precious"
            (tmp_path / "apps.sock").unlink()
            with callee(f"unix:{tmp_path}/apps.sock"):
                assert (await outcome_of(await worker.submit(order("pass", instance=2, xattrs={"wait": 30})))).ok

    asyncio.run(life())


def test_two_workers_with_one_address(tmp_path: Path) -> None:
    """The second waits until it is free."""
    address = f"unix:{tmp_path}/apps.sock"

    async def life() -> None:
        async with town(tmp_path / "a", listen=[address]), town(tmp_path / "b", listen=[address]) as second:
            assert second.apps.addresses == []
            outcome = await outcome_of(await second.submit(order("pass", xattrs={"wait": 0})))
            assert "another process listens there" in outcome.result
        async with town(tmp_path / "a", listen=[address]) as first, town(tmp_path / "b", listen=[address]) as second:
            await first.apps.close()
            with callee(address):
                assert (await outcome_of(await second.submit(order("pass", instance=2, xattrs={"wait": 30})))).ok

    asyncio.run(life())


def test_the_socket_is_the_worker_s_user_s_alone(tmp_path: Path) -> None:
    async def life() -> None:
        async with town(tmp_path):
            assert (tmp_path / "apps.sock").stat().st_mode & 0o777 == 0o600

    asyncio.run(life())
