"""Jobs of two app groups on a server that is root's: neither reaches what is the other's, or the server's."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from tests.core.cli.program import until
from tests.plugins.server.serving import Serving

from anyjob.job import Job
from anyjob.status import InstanceStatus
from anyjob_server.client.client import Client
from anyjob_server.client.errors import BadRequest
from anyjob_server.client.instanceinfo import InstanceInfo

pytestmark = pytest.mark.needs("root")

SECRETS = """
[secrets.mine]
file = "mine.secret"
groups = ["one"]
"""


@pytest.fixture(scope="module")
def server() -> Iterator[Serving]:
    """In a folder that other users can pass, unlike pytest's own."""
    folder = Path(tempfile.mkdtemp(prefix="anyjob-isolation-", dir="/tmp"))
    folder.chmod(0o711)
    (folder / "mine.secret").write_text("hunter2-hunter2")
    (folder / "mine.secret").chmod(0o600)
    try:
        with Serving(folder, SECRETS) as serving:
            for group in ("one", "two"):
                with serving.client() as client:
                    client.call("CreateAppGroup", {"GroupId": group, "AppName": group})
            with serving.client() as client:
                client.call("CreateNamespace", {"Namespace": None, "GroupId": None, "Name": "other", "Uid": "other"})
                client.call("CreateAppGroup", {"Namespace": "other", "GroupId": "one", "AppName": "one"})
            yield serving
    finally:
        shutil.rmtree(folder)


class Group:
    """An app group: its jobs made and run through the API."""

    def __init__(self, server: Serving, name: str, namespace: str = "default") -> None:
        self.name = name
        chosen = frozenset({"group", "namespace"})
        self.client = Client(replace(server.client().target, namespace=namespace, group=name, chosen=chosen))

    def begin(self, name: str, script: str, **xattrs: Any) -> int:
        job = Job.from_wire({"Name": name, "JobType": "shell", "Content": script, "XAttrs": xattrs})
        return self.client.execute(self.client.create_job(job))

    def run(self, name: str, script: str, **xattrs: Any) -> tuple[InstanceInfo, str]:
        """How it ended, and its log."""
        instance = self.begin(name, script, **xattrs)
        until(lambda: self.client.instance(instance).status.finished, "the end")
        return self.client.instance(instance), self.log(instance)

    def log(self, instance: int) -> str:
        return "".join(f"{line}\n" for line in self.client.log(instance, "").lines)


@pytest.fixture(scope="module")
def one(server: Serving) -> Group:
    return Group(server, "one")


@pytest.fixture(scope="module")
def namesake(server: Serving) -> Group:
    """Of the first one, in another namespace."""
    return Group(server, "one", "other")


@pytest.fixture(scope="module")
def two(server: Serving) -> Group:
    return Group(server, "two")


def test_each_group_runs_as_a_user_of_its_own(one: Group, two: Group) -> None:
    logs = [group.run("who", "id -u; id -G")[1] for group in (one, two)]
    assert logs[0] != logs[1]
    for log in logs:
        uid, groups = log.split()
        assert int(uid) >= 61_184, "it is no user of the machine"
        assert groups == uid


def test_what_is_the_servers_or_anothers_cannot_be_read(server: Serving, one: Group, two: Group) -> None:
    keeps = 'cat "$ANYJOB_SECRETS/TOKEN" > kept; pwd'
    ended, log = one.run("secretive", keeps, secrets={"TOKEN": "mine"})
    assert ended.status is InstanceStatus.SUCCESS, ended
    theirs, state = Path(log.strip()), server.state
    wanted = [
        *(state / name for name in ("server.db", "server.db-wal", "server.key", "server.json", "server.db.lock")),
        state / "worker" / "worker.jsonl",
        *(state / "worker" / "shim").iterdir(),
        theirs / "kept",
        theirs.parent / "log",
        state.parent / "mine.secret",
    ]
    assert all(path.exists() for path in wanted), "what is not there cannot be read anyway"
    listed = " ".join(f"'{path}'" for path in wanted)
    opens = f'for one in {listed}; do (: < "$one") 2>/dev/null && echo "read $one"; done'
    ended, log = two.run("curious", f"{opens}; ls '{state}' '{theirs}' 2>&1; true")
    assert ended.status is InstanceStatus.SUCCESS, ended
    assert "read " not in log
    assert log.count("Permission denied") == 2, log


def test_a_secret_of_one_group_is_refused_to_another(two: Group) -> None:
    """Told when the job is made, not by its first run; `tests/core` has what a run would be told."""
    with pytest.raises(BadRequest, match=r'XAttrs\.secrets\.TOKEN: "mine".*is not for app group') as refused:
        two.begin("greedy", "id", secrets={"TOKEN": "mine"})
    assert "hunter2" not in str(refused.value)
    with pytest.raises(BadRequest, match=r'XAttrs\.secrets\.TOKEN: "none".*has no \[secrets\.none\]'):
        two.begin("greedy", "id", secrets={"TOKEN": "none"})


def test_a_group_of_the_same_name_in_another_namespace_is_another(one: Group, namesake: Group) -> None:
    with pytest.raises(BadRequest, match=r"\[secrets\.mine\] is not for app group 'other/one'"):
        namesake.begin("greedy", "id", secrets={"TOKEN": "mine"})
    assert one.run("entitled", "true", secrets={"TOKEN": "mine"})[0].status is InstanceStatus.SUCCESS
    assert one.run("me", "id -u")[1] != namesake.run("me", "id -u")[1]


def test_a_job_cannot_signal_another_groups(one: Group, two: Group) -> None:
    instance = one.begin("long", "echo $$; exec sleep 60")
    until(lambda: one.log(instance), "its number")
    pid = int(one.log(instance))
    _, log = two.run("rude", f"kill -9 {pid}; echo tried")
    assert "tried" in log
    os.kill(pid, 0)  # it is still there
    one.client.stop(instance)
    until(lambda: one.client.instance(instance).status.finished, "the end")


@pytest.mark.parametrize("user", ["root", "nobody", "1900000001"])
def test_a_job_cannot_choose_who_it_is(two: Group, user: str) -> None:
    """Told when the job is made, not by its first run."""
    with pytest.raises(BadRequest, match=rf'XAttrs\.user: "{user}"'):
        two.begin(f"as-{user}", "id -u", user=user)
    assert f"as-{user}" not in [job.name for job in two.client.jobs()]
