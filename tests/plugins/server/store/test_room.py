"""A disk that is full stops new work and loses nothing, and the store goes on by itself when there is room."""

from __future__ import annotations

import asyncio
import os
import secrets
from collections.abc import Callable
from functools import partial
from itertools import count
from pathlib import Path

import pytest
from sqlalchemy import Connection
from tests.grounds.postgres.cluster import Postgres
from tests.plugins.server.store.place import Place, an_instance
from tests.plugins.server.store.smalldisk import small_disk

from anyjob.status import InstanceStatus
from anyjob_server.store import Store, StoreFull, Transition, instances, meta

LARGE = secrets.token_hex(25_000)  # nothing makes it smaller


async def until_full(store: Store, start: int) -> list[int]:
    """Eight write at one time, until each is refused; the instances that were answered."""
    ids, kept = count(start), list[int]()

    async def one() -> None:
        while True:
            row = an_instance(next(ids), parameters=LARGE)
            try:
                await store.write(partial(instances.insert, rows=[row]))
            except StoreFull:
                return
            kept.append(row.id)

    await asyncio.gather(*(one() for _ in range(8)))
    return kept


async def room(store: Store) -> None:
    while store.room is not None:
        await asyncio.sleep(0.01)


async def it_stops_and_goes_on(store: Store, make_room: Callable[[], object]) -> None:
    await store.write(lambda c: instances.insert(c, [an_instance(1)]))
    assert store.room is None
    kept = await until_full(store, 100)
    assert len(kept) > 8
    assert "has no room" in (store.room or "")
    found = store.read_now(lambda c: [row.id for row in instances.unfinished(c)])
    assert found == [1, *sorted(kept)], "what was answered, and nothing else"
    made = make_room()
    if asyncio.iscoroutine(made):
        await made
    await room(store)
    await store.write(lambda c: instances.insert(c, [an_instance(2, parameters=LARGE)]))
    assert store.read_now(lambda c: (instances.get(c, 2) is not None, meta.get(c, meta.PROBE))) == (True, None)


def test_sqlites_own_limit(tmp_path: Path) -> None:
    """Small changes still fit where a large one does not, also in a group with it."""
    store = Store.open(None, tmp_path, floor=0)

    def limit(pages: int) -> Callable[[Connection], object]:
        return lambda c: c.exec_driver_sql(f"PRAGMA max_page_count={pages}").scalar()

    async def run() -> None:
        await store.write(limit(400))

        async def more() -> None:
            ended = Transition(id=1, to=InstanceStatus.FAILED, expect=[InstanceStatus.WAITING])
            large = [
                store.write(lambda c, n=n: instances.insert(c, [an_instance(n, parameters=LARGE)])) for n in (8, 9)
            ]
            small = store.write(lambda c: instances.transition(c, [ended]))
            first, done, second = await asyncio.gather(large[0], small, large[1], return_exceptions=True)
            assert (type(first), done, type(second)) == (StoreFull, {1}, StoreFull)
            assert "Nothing of this change is kept" in str(first)
            assert store.room is not None, "what is small says nothing of room for new work"
            await asyncio.sleep(0.7)  # the writer has looked
            assert store.room is not None, "it tries, and does not just forget"
            await store.write(limit(100_000))

        await it_stops_and_goes_on(store, more)

    asyncio.run(run())
    store.close()


@pytest.mark.needs("root")
def test_a_full_disk_under_sqlite(tmp_path: Path) -> None:
    with small_disk(tmp_path) as disk:
        ballast = disk / "ballast"
        ballast.write_bytes(bytes(16 << 20))
        store = Store.open(None, disk / "state", floor=0)
        asyncio.run(it_stops_and_goes_on(store, ballast.unlink))
        store.close()
        again = Store.open(None, disk / "state", floor=0)
        assert again.read_now(lambda c: instances.get(c, 2)) is not None
        again.close()


@pytest.mark.needs("root", "postgres")
def test_a_full_disk_under_postgresql(postgres: Postgres, tmp_path: Path) -> None:
    with small_disk(postgres.dir) as disk:  # whose user has no way into the tests' own folder
        space = disk / "space"
        space.mkdir()
        place = Place(tmp_path / "state", postgres, space)
        ballast = disk / "ballast"
        ballast.write_bytes(bytes(9 << 20))
        asyncio.run(it_stops_and_goes_on(place.open(), ballast.unlink))
        place.close()
        assert place.url
        postgres.drop(place.url)


def test_a_floor_of_free_bytes(tmp_path: Path) -> None:
    """Below it no new work is taken, and all that goes on is still written."""
    free = os.statvfs(tmp_path).f_bavail * os.statvfs(tmp_path).f_frsize
    store = Store.open(None, tmp_path, floor=free * 2)
    assert f"has less free than server.free_disk ({free * 2 >> 20} MiB)" in (store.room or "")
    asyncio.run(store.write(lambda c: meta.put(c, "a", "b")))
    assert store.read_now(lambda c: meta.get(c, "a")) == "b"
    store.close()
