"""PostgreSQL goes away and comes back: nothing that was answered is lost, nothing is done twice, what is not known is
said."""

from __future__ import annotations

import asyncio
import signal
from collections import Counter
from collections.abc import Generator
from functools import partial
from pathlib import Path

import pytest
from sqlalchemy import Connection
from tests.grounds.postgres.cluster import Postgres
from tests.plugins.server.store.place import Place

from anyjob_server.store import Store, StoreLost, meta, outbox

pytestmark = pytest.mark.needs("postgres")


@pytest.fixture
def place(postgres: Postgres, tmp_path: Path) -> Generator[Place]:
    made = Place(tmp_path / "state", postgres)
    yield made
    postgres.start()
    made.close()


def kinds(store: Store) -> Counter[str]:
    return Counter(row.kind for row in store.read_now(lambda c: outbox.unsent(c, 100_000)))


def message(token: str) -> outbox.OutboxRow:
    return outbox.OutboxRow(at=1, kind=token, job=1, group=1)


@pytest.mark.parametrize("sig", [signal.SIGINT, signal.SIGQUIT], ids=["restart", "crash"])
def test_restarted_while_many_write(place: Place, postgres: Postgres, sig: signal.Signals) -> None:
    """Nobody is told of it: each waits, and its change is carried out once. Only a crash may leave one whose fate the
    server itself does not know: its writer is told so, and it is kept once or not at all."""
    store, answered, doubted, ending = place.open(), list[str](), list[str](), asyncio.Event()

    async def one(name: str) -> None:
        number = 0
        while not ending.is_set():
            token = f"{name}-{number}"
            try:
                await store.write(partial(outbox.add, rows=[message(token)]))
                answered.append(token)
            except StoreLost as lost:
                if not lost.unknown or sig is not signal.SIGQUIT:
                    raise
                doubted.append(token)
            number += 1

    async def run() -> None:
        writers = [asyncio.ensure_future(one(str(n))) for n in range(16)]

        async def some_more() -> None:
            """A writer that has ended failed: nobody waits for what it would have written."""
            before = len(answered)
            while len(answered) < before + 100 and not any(writer.done() for writer in writers):
                await asyncio.sleep(0.01)
            if ended := [writer for writer in writers if writer.done()]:
                await asyncio.gather(*ended)

        try:
            for _ in range(3):
                await some_more()
                await asyncio.to_thread(postgres.stop, sig)
                await asyncio.sleep(0.05)
                await asyncio.to_thread(postgres.start)
            await some_more()
        finally:
            ending.set()
        await asyncio.gather(*writers)

    asyncio.run(run())
    kept = kinds(store)
    assert {token: kept[token] for token in answered} == dict.fromkeys(answered, 1)
    assert set(kept) <= {*answered, *doubted}
    assert max(kept.values()) == 1
    assert len(doubted) <= 3 * 16, "a crash leaves at most what was on its way"
    assert store.room is None


def test_one_that_stays_away(place: Place, postgres: Postgres) -> None:
    """Writers and readers are told, with what is kept; the store goes on by itself."""
    store = place.open(patience=0.2)

    async def run() -> None:
        await store.write(partial(outbox.add, rows=[message("before")]))
        await asyncio.to_thread(postgres.stop)
        with pytest.raises(StoreLost, match="Nothing of this change is kept") as caught:
            await store.write(partial(outbox.add, rows=[message("lost")]))
        assert not caught.value.unknown
        assert "is lost" in (store.room or "")
        with pytest.raises(StoreLost):
            await store.read(outbox.unsent)
        with pytest.raises(StoreLost):
            store.read_now(outbox.unsent)
        await asyncio.to_thread(postgres.start)
        while store.room is not None:
            await asyncio.sleep(0.01)
        await store.write(partial(outbox.add, rows=[message("after")]))
        assert len(await store.read(outbox.unsent)) == 2
        assert kinds(store) == Counter(["before", "after"])

    asyncio.run(run())


@pytest.mark.parametrize("there", [True, False])
def test_gone_in_the_commit(place: Place, postgres: Postgres, *, there: bool) -> None:
    """The answer to a commit is lost. The server's own record says how it ended; without it, so does the store."""
    store = place.open(patience=5 if there else 0.2)

    async def run() -> None:
        await store.write(partial(outbox.add, rows=[message("before")]))
        calls = list[int]()

        def change(c: Connection) -> None:
            calls.append(1)
            outbox.add(c, [message("in doubt")])
            driver = c.connection.driver_connection
            assert driver is not None
            commit = driver.commit

            def commit_unheard() -> None:
                """As the network would have it: carried out, and never answered."""
                del driver.commit
                commit()
                if not there:
                    postgres.stop()
                driver.close()
                driver.execute("SELECT 1")

            driver.commit = commit_unheard

        if there:
            await store.write(change)
        else:
            with pytest.raises(StoreLost, match="Whether this change is kept is not known: read it back") as caught:
                await store.write(change)
            assert caught.value.unknown
            await asyncio.to_thread(postgres.start)
        assert calls == [1]
        assert kinds(store) == Counter(["before", "in doubt"]), "kept, and once"

    asyncio.run(run())


def test_rolled_back_in_the_commit(place: Place) -> None:
    """A commit that never reached the server is made again."""
    store = place.open()
    calls = list[int]()

    def change(c: Connection) -> None:
        calls.append(1)
        outbox.add(c, [message("once")])
        if len(calls) == 1:
            driver = c.connection.driver_connection
            assert driver is not None

            def commit_lost() -> None:
                driver.close()
                driver.execute("SELECT 1")

            driver.commit = commit_lost

    asyncio.run(store.write(change))
    assert calls == [1, 1]
    assert kinds(store) == Counter(["once"])


def test_a_poisonous_change_harms_itself_alone(place: Place) -> None:
    """One that ends the connection each time does not take along those that wait with it."""
    store = place.open(patience=0.5)

    def poison(c: Connection) -> None:
        c.exec_driver_sql("SELECT pg_terminate_backend(pg_backend_pid())")

    async def run() -> None:
        writes = [store.write(lambda c, n=n: meta.put(c, f"n{n}", "x")) for n in range(3)]
        first, poisoned, *others = await asyncio.gather(
            writes[0], store.write(poison), *writes[1:], return_exceptions=True
        )
        assert (first, others) == (None, [None, None])
        assert isinstance(poisoned, StoreLost)

    asyncio.run(run())


def test_another_server_meanwhile(place: Place, postgres: Postgres, tmp_path: Path) -> None:
    """While this one had no connection another server has written: this one must not go on."""
    store = place.open(patience=0.2)
    postgres.stop()
    postgres.start()
    other = Place(place.state, None)
    other.url = place.url
    taken = other.open()
    with pytest.raises(StoreLost, match="is in use by anyjob-server"):
        asyncio.run(store.write(lambda c: meta.put(c, "a", "b")))
    taken.close()
    with pytest.raises(StoreLost, match="another server has used it meanwhile: start this one again"):
        asyncio.run(store.write(lambda c: meta.put(c, "a", "b")))
    assert place.ask("SELECT * FROM meta WHERE name = 'a'") == []
