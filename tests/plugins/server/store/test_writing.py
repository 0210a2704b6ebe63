"""One writer for all: each change whole or not at all, together with others or not."""

from __future__ import annotations

import asyncio
import sqlite3
import threading
from pathlib import Path

import pytest
from sqlalchemy import Connection
from tests.plugins.server.store.place import Place, a_group, a_job

from anyjob_server.store import NameTaken, Store, StoreLost, jobs, meta, outbox


class Gate:
    """A change that holds the writer until others wait behind it."""

    def __init__(self) -> None:
        self.open, self.begun = threading.Event(), threading.Event()

    def __call__(self, _: Connection) -> None:
        self.begun.set()
        self.open.wait(60)


def message(kind: str) -> outbox.OutboxRow:
    return outbox.OutboxRow(at=1, kind=kind, job=1, group=1)


def test_one_that_fails_fails_alone(place: Place) -> None:
    """Sixty changes of one transaction; every third raises after it has written."""
    store, gate, transactions = place.open(), Gate(), set[str]()

    def change(c: Connection, number: int) -> int:
        outbox.add(c, [message(f"first {number}")])
        transactions.add("one" if place.url is None else str(c.exec_driver_sql("SELECT pg_current_xact_id()").scalar()))
        if number % 3 == 1:
            raise ValueError(number)
        if number % 3 == 2:
            jobs.insert(c, [a_job(group, "taken")])
        outbox.add(c, [message(f"second {number}")])
        return number

    async def run() -> list[int | BaseException]:
        nonlocal group
        group = await a_group(store)
        await store.write(lambda c: jobs.insert(c, [a_job(group, "taken")]))
        first = asyncio.ensure_future(store.write(gate))
        await asyncio.to_thread(gate.begun.wait)
        others = [asyncio.ensure_future(store.write(lambda c, n=n: change(c, n))) for n in range(60)]
        await asyncio.sleep(0)
        gate.open.set()
        await first
        return await asyncio.gather(*others, return_exceptions=True)

    group = 0
    answers = asyncio.run(run())
    assert [type(answer) for answer in answers] == [int, ValueError, NameTaken] * 20
    assert answers[::3] == list(range(0, 60, 3)), "each has its own answer"
    kinds = [row.kind for row in store.read_now(outbox.unsent)]
    assert kinds == [f"{word} {number}" for number in range(0, 60, 3) for word in ("first", "second")], "in order"
    assert len(transactions) <= 2, "on PostgreSQL a second one, once the first has failed"


@pytest.mark.parametrize("error", [StopIteration, asyncio.CancelledError])
def test_what_ends_threads_ends_no_writer(error: type[BaseException], tmp_path: Path) -> None:
    def change(_: Connection) -> None:
        raise error

    async def run() -> None:
        store = Store.open(None, tmp_path)
        answers = await asyncio.gather(
            *(store.write(change) for _ in range(3)),
            store.write(lambda c: meta.put(c, "a", "b")),
            return_exceptions=True,
        )
        assert [type(answer) for answer in answers[:3]] == [RuntimeError if error is StopIteration else error] * 3
        assert store.read_now(lambda c: meta.get(c, "a")) == "b"
        store.close()

    asyncio.run(run())


def test_read_after_write(place: Place) -> None:
    async def run() -> None:
        store = place.open()

        async def one(name: str) -> None:
            for number in range(20):
                await store.write(lambda c, value=str(number): meta.put(c, name, value))
                assert await store.read(lambda c: meta.get(c, name)) == str(number)
                assert store.read_now(lambda c: meta.get(c, name)) == str(number)

        await asyncio.gather(*(one(f"name {n}") for n in range(8)))

    asyncio.run(run())


def test_reading_changes_nothing(place: Place) -> None:
    async def run() -> None:
        store = place.open()
        with pytest.raises(Exception, match=r"(?i)read.?only"):
            store.read_now(lambda c: meta.put(c, "a", "b"))
        with pytest.raises(Exception, match=r"(?i)read.?only"):
            await store.read(lambda c: meta.put(c, "a", "b"))
        assert store.read_now(lambda c: meta.get(c, "a")) is None
        with pytest.raises(KeyError, match="mine"):
            await store.read(lambda _: {"yours": 1}["mine"])

    asyncio.run(run())


def test_a_reader_sees_one_moment(place: Place) -> None:
    """What is written while a reader reads is not half seen, and waits for no reader."""

    async def run() -> None:
        store = place.open()
        await store.write(lambda c: meta.put(c, "a", "old"))
        began, go_on = threading.Event(), threading.Event()

        def slow(c: Connection) -> list[str | None]:
            first = meta.get(c, "a")
            began.set()
            go_on.wait(60)
            return [first, meta.get(c, "a")]

        reading = asyncio.ensure_future(store.read(slow))
        await asyncio.to_thread(began.wait)
        await store.write(lambda c: meta.put(c, "a", "new"))
        assert store.read_now(lambda c: meta.get(c, "a")) == "new"
        go_on.set()
        assert await reading == ["old", "old"]

    asyncio.run(run())


def test_a_caller_that_goes(place: Place) -> None:
    """One that is cancelled while it waits is not carried out, and harms nobody."""

    async def run() -> None:
        store, gate = place.open(), Gate()
        first = asyncio.ensure_future(store.write(gate))
        await asyncio.to_thread(gate.begun.wait)
        gone = asyncio.ensure_future(store.write(lambda c: meta.put(c, "gone", "x")))
        stays = asyncio.ensure_future(store.write(lambda c: meta.put(c, "stays", "x")))
        await asyncio.sleep(0)
        gone.cancel()
        first.cancel()
        await asyncio.sleep(0)
        gate.open.set()
        await stays
        assert store.read_now(lambda c: (meta.get(c, "gone"), meta.get(c, "stays"))) == (None, "x")

    asyncio.run(run())


def test_one_that_does_not_answer(tmp_path: Path) -> None:
    """No new work while the database hangs, though nothing has failed."""

    async def run() -> None:
        store, gate = Store.open(None, tmp_path, patience=0.01), Gate()
        held = asyncio.ensure_future(store.write(gate))
        while not (store.room or "").startswith(f"The database {tmp_path}/server.db has not answered for"):
            await asyncio.sleep(0.01)
        gate.open.set()
        await held
        while store.room is not None:
            await asyncio.sleep(0.01)
        store.close()

    asyncio.run(run())


def test_closing_waits_for_what_was_accepted(place: Place) -> None:
    store, gate = place.open(), Gate()

    async def run() -> None:
        waiting = [asyncio.ensure_future(store.write(gate))]
        waiting += [asyncio.ensure_future(store.write(lambda c, n=n: meta.put(c, str(n), "x"))) for n in range(300)]
        await asyncio.sleep(0)
        gate.open.set()
        await asyncio.to_thread(store.close)
        await asyncio.gather(*waiting)

    asyncio.run(run())
    assert place.ask("SELECT count(*) FROM meta WHERE value = 'x'") == [(300,)]


def test_another_program_holds_sqlites_file(tmp_path: Path) -> None:
    """The writer waits for it; one that does not let go is told of, and nothing of the change is kept."""
    store = Store.open(None, tmp_path, patience=0)
    other = sqlite3.connect(tmp_path / "server.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")

    async def run() -> None:
        waiting = asyncio.ensure_future(store.write(lambda c: meta.put(c, "a", "x")))
        await asyncio.sleep(0.05)
        assert not waiting.done()
        other.execute("COMMIT")
        await waiting
        await store.write(lambda c: c.exec_driver_sql("PRAGMA busy_timeout=50"))
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(StoreLost, match=r"database is locked\..* Nothing of this change is kept") as caught:
            await store.write(lambda c: meta.put(c, "b", "x"))
        assert not caught.value.unknown
        assert "is locked" in (store.room or "")
        other.execute("COMMIT")
        while store.room:
            await asyncio.sleep(0.01)
        assert store.read_now(lambda c: (meta.get(c, "a"), meta.get(c, "b"))) == ("x", None)

    asyncio.run(run())
    other.close()
    store.close()


def test_synchronous_and_journal(tmp_path: Path) -> None:
    """What SQLite is told on the connection that writes: durable on the disk, not in the cache."""
    store = Store.open(None, tmp_path)

    def pragmas(c: Connection) -> list[object]:
        return [c.exec_driver_sql(f"PRAGMA {name}").scalar() for name in ("journal_mode", "synchronous")]

    assert asyncio.run(store.write(pragmas)) == ["wal", 2]
    store.close()
