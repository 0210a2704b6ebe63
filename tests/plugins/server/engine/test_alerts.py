"""What people are to be told of stands in the outbox when it has happened, and once."""

from __future__ import annotations

import asyncio
import json
from typing import Any

from tests.plugins.server.engine.play import Field, Play, field
from tests.plugins.server.store.place import Place

from anyjob.outcome import Cause
from anyjob.status import InstanceStatus
from anyjob_server.store import outbox


async def run(here: Field, job: Any, cause: Cause) -> None:
    ident = await here.engine.manual.execute(job)
    await here.running(ident)
    here.play.finish(ident, cause)
    await here.until(lambda: here.instance(ident).status.finished)


def test_every_nth_failure_in_a_row_is_told_of(place: Place) -> None:
    async def go() -> None:
        async with field(place) as here:
            contact = [{"UserName": "ann", "UserMail": "ann@example.org"}]
            job = await here.job(
                Content="hold", FailEnable=True, FailTimes=2, SendChannel="mail,webhook", ContactInfo=contact
            )
            told: list[int] = []
            for cause in [*[Cause.FAILED] * 5, Cause.SUCCEEDED, *[Cause.FAILED] * 2]:
                here.clock.on(1)
                await run(here, job, cause)
                told.append(len(here.told()))
            assert told == [0, 1, 1, 2, 2, 2, 2, 3]
            first = here.store.read_now(outbox.unsent)[0]
            said = json.loads(first.payload)
            assert (first.kind, said["failures"], said["channel"], said["result"]) == (
                "fail",
                2,
                "mail,webhook",
                "done",
            )
            assert said["contacts"] == contact

    asyncio.run(go())


def test_successes_are_told_of_where_that_is_wanted(place: Place) -> None:
    async def go() -> None:
        async with field(place) as here:
            job = await here.job(Content="hold", SuccessNoticeEnable=True)
            for cause in (Cause.FAILED, Cause.SUCCEEDED):
                await run(here, job, cause)
            assert here.told() == ["success"]

    asyncio.run(go())


def test_a_run_that_takes_too_long_is_told_of_once_also_over_a_restart(place: Place) -> None:
    async def go() -> None:
        play = Play()
        async with field(place, play) as here:
            job = await here.job(Content="hold", TimeoutEnable=True, Timeout=60)
            ident = await here.engine.manual.execute(job)
            await here.running(ident)
            here.clock.on(59)
            await asyncio.sleep(0.02)
            assert here.told() == []
            clock = here.clock
        clock.on(2)
        for _ in range(2):
            async with field(place, play, clock) as here:
                await here.until(lambda here=here: here.told() == ["timeout"])
                assert here.instance(ident).status is InstanceStatus.RUNNING
                clock.on(60)
                await asyncio.sleep(0.02)
                assert here.told() == ["timeout"]

    asyncio.run(go())


def test_observers_see_each_change(place: Place) -> None:
    async def go() -> list[object]:
        play = Play()
        async with field(place, play) as here:
            job = await here.job(Content="hold")
            await run(here, job, Cause.SUCCEEDED)
        return [(one.before, one.after, one.job_name) for one in play.changes]

    assert asyncio.run(go()) == [
        (None, InstanceStatus.WAITING, "j"),
        (InstanceStatus.WAITING, InstanceStatus.RUNNING, "j"),
        (InstanceStatus.RUNNING, InstanceStatus.SUCCESS, "j"),
    ]
