"""Changes that come together are written together; one that is at fault keeps no other."""

from __future__ import annotations

import asyncio

from sqlalchemy import Connection
from tests.plugins.server.engine.play import HandClock, field
from tests.plugins.server.store.place import Place

from anyjob.status import InstanceStatus
from anyjob_server.engine.pen import Note, Pen
from anyjob_server.store.outbox import OutboxRow
from anyjob_server.store.transitions import Transition


def test_one_that_cannot_be_written_keeps_no_other(place: Place) -> None:
    async def go() -> None:
        async with field(place) as here:
            job = await here.job(Content="hold", MaxConcurrency=3)
            ids = [await here.engine.manual.execute(job) for _ in range(3)]
            for one in ids:
                await here.running(one)
            pen, told = Pen(here.store, HandClock()), dict[int, bool]()
            writing = asyncio.ensure_future(pen.run())

            def wrong(c: Connection) -> list[OutboxRow]:
                raise RuntimeError("a defect")

            for number, one in enumerate(ids):
                to = Transition(
                    id=one, to=InstanceStatus.RUNNING, expect=(InstanceStatus.RUNNING,), values={"note": "seen"}
                )

                def then(changed: bool, one: int = one) -> None:  # noqa: FBT001 - a callback
                    told[one] = changed

                pen.soon(Note(transition=to, beside=[wrong] if number == 1 else [], then=then))
            await pen.flushed()
            writing.cancel()
            assert [here.instance(one).note for one in ids] == ["seen", "", "seen"]
            assert told == {ids[0]: True, ids[2]: True}

    asyncio.run(go())
