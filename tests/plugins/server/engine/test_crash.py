"""The server dies between any two steps: what the disk holds then is given to a new one, which goes on from it.

Before and after each write of the store, each line of the worker's ledger and each start, a copy of the state folder,
of the rows that PostgreSQL has committed, and of the world is made. From each copy the work must come to the same good
end.
"""

from __future__ import annotations

import asyncio
import json
import shutil
from collections import Counter
from collections.abc import Callable, Mapping
from contextlib import nullcontext
from dataclasses import dataclass
from dataclasses import field as attribute
from pathlib import Path
from typing import Any, TypeVar

import psycopg
import pytest
from sqlalchemy import Connection, update
from tests.plugins.server.engine.play import HandClock, Play, field
from tests.plugins.server.store.place import Place
from tests.plugins.server.store.rows import Rows

from anyjob.errors import WorkerError
from anyjob.outcome import Cause, Outcome
from anyjob.status import InstanceStatus, TriggerType
from anyjob.worker.instance import Firing, Instances
from anyjob.worker.worker import Worker
from anyjob_server.engine.errors import OtherDatabase
from anyjob_server.store import instances, jobs
from anyjob_server.store.store import Store
from anyjob_server.store.tables import INSTANCES

T = TypeVar("T")


@dataclass(slots=True)
class Moment:
    """What the disk and the world held, and what had been promised. `rows`: of PostgreSQL."""

    folder: Path
    rows: Rows | None
    at: int
    starts: Counter[str]
    over: dict[str, Outcome]
    promised: list[int]
    stopped: list[int]


@dataclass(slots=True)
class Camera:
    """`open`: past the server, a connection to PostgreSQL."""

    place: Place
    shots: Path
    play: Play
    clock: HandClock
    open: psycopg.Connection | None = None
    promised: list[int] = attribute(default_factory=list[int])
    stopped: list[int] = attribute(default_factory=list[int])
    moments: list[Moment] = attribute(default_factory=list[Moment])

    def take(self) -> None:
        folder = self.shots / str(len(self.moments))
        shutil.copytree(self.place.state, folder, ignore=shutil.ignore_patterns("*.lock", "*-shm", "lock"))
        self.moments.append(
            Moment(
                folder,
                # The worker and the world stand still meanwhile, so that the writer may as well have come so far.
                None if self.open is None else Rows.seen(self.open),
                self.clock.now(),
                self.play.starts.copy(),
                dict(self.play.over),
                [*self.promised],
                [*self.stopped],
            )
        )


def photographed(camera: Camera) -> tuple[type[Store], type[Worker]]:
    class SeenStore(Store):
        async def write(self, change: Callable[[Connection], T]) -> T:
            camera.take()
            try:
                return await super().write(change)
            finally:
                camera.take()

    class SeenWorker(Worker):
        async def start(self) -> None:
            await super().start()
            plain = self.book.write

            def write(line: Mapping[str, Any]) -> None:
                plain(line)
                camera.take()

            self.book.write = write

        def write(self, line: Mapping[str, object]) -> None:
            super().write(line)
            camera.take()

    return SeenStore, SeenWorker


async def scenario(camera: Camera) -> None:
    play, clock = camera.play, camera.clock
    store, worker = photographed(camera)
    async with field(camera.place, play, clock, store=store, worker_type=worker) as here:
        play.step = camera.take
        cron = await here.job("cron", TimeType=1, TimeExpression="0/10 * * * * ?", Content="hold")
        chain = await here.job("chain", TimeType=4, TimeExpression="5")
        plain = await here.job("plain", MaxConcurrency=2)
        await here.tick(chain, 5, 1)
        await here.ended(chain)
        (held,) = await here.tick(cron, 5, 1)
        camera.promised.append(await here.engine.manual.execute(plain))
        camera.promised.append(await here.engine.manual.execute(plain, parameters="again"))
        await here.ended(plain, 2)
        await here.running(held.id)
        await here.engine.manual.stop(here.instance(held.id), "tester")
        camera.stopped.append(held.id)
        await here.ended(cron)
        play.step = lambda: None


async def goes_on(place: Place, moment: Moment) -> None:
    play = Play()
    play.starts, play.over = moment.starts, moment.over
    if moment.rows is not None:
        assert place.url
        moment.rows.put_back(place.url)
    async with field(place.beside(moment.folder), play, HandClock(moment.at)) as here:

        def idle() -> bool:
            """Nothing goes on, and what time fires will fire again: an end in the past lets the chain go on at once."""
            open_ = here.store.read_now(instances.unfinished)
            for row in open_:
                play.finish(row.id)
            timed = [
                row for row in here.store.read_now(lambda c: jobs.page(c, here.group.id))[0] if row.name != "plain"
            ]
            return not open_ and all(row.next_fire is not None and row.next_fire > moment.at for row in timed)

        await here.until(idle)
        rows = here.store.read_now(lambda c: instances.page(c, here.group.id, size=100))[0]
        assert set(moment.promised) <= {row.id for row in rows}, "an acknowledged instance is lost"
        for row in rows:
            names = [name for name in play.starts if name.startswith(f"aj-{row.id:x}-")]
            never = row.cause == "stopped" and json.loads(row.outcome)["stop"]["by"] == "never started"
            assert [play.starts[name] for name in names] == ([] if never else [1]), f"{row} started {names}"
            assert row.status is InstanceStatus.SUCCESS or row.cause == "stopped", row
            if row.id in moment.stopped:
                assert row.cause == "stopped", "an acknowledged stop is lost"
                assert row.result == "killed from server: stopped by tester", "who asked for the stop is lost"
        started = {name.split("-")[1] for name in play.starts}
        assert started <= {f"{row.id:x}" for row in rows}, "something ran that the store does not know"
        fired = Counter((row.job, row.schedule_time) for row in rows if row.trigger is TriggerType.SCHEDULED)
        assert set(fired.values()) <= {1}, "a firing was doubled"
        await here.until(lambda: not here.own.live)  # the worker keeps nothing


def test_from_every_moment_the_work_comes_to_its_end_once(place: Place, tmp_path: Path) -> None:
    (tmp_path / "shots").mkdir()
    place.open().close()  # its tables are there before the first look
    with nullcontext() if place.url is None else psycopg.connect(place.url) as c:
        camera = Camera(place, tmp_path / "shots", Play(), HandClock(), c)
        asyncio.run(scenario(camera))
    assert len(camera.moments) > 50

    async def all_of_them() -> None:
        for moment in camera.moments:
            await goes_on(place, moment)

    asyncio.run(all_of_them())


def test_a_folder_of_another_database_is_refused(place: Place) -> None:
    async def go(place: Place) -> None:
        async with field(place):
            pass

    asyncio.run(go(place))
    for name in ("server.db", "server.key"):
        (place.state / name).unlink(missing_ok=True)
    with pytest.raises(OtherDatabase, match="its runs would be lost") as caught:
        asyncio.run(go(Place(place.state, place.postgres)))
    assert isinstance(caught.value, WorkerError)


def test_what_the_database_does_not_expect_is_stopped(place: Place) -> None:
    async def go() -> None:
        play = Play()
        async with field(place, play) as here:
            job = (await here.job(Content="hold")).job
        worker = Worker(here.host, place.state / "worker")
        own = Instances(worker)
        async with worker:
            await own.fire(Firing(job=job, instance=7))
            await here.until(lambda: play.starts.total() == 1)
            await own.close()
        async with field(place, play) as here:
            assert play.over["aj-7-0-1"].cause is Cause.REMOTE_FAILED, "nobody stopped it"
            assert not worker_has(place.state)

    def worker_has(state: Path) -> bool:
        lines = [json.loads(line) for line in (state / "worker/worker.jsonl").read_text().splitlines()]
        return "instance_forgot" not in {line["m"] for line in lines}

    asyncio.run(go())


def test_a_run_that_the_folder_lost_is_lost_and_not_started_again(place: Place) -> None:
    async def go() -> None:
        play = Play()
        async with field(place, play) as here:
            ident = await here.engine.manual.execute(await here.job(Content="hold"))
            await here.running(ident)
        (place.state / "worker/worker.jsonl").unlink()
        async with field(place, play) as here:
            await here.until(lambda: here.instance(ident).status.finished)
            assert here.instance(ident).cause == "node_lost"
            assert play.starts.total() == 1

    asyncio.run(go())


def test_a_run_that_began_is_told_by_the_next_server_if_the_last_could_not(place: Place) -> None:
    """It died after the run's start, before the store knew of it."""
    untold = update(INSTANCES).values(status=int(InstanceStatus.POOL), start_time=None, work_addr="")

    async def go() -> None:
        play = Play()
        async with field(place, play) as here:
            job = await here.job(Content="hold")
            one = await here.engine.manual.execute(job)
            await here.running(one)
        store = place.open()
        try:
            await store.write(lambda c: c.execute(untold.where(INSTANCES.c.id == one)))
        finally:
            store.close()
        async with field(place, play) as here:
            await here.running(one)
            assert here.instance(one).start_time is not None
            play.finish(one)
            await here.ended(job)
            assert play.starts.total() == 1

    asyncio.run(go())


def test_what_waits_waits_on_after_a_restart_in_its_order(place: Place) -> None:
    async def go() -> None:
        play = Play()
        async with field(place, play, slots=1) as here:
            job = await here.job(Content="hold", MaxConcurrency=9)
            first, second = [await here.engine.manual.execute(job) for _ in range(2)]
            high = await here.engine.manual.execute(await here.job("high", Content="hold", Priority=15))
            await here.running(first)
        async with field(place, play, slots=1) as here:
            for one in (first, high, second):
                await here.running(one)
                assert play.starts.total() == [first, high, second].index(one) + 1
                play.finish(one)
                await here.until(lambda one=one: here.instance(one).status.finished)

    asyncio.run(go())
