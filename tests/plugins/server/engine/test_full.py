"""A disk without room: nothing new is begun, what has ended waits to be kept, and all goes on when there is room."""

from __future__ import annotations

import asyncio
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

import pytest
from tests.grounds.postgres.cluster import Postgres
from tests.plugins.server.engine.play import field
from tests.plugins.server.store.place import Place
from tests.plugins.server.store.smalldisk import small_disk

from anyjob.status import InstanceStatus
from anyjob_server.engine.errors import NoRoom, NotFired, Reason

pytestmark = pytest.mark.needs("root")


@contextmanager
def on_sqlite(tmp_path: Path) -> Generator[tuple[Place, Path]]:
    """A database and the worker's folder on a small disk, and that disk."""
    with small_disk(tmp_path) as disk:
        yield Place(disk / "state", None), disk


@contextmanager
def on_postgresql(postgres: Postgres, tmp_path: Path) -> Generator[tuple[Place, Path]]:
    """A database on a small disk, and that disk; the worker's folder is elsewhere, as on another machine."""
    with small_disk(postgres.dir) as disk:  # whose user has no way into the tests' own folder
        space = disk / "space"
        space.mkdir()
        place = Place(tmp_path / "state", postgres, space)
        yield place, disk
        assert place.url
        postgres.drop(place.url)


def fill(ballast: Path, leave: int) -> None:
    """Leave so many bytes free."""
    with ballast.open("wb", buffering=0) as file:
        try:
            while True:
                file.write(b"x" * 65536)
        except OSError:
            pass
        for size in (4096, 1):
            try:
                while True:
                    file.write(b"x" * size)
            except OSError:
                continue
        file.truncate(file.tell() - leave)


def test_below_the_floor_nothing_fires_and_above_it_again(tmp_path: Path) -> None:
    """SQLite's own disk; PostgreSQL's may be another machine's."""

    async def go(place: Place, disk: Path) -> None:
        async with field(place, floor=4 << 20) as here:
            job = await here.job(TimeType=1, TimeExpression="0/10 * * * * ?")
            await here.tick(job, 10, 1)
            await here.ended(job)
            fill(disk / "ballast", 2 << 20)
            await asyncio.sleep(0.6)  # an answer holds for half a second
            for count in range(1, 4):
                # Less room each time, and a moment late: neither is told, so that the three are one reason.
                fill(disk / f"ballast{count}", (2 << 20) - count * (300 << 10))
                await asyncio.sleep(0.6)
                here.clock.on(10 if count > 1 else 12)
                await here.until(lambda count=count: here.reasons(job) == [("full", count)])
            (said,) = (await here.engine.why(job)).reasons
            assert (said.at % 10_000, said.last - said.at) == (0, 20_000), "the firings' own times"
            with pytest.raises(NotFired) as refused:
                await here.engine.manual.execute(job)
            assert refused.value.reason is Reason.FULL
            with pytest.raises(NoRoom, match=r"was not kept: .* free"):
                await here.job("another")
            assert "free" in (await here.engine.why(job)).now
            (disk / "ballast").unlink()
            await asyncio.sleep(0.6)
            assert len(await here.tick(job, 10, 2)) == 2

    with on_sqlite(tmp_path) as (place, disk):
        asyncio.run(go(place, disk))


@pytest.mark.parametrize("kind", ["sqlite", pytest.param("postgresql", marks=pytest.mark.needs("postgres"))])
def test_an_end_that_finds_no_room_is_kept_when_there_is_some(
    request: pytest.FixtureRequest, kind: str, tmp_path: Path
) -> None:
    async def go(place: Place, disk: Path) -> None:
        async with field(place) as here:
            job = await here.job(Content="hold", MaxConcurrency=5)
            ident = await here.engine.manual.execute(job)
            await here.running(ident)
            fill(disk / "ballast", 0)
            here.play.finish(ident)

            async def execute_on() -> None:
                while True:  # the last pages of the database may still take one
                    await here.engine.manual.execute(job)

            with pytest.raises(NotFired) as refused:
                await execute_on()
            assert refused.value.reason in (Reason.FULL, Reason.MAX_CONCURRENCY)
            await asyncio.sleep(0.3)
            (disk / "ballast").unlink()
            await here.until(lambda: here.instance(ident).status is InstanceStatus.SUCCESS)

            def over() -> bool:
                for row in here.of(job):
                    here.play.finish(row.id)
                return all(row.status.finished for row in here.of(job))

            await here.until(over)

    postgres: Postgres | None = request.getfixturevalue("postgres") if kind == "postgresql" else None
    with on_sqlite(tmp_path) if postgres is None else on_postgresql(postgres, tmp_path) as (place, disk):
        asyncio.run(go(place, disk))
