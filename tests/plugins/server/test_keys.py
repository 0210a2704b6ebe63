"""Access keys in memory over the store, and what a first start makes."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Connection

from anyjob.errors import BadSettings
from anyjob_server.first import given_key, make_first
from anyjob_server.keys import Keys, NoSuchAccessKey
from anyjob_server.store import groups, namespaces
from anyjob_server.store.errors import KeyTaken
from anyjob_server.store.groups import GroupRow
from anyjob_server.store.namespaces import NamespaceRow
from anyjob_server.store.store import Store


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    opened = Store.open(None, tmp_path)
    yield opened
    opened.close()


def loaded(store: Store) -> Keys:
    """As another process has them."""
    keys = Keys(store)
    keys.load()
    return keys


def test_a_key_is_good_at_once_and_after_a_restart_and_its_secret_is_not_in_the_database(
    store: Store, tmp_path: Path
) -> None:
    keys = Keys(store)

    def scope(c: Connection) -> None:
        namespaces.insert(c, NamespaceRow(uid="n", name="n", description="", source="", created=1))
        groups.insert(c, GroupRow(namespace="n", group_id="g", created=1))

    asyncio.run(store.write(scope))
    row, secret = asyncio.run(keys.create(label="ci", namespace="n", group_id="g", policy='[{"effect": "deny"}]'))
    for ring in (keys, loaded(store)):
        found = ring.find(row.access_key_id)
        assert found is not None
        assert (found.secret, found.label, found.namespace, found.group_id) == (secret.encode(), "ci", "n", "g")
        assert found.policy == '[{"effect": "deny"}]'
        assert not found.revoked
    assert secret not in repr(found)
    stored = "".join(sqlite3.connect(tmp_path / "server.db").iterdump())
    assert row.access_key_id in stored
    assert secret not in stored


def test_a_revoked_key_stays_so_and_can_be_revoked_once(store: Store) -> None:
    keys = Keys(store)
    row, _ = asyncio.run(keys.create())
    other, _ = asyncio.run(keys.create())
    asyncio.run(keys.revoke(row.access_key_id))
    for ring in (keys, loaded(store)):
        found, good = ring.find(row.access_key_id), ring.find(other.access_key_id)
        assert found is not None
        assert good is not None
        assert (found.revoked, good.revoked) == (True, False)
    with pytest.raises(NoSuchAccessKey, match="does not exist, or was revoked before"):
        asyncio.run(keys.revoke(row.access_key_id))
    with pytest.raises(NoSuchAccessKey):
        asyncio.run(keys.revoke(other.access_key_id, lambda row: row.namespace == "elsewhere"))
    with pytest.raises(KeyTaken):
        asyncio.run(keys.create(access_key_id=row.access_key_id))


def test_a_lent_key_stands_in_no_store(store: Store) -> None:
    keys = Keys(store)
    ident, secret = keys.lend()
    found = keys.find(ident)
    assert found is not None
    assert (found.secret, found.namespace, found.policy) == (secret.encode(), "", "")
    assert asyncio.run(keys.page()) == []
    assert loaded(store).find(ident) is None


def test_a_key_in_whose_row_stands_anothers_secret_is_of_no_use(store: Store, tmp_path: Path) -> None:
    row, _ = asyncio.run(Keys(store).create())
    other, _ = asyncio.run(Keys(store).create())
    with sqlite3.connect(tmp_path / "server.db") as database:
        told = (other.sealed_secret, row.access_key_id)
        database.execute("UPDATE access_keys SET sealed_secret = ? WHERE access_key_id = ?", told)
    database.close()
    keys = loaded(store)
    assert keys.find(row.access_key_id) is None
    assert keys.find(other.access_key_id) is not None


def test_the_first_start_makes_what_is_lacking_once(store: Store) -> None:
    keys = Keys(store)
    first = asyncio.run(make_first(store, keys, None))
    assert first is not None
    assert first.secret not in repr(first)
    found = keys.find(first.access_key_id)
    assert found is not None
    assert found.secret == first.secret.encode()
    assert store.read_now(lambda c: namespaces.get(c, "default")) is not None
    group = store.read_now(lambda c: groups.get(c, "default", "default"))
    assert group is not None
    assert len(group.app_key) == 24
    assert asyncio.run(make_first(store, Keys(store), None)) is None
    asyncio.run(keys.revoke(first.access_key_id))
    assert asyncio.run(make_first(store, Keys(store), None)) is None, "a revoked key was a key"


def test_the_environment_may_give_the_first_key_whose_secret_is_then_not_told(store: Store) -> None:
    keys = Keys(store)
    given = given_key({"ANYJOB_ACCESS_KEY_ID": "me", "ANYJOB_ACCESS_KEY_SECRET": "my-secret"})
    first = asyncio.run(make_first(store, keys, given))
    assert first is not None
    assert (first.access_key_id, first.secret) == ("me", "")
    found = keys.find("me")
    assert found is not None
    assert found.secret == b"my-secret"


@pytest.mark.parametrize(
    ("ident", "secret", "field"),
    [
        ("me", "", "ANYJOB_ACCESS_KEY_SECRET"),
        ("", "my-secret", "ANYJOB_ACCESS_KEY_ID"),
        ("a b", "my-secret", "ANYJOB_ACCESS_KEY_ID"),
        ("me", "tiny", "ANYJOB_ACCESS_KEY_SECRET"),
        ("me", "with a space", "ANYJOB_ACCESS_KEY_SECRET"),
    ],
)
def test_a_key_that_can_be_none_is_named_without_its_secret(ident: str, secret: str, field: str) -> None:
    with pytest.raises(BadSettings) as wrong:
        given_key({"ANYJOB_ACCESS_KEY_ID": ident, "ANYJOB_ACCESS_KEY_SECRET": secret})
    (problem,) = wrong.value.problems
    assert problem.field == field
    assert not secret or secret not in str(wrong.value)


def test_an_environment_without_a_key_gives_none() -> None:
    assert given_key({}) is None
