"""Old instances and logs go; never those of what has not ended."""

from __future__ import annotations

import asyncio
import os
import time
from pathlib import Path

from tests.plugins.server.engine.play import field
from tests.plugins.server.store.place import Place

from anyjob_server.engine.prune import Pruner, instance_of
from anyjob_server.settings import LogSettings, ServerSettings
from anyjob_server.store import outbox
from anyjob_server.store.outbox import Unsent


def test_a_job_keeps_its_newest_instances_and_all_that_run(place: Place) -> None:
    async def go() -> None:
        async with field(place, history=3) as here:
            job = await here.job(MaxConcurrency=9)
            held = await here.engine.manual.execute(await here.job("held", Content="hold"))
            for number in range(6):
                await here.engine.manual.execute(job)
                await here.ended(job, number + 1)
            ids = [row.id for row in here.of(job)]
            folders = [place.state / f"worker/runs/aj-{one:x}-0-1" for one in [*ids, held]]
            for folder in folders:
                folder.mkdir(exist_ok=True)
            await here.engine.pruner.history()
            assert [row.id for row in here.of(job)] == ids[-3:]
            assert [folder.exists() for folder in folders] == [False] * 3 + [True] * 4

    asyncio.run(go())


def test_logs_go_by_age_and_then_by_size_but_not_those_of_what_runs(tmp_path: Path) -> None:
    now = time.time()
    for number, (age, size) in enumerate([(40, 10), (40, 10), (3, 40_000), (2, 40_000), (1, 40_000)], 1):
        folder = tmp_path / f"aj-{number:x}-0-1"
        folder.mkdir()
        (folder / "log").write_bytes(b"x" * size)
        os.utime(folder / "log", (now - age * 86_400, now - age * 86_400))
    (tmp_path / "something else").mkdir()
    settings = ServerSettings(logs=LogSettings(days=30, size=100_000))
    Pruner(None, tmp_path, settings, lambda: 0, lambda instance: instance == 2).logs()  # type: ignore[arg-type]
    left = sorted(path.name for path in tmp_path.iterdir())
    assert left == ["aj-2-0-1", "aj-4-0-1", "aj-5-0-1", "something else"]


def test_the_instance_of_a_runs_name() -> None:
    assert instance_of("aj-ff-0-1") == 255
    assert [instance_of(name) for name in ("aj-x-0-1", "shim", "aj-1", "aj-1-0-1-2")] == [None] * 4


def test_alerts_that_nobody_sends_go_by_age_and_number_and_that_is_said(place: Place) -> None:
    async def go() -> None:
        async with field(place, alerts={"days": 2, "most": 3}) as here:
            job = await here.job(SuccessNoticeEnable=True, MaxConcurrency=9)

            async def some(count: int) -> None:
                have = len(here.told())
                for _ in range(count):
                    await here.engine.manual.execute(job)
                await here.until(lambda: len(here.told()) == have + count)

            await some(2)
            first = here.clock.now()
            here.clock.on(2 * 86_400)
            await here.engine.pruner.alerts()
            assert (await here.engine.standing()).alerts == Unsent(waiting=2)
            await some(1)
            here.clock.on(1)
            await here.engine.pruner.alerts()
            last = here.clock.now()
            assert (await here.engine.standing()).alerts == Unsent(waiting=1, old=2, last=last)
            assert all(one.at > first for one in here.store.read_now(outbox.unsent))
            await some(5)
            newest = [one.id for one in here.store.read_now(outbox.unsent)][-3:]
            here.clock.on(1)
            await here.engine.pruner.alerts()
            assert [one.id for one in here.store.read_now(outbox.unsent)] == newest
            assert (await here.engine.standing()).alerts == Unsent(waiting=3, old=2, many=3, last=last + 1000)
            await here.store.write(lambda c: outbox.mark_sent(c, newest[:1], here.clock.now()))
            here.clock.on(2 * 86_400 + 1)
            await here.engine.pruner.alerts()
            assert place.ask("SELECT count(*) FROM outbox") == [(0,)]
        async with field(place, clock=here.clock) as here:
            said = (await here.engine.standing()).alerts
            assert said is not None
            assert (said.waiting, said.old, said.many) == (0, 4, 3)

    asyncio.run(go())
