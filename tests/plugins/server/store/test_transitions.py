"""An end never reopens, whatever comes in which order, and whatever ends the process in between."""

from __future__ import annotations

import asyncio
import shutil
import sqlite3
from collections.abc import Sequence
from contextlib import closing
from itertools import product
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection
from tests.grounds.postgres.cluster import Postgres
from tests.plugins.server.store.place import Place, an_instance

from anyjob.status import InstanceStatus
from anyjob_server.store import NeverAllowed, Store, Transition, instances
from anyjob_server.store.transitions import ALLOWED, OPEN

IDS = (1, 2, 3)
LEGAL = [(before, to) for before, ways in ALLOWED.items() for to in [*ways, *([] if before.finished else [before])]]


def test_every_way_is_decided() -> None:
    """The one way out of an end is SetJobInstanceSuccess."""
    ends = {status for status in ALLOWED if status.finished}
    assert [(before, to) for before, to in LEGAL if before in ends] == [(InstanceStatus.FAILED, InstanceStatus.SUCCESS)]
    assert set(OPEN) == set(ALLOWED) - ends
    for before, to in product(InstanceStatus, InstanceStatus):
        if (before, to) in LEGAL:
            Transition(id=1, to=to, expect=[before])
        else:
            with pytest.raises(NeverAllowed, match=f"never goes from {before.label} to {to.label}"):
                Transition(id=1, to=to, expect=[before])
    with pytest.raises(NeverAllowed, match="from nothing"):
        Transition(id=1, to=InstanceStatus.RUNNING, expect=[])


@st.composite
def transitions(draw: st.DrawFn) -> Transition:
    to = draw(st.sampled_from(sorted({to for _, to in LEGAL})))
    expect = draw(st.sets(st.sampled_from([before for before, after in LEGAL if after is to]), min_size=1))
    values = draw(
        st.dictionaries(
            st.sampled_from(["result", "cause"]),
            st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=5),
        )
    )
    return Transition(id=draw(st.sampled_from(IDS)), to=to, expect=expect, values=values)


batches = st.lists(st.lists(transitions(), min_size=1, max_size=3, unique_by=lambda one: one.id), max_size=8)


def follow(model: dict[int, dict[str, object]], changes: Sequence[Transition]) -> set[int]:
    """What must come of the changes."""
    done = {change.id for change in changes if model[change.id]["status"] in change.expect}
    for change in changes:
        if change.id in done:
            model[change.id] |= {**change.values, "status": change.to}
    return done


def stands(c: Connection) -> dict[int, dict[str, object]]:
    rows = [instances.get(c, number) for number in IDS]
    return {row.id: {"status": row.status, "result": row.result, "cause": row.cause} for row in rows if row}


def on_disk(folder: Path) -> dict[int, dict[str, object]]:
    """What a process finds that starts after this one was killed: the files as they are now."""
    copy = folder.parent / "copy"
    shutil.rmtree(copy, ignore_errors=True)
    copy.mkdir()
    for name in ("server.db", "server.db-wal"):
        shutil.copyfile(folder / name, copy / name)
    with closing(sqlite3.connect(copy / "server.db")) as c:
        rows = c.execute("SELECT id, status, result, cause FROM instances").fetchall()
    return {row[0]: {"status": row[1], "result": row[2], "cause": row[3]} for row in rows}


def start(store: Store) -> dict[int, dict[str, object]]:
    """Three new instances, in place of those that an example before left."""

    def again(c: Connection) -> None:
        for row in instances.unfinished(c):
            instances.transition(c, [Transition(id=row.id, to=InstanceStatus.FAILED, expect=OPEN)])
        instances.prune(c, 1, 0)
        instances.insert(c, [an_instance(number) for number in IDS])

    asyncio.run(store.write(again))
    return store.read_now(stands)


def test_killed_at_every_step(tmp_path: Path) -> None:
    """The files are looked at in the middle of each change, and after its answer."""
    folder = tmp_path / "state"
    store = Store.open(None, folder)

    @settings(max_examples=20)
    @given(batches)
    def holds(given: list[list[Transition]]) -> None:
        model = start(store)
        for changes in given:
            before = {number: dict(row) for number, row in model.items()}

            def change(c: Connection, changes: list[Transition] = changes) -> tuple[set[int], object]:
                done = instances.transition(c, changes)
                return done, on_disk(folder)

            done, middle = asyncio.run(store.write(change))
            assert done == follow(model, changes)
            assert middle == before
            assert on_disk(folder) == model
            for number in IDS:
                old, new = before[number]["status"], model[number]["status"]
                assert old is new or new in ALLOWED[InstanceStatus(old)]  # pyright: ignore[reportArgumentType]

    holds()
    store.close()


@pytest.mark.needs("postgres")
def test_the_connection_lost_at_every_step(postgres: Postgres, tmp_path: Path) -> None:
    """As on SQLite's files, with the connection taken away: each change is carried out once all the same."""
    place = Place(tmp_path / "state", postgres)
    store = place.open()

    @settings(max_examples=5)
    @given(batches)
    def holds(given: list[list[Transition]]) -> None:
        model = start(store)
        for changes in given:
            calls = list[object]()

            def change(c: Connection, changes: list[Transition] = changes, calls: list[object] = calls) -> set[int]:
                done = instances.transition(c, changes)
                if not calls:
                    calls.append(store.read_now(stands))
                    place.ask("SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory'")
                    instances.get(c, 1)
                return done

            before = {number: dict(row) for number, row in model.items()}
            assert asyncio.run(store.write(change)) == follow(model, changes)
            assert calls == [before]
            assert store.read_now(stands) == model

    holds()
    place.close()
