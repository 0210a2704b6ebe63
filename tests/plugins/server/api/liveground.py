"""A whole server in a thread of the test: store, engine, worker and API on a free port."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Coroutine, Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from tests.plugins.server.api.signing import Signer
from tests.plugins.server.api.wireground import KEY_ID, SECRET, Ground

from anyjob.plugins import PluginHost
from anyjob.settings import Settings
from anyjob.worker.settings import WorkerSettings
from anyjob_server.api.listener import Listener
from anyjob_server.first import make_first
from anyjob_server.server import Server

T = TypeVar("T")

NAMESPACE, GROUP = "default", "default"


@dataclass
class Live(Ground):
    """Also what no client sees."""

    server: Server | None = None
    loop: asyncio.AbstractEventLoop | None = None

    def do(self, what: Callable[[Server], Coroutine[Any, Any, T]]) -> T:
        """On the server's own loop."""
        assert self.server is not None
        assert self.loop is not None
        return asyncio.run_coroutine_threadsafe(what(self.server), self.loop).result(60)

    def call(self, action: str, **parameters: Any) -> dict[str, Any]:
        """The reply of an operation in the default group; RPC V1."""
        return self.call_as(self.signer, action, **parameters)

    def call_as(self, signer: Signer, action: str, **parameters: Any) -> dict[str, Any]:
        """The same by another key."""
        scope = {"RegionId": "local", "Namespace": NAMESPACE, "GroupId": GROUP}
        given = {name: str(value) for name, value in {**scope, **parameters}.items() if value is not None}
        return self.say(signer.v1(action, given))[1]

    def job(self, name: str, **fields: Any) -> int:
        """A shell job by API; its id."""
        usual = {"JobType": "shell", "ExecuteMode": "standalone", "TimeType": 100, "Content": "echo hello"}
        reply = self.call("CreateJob", Name=name, **{**usual, **fields})
        assert reply["Success"], reply
        return reply["Data"]["JobId"]


def as_root(**server: object) -> Settings:
    """Jobs run as whoever runs the tests."""
    return Settings(
        worker=WorkerSettings(users={"*": ["*", "root"]}), written={"server": {"users": {"*": "root"}, **server}}
    )


@contextmanager
def live(state: Path, settings: Settings | None = None) -> Generator[Live]:
    """Lives as long as the block."""
    loop, ready, over = asyncio.new_event_loop(), threading.Event(), asyncio.Event()
    made: list[Live] = []
    failed: list[BaseException] = []

    async def serve() -> None:
        try:
            server = Server(PluginHost.load(), settings or as_root(), state)
            async with server:
                await make_first(server.store, server.keys, (KEY_ID, SECRET))
                listener = Listener(server.app, "127.0.0.1", 0)
                await listener.open()
                signer = Signer(key_id=KEY_ID, secret=SECRET)
                made.append(Live(listener.address[1], signer=signer, server=server, loop=loop))
                ready.set()
                await over.wait()
                await listener.close()
        except BaseException as error:
            failed.append(error)
            raise
        finally:
            ready.set()

    thread = threading.Thread(target=lambda: loop.run_until_complete(serve()))
    thread.start()
    try:
        assert ready.wait(60)
        assert made, failed
        yield made[0]
    finally:
        loop.call_soon_threadsafe(over.set)
        thread.join(60)
        loop.close()
