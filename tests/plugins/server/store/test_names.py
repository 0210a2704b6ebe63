"""Jobs found by a part of their name: what is in memory is what the database has."""

from __future__ import annotations

import asyncio
import random
from dataclasses import replace

import pytest
from sqlalchemy import Connection
from tests.plugins.server.store.place import Place, a_group, a_job

from anyjob.job import JobStatus
from anyjob_server.store import Store, jobs
from anyjob_server.store.errors import NameTaken


async def found(store: Store, group: int, part: str, status: JobStatus | None = None) -> list[int]:
    return await store.read(store.names.search(group, part, status))


def test_by_a_part_of_the_name(place: Place) -> None:
    async def run() -> None:
        store = place.open()
        group, other = await a_group(store), await a_group(store, "other")
        called = ["Job_1", "jobX1", "nightly 100%", "Größe", "GRÖSSE", "Ümlaut", "/x"]
        made = [a_job(group, name) for name in called]
        made[1] = replace(made[1], status=JobStatus.DISABLED)
        ids = await store.write(lambda c: jobs.insert(c, [*made, a_job(other, "Job_1")]))
        for part, those in {
            "job_": [0],
            "JOB": [0, 1],
            "%": [2],
            "100%": [2],
            "grösse": [3, 4],
            "üm": [5],
            "/": [6],
            "none": [],
        }.items():
            assert await found(store, group, part) == [ids[one] for one in those], part
        assert await found(store, group, "job", JobStatus.ENABLED) == [ids[0]]
        assert await found(store, group, "job", JobStatus.DISABLED) == [ids[1]]

    asyncio.run(run())


def test_follows_each_change(place: Place) -> None:
    async def run() -> None:
        store = place.open()
        group = await a_group(store)
        (first, second) = await store.write(lambda c: jobs.insert(c, [a_job(group, "one"), a_job(group, "two")]))
        assert await found(store, group, "o") == [first, second]
        (third,) = await store.write(lambda c: jobs.insert(c, [a_job(group, "four")]))
        assert await found(store, group, "o") == [first, second, third]
        row = store.read_now(lambda c: jobs.get(c, second))
        assert row is not None
        await store.write(lambda c: jobs.update(c, replace(row, name="six", status=JobStatus.DISABLED)))
        assert await found(store, group, "o") == [first, third]
        assert await found(store, group, "six", JobStatus.DISABLED) == [second]
        await store.write(lambda c: jobs.delete(c, [first]))
        assert await found(store, group, "o") == [third]

    asyncio.run(run())


def test_what_was_undone_is_not_found(place: Place) -> None:
    """A change that fails among others of its transaction, and after it had made a job."""

    async def run() -> None:
        store = place.open()
        group = await a_group(store)
        await store.write(lambda c: jobs.insert(c, [a_job(group, "taken")]))
        assert len(await found(store, group, "t")) == 1
        outcomes = await asyncio.gather(
            store.write(lambda c: jobs.insert(c, [a_job(group, "ten")])),
            store.write(lambda c: jobs.insert(c, [a_job(group, "thirty")])),
            # The last, as an id that was undone is given to the next.
            store.write(lambda c: jobs.insert(c, [a_job(group, "twenty"), a_job(group, "taken")])),
            return_exceptions=True,
        )
        assert isinstance(outcomes[2], NameTaken)
        assert await found(store, group, "twenty") == []
        assert len(await found(store, group, "t")) == 3
        with pytest.raises(NameTaken):
            await store.write(lambda c: jobs.insert(c, [a_job(group, "twelve"), a_job(group, "taken")]))
        assert await found(store, group, "twelve") == []

    asyncio.run(run())


def test_first_search_misses_nothing_that_changes_meanwhile(place: Place) -> None:
    """What is written between the question and its snapshot, and between the snapshot and its end."""

    async def run() -> None:
        store = place.open()
        group = await a_group(store)
        (old, goes) = await store.write(lambda c: jobs.insert(c, [a_job(group, "old"), a_job(group, "old goes")]))
        search = store.names.search(group, "o")
        (before,) = await store.write(lambda c: jobs.insert(c, [a_job(group, "before")]))

        async def within() -> list[int]:
            made = await store.write(lambda c: jobs.insert(c, [a_job(group, "after, not so old")]))
            await store.write(lambda c: jobs.delete(c, [goes]))
            return made

        loop, after = asyncio.get_running_loop(), list[int]()

        def ask(c: Connection) -> list[int]:
            jobs.get(c, old)  # the snapshot stands from here on
            after.extend(asyncio.run_coroutine_threadsafe(within(), loop).result(10))
            return search(c)

        assert await store.read(ask) == [old, before, *after]
        assert await found(store, group, "o") == [old, before, *after]

    asyncio.run(run())


def test_forgets_where_nobody_knows_what_was_kept(place: Place) -> None:
    async def run() -> None:
        store = place.open()
        group = await a_group(store)
        (one,) = await store.write(lambda c: jobs.insert(c, [a_job(group, "one")]))
        assert await found(store, group, "one") == [one]
        place.ask(f"UPDATE jobs SET name = 'other' WHERE id = {one}")  # as if it had been in that commit
        assert await found(store, group, "one") == [one]
        early = store.names.search(group, "other")
        store.names.forget()
        assert await store.read(early) == [one], "a question of before reads anew"
        assert await found(store, group, "one") == []

    asyncio.run(run())


def test_any_order_of_changes_and_searches(place: Place) -> None:
    async def run() -> None:
        dice = random.Random(4)
        store = place.open()
        group = await a_group(store)
        there: dict[int, str] = {}

        async def step(number: int) -> None:
            match dice.randrange(4) if there else 0:
                case 0:
                    name = f"{dice.choice('ab')} {number}"
                    (job,) = await store.write(lambda c: jobs.insert(c, [a_job(group, name)]))
                    there[job] = name
                case 1:
                    job, _ = there.popitem()
                    await store.write(lambda c: jobs.delete(c, [job]))
                case 2:
                    job, name = next(iter(there)), f"{dice.choice('ab')} again {number}"
                    there[job] = name
                    row = store.read_now(lambda c: jobs.get(c, job))
                    assert row is not None
                    await store.write(lambda c: jobs.update(c, replace(row, name=name)))
                case _:
                    await found(store, group, "a")

        for number in range(200):
            await step(number)
            for part in "ab":
                assert await found(store, group, part) == sorted(j for j, n in there.items() if part in n), number

    asyncio.run(run())
