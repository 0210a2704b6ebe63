"""A database becomes a file, and a file a database, of either kind; numbers go on behind what was given."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Generator
from pathlib import Path
from typing import Any

import pytest
from tests.grounds.postgres.cluster import Postgres
from tests.plugins.server.store.place import Place, a_group, a_job, an_instance

from anyjob.settings import Settings
from anyjob_server.backup import Backup, restore, told_of
from anyjob_server.settings import with_options
from anyjob_server.store import StoreError, audit, instances, jobs, meta, outbox, reasons
from anyjob_server.store.tables import METADATA


def settings_of(place: Place) -> Settings:
    return with_options(Settings(), {"database": place.url})


def rows(place: Place) -> dict[str, list[tuple[Any, ...]]]:
    """All of it, but for what each start and each restore writes anew."""
    found = {
        table.name: [
            tuple(int(value) if isinstance(value, bool) else value for value in row)
            for row in place.ask(
                f"SELECT {', '.join(f'{chr(34)}{column.name}{chr(34)}' for column in table.c)} FROM {table.name}"
            )
        ]
        for table in METADATA.sorted_tables
    }
    found["meta"] = [row for row in found["meta"] if row[0] not in ("owner", "restored", "last_instance")]
    found["audit"] = [row for row in found["audit"] if row[3] != "Restore"]
    return {name: sorted(some) for name, some in found.items()}


async def live(place: Place) -> None:
    """A bit of everything, with letters that are hard, and a number that is spent."""
    store = place.open()
    group = await a_group(store)
    row = a_job(group, "a job \U0001f600 'quoted'", description="x" * 5_000)
    (job,) = await store.write(lambda c: jobs.insert(c, [row]))
    await store.write(lambda c: jobs.delete(c, jobs.insert(c, [a_job(group, "gone")])))
    await store.write(lambda c: instances.insert(c, [an_instance(2**50, job, outcome='{"a": 1}'), an_instance(7, job)]))
    said = reasons.ReasonRow(job=job, at=1, kind="full", text="no room")
    await store.write(lambda c: reasons.add(c, [said]))
    await store.write(lambda c: outbox.add(c, [outbox.OutboxRow(at=1, kind="fail", job=job, group=group)]))
    line = audit.AuditRow(at=1, key="k", action="CreateJob", job=job, allowed=True)
    await store.write(lambda c: audit.add(c, [line, line]))
    store.close()


@pytest.fixture
def other(place: Place, tmp_path: Path, request: pytest.FixtureRequest) -> Generator[Place]:
    """Of the other kind, empty."""
    postgres: Postgres | None = request.getfixturevalue("postgres") if place.url is None else None
    made = Place(tmp_path / "other", postgres)
    yield made
    made.close()


@pytest.mark.needs("postgres")
def test_from_one_kind_of_database_into_the_other(place: Place, other: Place, tmp_path: Path) -> None:
    asyncio.run(live(place))
    kept = Backup.make(place.state, settings_of(place), tmp_path / "kept")
    assert (kept.jobs, kept.instances) == (1, 2)
    restore(Backup.read(tmp_path / "kept"), other.state, settings_of(other))
    assert rows(other) == rows(place)
    store = other.open()
    number = store.read_now(instances.next_id)
    assert 2**50 + 2**40 < number < 2**53
    assert store.read_now(lambda c: meta.get(c, meta.RESTORED)) is not None

    async def more() -> None:
        """Nothing that comes is in the way of what is there, and no number comes again."""
        group = await a_group(store, "new")
        assert group > 10_000
        (job,) = await store.write(lambda c: jobs.insert(c, [a_job(group)]))
        assert job > 1_000_000
        said = reasons.ReasonRow(job=1, at=1, kind="full", text="other")
        await store.write(lambda c: reasons.add(c, [said]))
        await store.write(lambda c: outbox.add(c, [outbox.OutboxRow(at=1, kind="fail", job=job, group=group)]))
        await store.write(lambda c: audit.add(c, [audit.AuditRow(at=1, key="k", action="CreateJob", allowed=True)]))

    asyncio.run(more())
    lines, _ = store.read_now(audit.page)
    assert [line.action for line in lines] == ["CreateJob", "Restore", "CreateJob", "CreateJob"]
    store.close()


def test_told_that_others_put_it_back(place: Place) -> None:
    """As after pg_restore: the rows stay as they are, numbers go on."""
    asyncio.run(live(place))
    before = rows(place)
    told_of(place.state, settings_of(place))
    assert rows(place) == before
    store = place.open()
    assert store.read_now(instances.next_id) > 2**50 + 2**40
    assert asyncio.run(a_group(store, "new")) > 10_000
    with pytest.raises(StoreError, match="is in use by"):
        told_of(place.state, settings_of(place))


@pytest.mark.needs("postgres")
def test_into_an_empty_database_only(postgres: Postgres, tmp_path: Path) -> None:
    """All or nothing: neither the database nor the folder changes."""
    here, there = Place(tmp_path / "here", None), Place(tmp_path / "there", postgres)
    for place in (here, there):
        asyncio.run(live(place))
    kept = Backup.make(here.state, settings_of(here), tmp_path / "kept")
    before = rows(there)
    for option in (False, True):
        with pytest.raises(StoreError, match=r"is not empty: there are rows in .*createdb"):
            restore(kept, tmp_path / "new", settings_of(there), replace=option)
    assert rows(there) == before
    assert not (tmp_path / "new" / "server.key").exists()


def test_a_file_that_is_damaged_is_no_backup(tmp_path: Path) -> None:
    here = Place(tmp_path / "here", None)
    asyncio.run(live(here))
    with sqlite3.connect(here.state / "server.db") as c:
        (page,) = c.execute("SELECT rootpage FROM sqlite_schema WHERE name = 'ix_instances_job_id'").fetchone()
        (size,) = c.execute("PRAGMA page_size").fetchone()
        c.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    c.close()
    with (here.state / "server.db").open("r+b") as stream:
        stream.seek((page - 1) * size)
        stream.write(b"\x00" * size)
    with pytest.raises(Exception, match=r"damaged|malformed|used"):
        Backup.make(here.state, settings_of(here), tmp_path / "kept")
    assert not (tmp_path / "kept").exists()
    assert [path.name for path in tmp_path.iterdir()] == ["here"], "nothing is left over"
