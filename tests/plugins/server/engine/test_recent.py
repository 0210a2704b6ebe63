"""What is kept in memory of instances is what the database has, whatever became of them."""

from __future__ import annotations

import asyncio

from tests.plugins.server.engine.play import Field, Play, field
from tests.plugins.server.store.place import Place

from anyjob.outcome import Cause
from anyjob.status import InstanceStatus, TriggerType
from anyjob_server.store import instances
from anyjob_server.store.instances import InstanceRow
from anyjob_server.store.recent import Recent
from anyjob_server.store.transitions import Transition


def same(here: Field, *idents: int) -> list[bool]:
    """Whether each is in memory; what is there must be the row of the database. Only where nothing is being written."""
    for ident in idents:
        kept = here.store.recent.get(ident)
        row = here.store.read_now(lambda c, ident=ident: instances.get(c, ident))
        assert kept in (None, row), f"memory has {kept}, the database {row}"
    return [here.store.recent.get(ident) is not None for ident in idents]


def stands(here: Field, ident: int) -> InstanceStatus | None:
    """As memory has it, which hears of a change a moment after the database."""
    kept = here.store.recent.get(ident)
    return None if kept is None else kept.status


def test_every_state_is_the_databases_own(place: Place) -> None:
    async def go() -> None:
        play = Play()
        async with field(place, play, history=1) as here:
            execute = here.engine.manual.execute
            held = await execute(await here.job("held", Content="hold"), parameters="a\0b \udc80")
            assert same(here, held) == [True]
            await here.until(lambda: stands(here, held) is InstanceStatus.RUNNING)
            assert same(here, held) == [True]
            play.finish(held, Cause.FAILED)
            await here.until(lambda: stands(here, held) is InstanceStatus.FAILED)
            assert same(here, held) == [True]
            await here.engine.manual.set_success(here.instance(held), "somebody")
            assert here.instance(held).status is InstanceStatus.SUCCESS
            same(here, held)

            job = await here.job("short")
            made = list[int]()
            for _ in range(2):
                made.append(await execute(job))
                await here.until(lambda: stands(here, made[-1]) is InstanceStatus.SUCCESS)
            assert same(here, *made) == [True, True]
            await here.engine.pruner.history()
            assert same(here, *made) == [False, True]
            await here.engine.pruner.removed()
            assert same(here, *made) == [False, False]

            stopped = await execute(await here.job("stopped", Content="hold"))
            await here.until(lambda: stands(here, stopped) is InstanceStatus.RUNNING)
            await here.engine.manual.stop(here.instance(stopped))
            await here.until(lambda: stands(here, stopped) is InstanceStatus.FAILED)
            assert same(here, stopped) == [True]

    asyncio.run(go())


def _row(ident: int) -> InstanceRow:
    status, trigger = InstanceStatus.WAITING, TriggerType.API
    return InstanceRow(
        id=ident, job=1, group=1, status=status, trigger=trigger, schedule_time=1, data_time=1, created=1
    )


def _to(ident: int) -> Transition:
    return Transition(id=ident, to=InstanceStatus.RUNNING, expect=[InstanceStatus.WAITING], values={"note": "x\0"})


def test_what_is_not_sure_is_forgotten() -> None:
    recent = Recent(most=2)
    recent.made([_row(1), _row(2)])
    recent.moved(_to(1), surely=True)
    recent.moved(_to(2), surely=False)
    recent.moved(_to(9), surely=True)  # one that is not known here stays so
    one = recent.get(1)
    assert one is not None
    assert (one.status, one.note) == (InstanceStatus.RUNNING, "x�")
    assert (recent.get(2), recent.get(9)) == (None, None)


def test_only_the_newest_are_kept() -> None:
    recent = Recent(most=2)
    recent.made([_row(1), _row(2)])
    recent.moved(_to(1), surely=True)
    recent.made([_row(3)])
    assert [recent.get(ident) is not None for ident in (1, 2, 3)] == [True, False, True]
