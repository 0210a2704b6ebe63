"""An app group in one word: nothing of one namespace's is another's."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from pydantic import ValidationError

from anyjob.errors import SecretMissing
from anyjob.job import Job, owner_of, parts_of
from anyjob.job.owner import written
from anyjob.problem import Problem
from anyjob.spec import CommonXAttrs
from anyjob.worker.identity import resolve_user
from anyjob.worker.secrets import SecretStore
from anyjob.worker.settings import SecretSource, WorkerSettings

ROOT = Path(__file__).parents[3]
NAMES = st.text("ab/%2F*", max_size=6)


def job(namespace: str = "", group: str = "shop") -> Job:
    return Job(name="j", job_type="shell", namespace=namespace, group_id=group)


def test_the_word_of_an_app_group() -> None:
    assert [job(space).owner for space in ("", "default", "dev")] == ["shop", "shop", "dev/shop"]
    assert job("dev", "").owner == ""
    assert job("", "dev/shop").owner == "dev%2Fshop", "a group of that name is no group of dev"


@given(NAMES, NAMES, NAMES, NAMES)
def test_no_two_have_one_word_and_each_is_found_in_it(space: str, group: str, other: str, another: str) -> None:
    assume(group and another)
    one, two = ("" if space == "default" else space, group), ("" if other == "default" else other, another)
    assert (owner_of(*one) == owner_of(*two)) == (one == two)
    assert parts_of(owner_of(*one)) == one


def test_what_a_person_writes() -> None:
    assert [written(text) for text in ("shop", "dev/shop", "*")] == ["shop", "dev/shop", "*"]
    for text in ("", "/shop", "dev/", "a/b/c", "dev/*"):
        with pytest.raises(ValueError, match="names no app group; write GROUP"):
            written(text)
    with pytest.raises(ValueError, match="which is left out; write shop"):
        written("default/shop")


def test_which_of_a_secrets_groups_is_wrong_is_told() -> None:
    with pytest.raises(ValidationError) as wrong:
        SecretSource.model_validate({"env": "X", "groups": ["shop", "dev/", "*"]})
    assert [one["loc"] for one in wrong.value.errors()] == [("groups", 1)]


def test_a_secret_of_one_namespace_is_not_anothers() -> None:
    source = SecretSource(command=["echo", "x"], groups=["shop", "prod/shop"])
    store, common = SecretStore({"db": source}), CommonXAttrs.model_validate({"secrets": {"DB": "db"}})
    for space in ("", "default", "prod"):
        assert store.value(job(space), common, "DB") == "x"
    for other in (job("dev"), job("", "prod/shop"), job("prod", "default/shop")):
        with pytest.raises(SecretMissing, match=f"not for app group '{other.owner}'"):
            store.value(other, common, "DB")


@pytest.mark.needs("root")
def test_a_user_of_one_namespace_is_not_anothers() -> None:
    users = WorkerSettings(users={"shop": ["nobody"], "prod/shop": ["daemon"]}).users
    for space, allowed in (("", ["nobody"]), ("prod", ["daemon"]), ("dev", list[str]())):
        found = [
            user
            for user in ("nobody", "daemon")
            if not isinstance(resolve_user(user, job(space).owner, users), Problem)
        ]
        assert found == allowed


def test_nothing_is_kept_by_the_group_alone() -> None:
    """Who keeps something for an app group keeps it by its word."""
    told = {
        "core/src/anyjob/executor/said.py",  # beside the namespace
        "plugins/docker/src/anyjob_docker/container.py",  # a label, for people
    }
    sources = [
        *ROOT.glob("core/src/**/*.py"),
        *ROOT.glob("executors/*/src/**/*.py"),
        *ROOT.glob("plugins/*/src/**/*.py"),
    ]
    found = {str(path.relative_to(ROOT)) for path in sources if "job.group_id" in path.read_text()}
    assert {path for path in found if not path.startswith("plugins/server/")} == told
