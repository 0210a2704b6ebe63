"""A disk without room: nothing new is begun, what has ended waits to be kept, and all goes on when there is room."""

from __future__ import annotations

import asyncio
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.plugins.server.engine.play import field

from anyjob.status import InstanceStatus
from anyjob_server.engine.errors import NoRoom, NotFired, Reason

pytestmark = pytest.mark.needs("root")


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 16 MB."""
    disk = tmp_path / "disk"
    disk.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=16m", "tmpfs", disk], check=True)
    yield disk
    subprocess.run(["umount", "-l", disk], check=True)


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


def test_below_the_floor_nothing_fires_and_above_it_again(small_disk: Path) -> None:
    async def go() -> None:
        async with field(small_disk / "state", floor=4 << 20) as here:
            job = await here.job(TimeType=1, TimeExpression="0/10 * * * * ?")
            await here.tick(job, 10, 1)
            await here.ended(job)
            fill(small_disk / "ballast", 2 << 20)
            await asyncio.sleep(0.6)  # an answer holds for half a second
            for count in range(1, 4):
                # Less room each time, and a moment late: neither is told, so that the three are one reason.
                fill(small_disk / f"ballast{count}", (2 << 20) - count * (300 << 10))
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
            (small_disk / "ballast").unlink()
            await asyncio.sleep(0.6)
            assert len(await here.tick(job, 10, 2)) == 2

    asyncio.run(go())


def test_an_end_that_finds_no_room_is_kept_when_there_is_some(small_disk: Path) -> None:
    async def go() -> None:
        async with field(small_disk / "state") as here:
            job = await here.job(Content="hold", MaxConcurrency=5)
            ident = await here.engine.manual.execute(job)
            await here.running(ident)
            fill(small_disk / "ballast", 0)
            here.play.finish(ident)

            async def execute_on() -> None:
                while True:  # the last pages of the database may still take one
                    await here.engine.manual.execute(job)

            with pytest.raises(NotFired) as refused:
                await execute_on()
            assert refused.value.reason in (Reason.FULL, Reason.MAX_CONCURRENCY)
            await asyncio.sleep(0.3)
            (small_disk / "ballast").unlink()
            await here.until(lambda: here.instance(ident).status is InstanceStatus.SUCCESS)

            def over() -> bool:
                for row in here.of(job):
                    here.play.finish(row.id)
                return all(row.status.finished for row in here.of(job))

            await here.until(over)

    asyncio.run(go())
