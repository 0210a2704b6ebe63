"""What is known of whether a type can work here."""

from __future__ import annotations

import asyncio

import pytest
from tests.plugins.server.engine.play import Play, field
from tests.plugins.server.store.place import Place

from anyjob.executor.capabilities import Health
from anyjob.job import Job
from anyjob_server.engine import health


class Slow(Play):
    """Its type is healthy, once somebody says so."""

    def __init__(self) -> None:
        super().__init__()
        self.asked, self.known = asyncio.Event(), asyncio.Event()

    async def say(self) -> Health:
        self.asked.set()
        await self.known.wait()
        return Health(state="healthy")


def test_whoever_only_looks_waits_longer_for_a_first_answer(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(health, "_PATIENCE", 0.0)

    async def go() -> None:
        play = Slow()
        async with field(place, play) as here:
            monkeypatch.setattr(here.host.executor("play"), "health", play.say)
            job = Job.from_wire({"Name": "a", "JobType": "play"})
            looking = asyncio.create_task(here.engine.lacking(job))
            await play.asked.wait()
            play.known.set()
            assert await looking == ""

    asyncio.run(go())
