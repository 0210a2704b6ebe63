"""As whom the jobs of app groups run."""

from __future__ import annotations

import pytest

from anyjob.job import Job
from anyjob_server.trust.groupusers import GroupUsers

NUMBERS = {("n", "g"): 1, ("n", "h"): 2, ("m", "g"): 3}


def users(said: dict[str, str] | None = None, *, root: bool = True, few: bool = False) -> GroupUsers:
    return GroupUsers(said or {}, lambda namespace, group: NUMBERS.get((namespace, group)), root=root, few=few)


def job(namespace: str, group: str) -> Job:
    return Job(name="j", job_type="shell", namespace=namespace, group_id=group)


def test_each_app_group_has_a_number_of_its_own_also_one_of_the_same_name() -> None:
    made = users()
    assert [made(job(*group)) for group in NUMBERS] == ["1900000001", "1900000002", "1900000003"]


def test_a_container_with_few_numbers_gets_others() -> None:
    assert users(few=True)(job("n", "g")) == "61185"


def test_who_is_not_root_runs_all_as_himself() -> None:
    assert users(root=False)(job("n", "g")) is None


@pytest.mark.parametrize(
    ("said", "user"),
    [
        ({"*": "root"}, "root"),
        ({"*": "root", "g": "daemon"}, "root"),
        ({"g": "daemon", "n/g": "nobody"}, "nobody"),
        ({"m/g": "nobody"}, "1900000001"),
        ({"*": "root", "n/g": "auto"}, "1900000001"),
    ],
)
def test_the_nearest_word_of_the_settings_counts(said: dict[str, str], user: str) -> None:
    assert users(said)(job("n", "g")) == user


def test_a_bare_word_is_of_the_default_namespace() -> None:
    made = users({"g": "daemon", "*": "nobody"})
    assert [made(job(space, "g")) for space in ("default", "", "n")] == ["daemon", "daemon", "nobody"]


def test_users_that_cannot_be_are_named() -> None:
    (gone,) = users({"g": "no-such-user"}).problems()
    assert str(gone) == 'server.users.g: "no-such-user" is no user of this machine; create it, or write auto'
    (other,) = users({"g": "daemon"}, root=False).problems()
    assert "the server is not root" in other.remedy
    assert not users({"g": "daemon", "*": "auto"}).problems()


def test_as_whom_jobs_run_is_told_in_a_sentence() -> None:
    assert users().summary() == "jobs run by app group: all as users of their own, one an app group"
    told = users({"g": "daemon", "*": "root"}).summary()
    assert told == "jobs run by app group: app group g as daemon, others as root"
    assert "all app groups are one trust domain" in users(root=False).summary()
