"""`anyjob status`, `anyjob audit` and `anyjob serve --hold`."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from tests.core.cli.program import until
from tests.passage import let_through
from tests.plugins.server.serving import Serving

from anyjob.job import Job
from anyjob.status import InstanceStatus
from anyjob_server.client.client import Client
from anyjob_server.client.errors import CallFailed, NotSigned
from anyjob_server.client.target import Target
from anyjob_server.store import outbox
from anyjob_server.store.store import Store


@pytest.fixture
def up(tmp_path: Path) -> Iterator[Serving]:
    with Serving(tmp_path) as serving:
        yield serving


def said(up: Serving, *words: str) -> dict[str, Any]:
    return json.loads(up.program(*words, "--json", "--state", str(up.state)).out)


def slow(client: Client, name: str, gate: Path, **fields: Any) -> int:
    content = f"echo begun; while ! test -e {gate}; do sleep 0.05; done"
    job = Job.from_wire({"Name": name, "JobType": "shell", "Content": content, **fields})
    instance = client.execute(client.create_job(job))
    until(lambda: client.log(instance, "").lines, "its first line")
    return instance


def test_a_held_server_begins_nothing_and_follows_what_runs(up: Serving, tmp_path: Path) -> None:
    gate, ran = tmp_path / "gate", tmp_path / "ran"
    with up.client() as client:
        runs = slow(client, "runs", gate)
        client.call("UpdateAppGroup", {"MaxConcurrency": 1})
        waits = client.execute(client.create_job(Job(name="waits", job_type="shell", content=f"echo >> {ran}")))
        until(lambda: client.instance(waits).status is InstanceStatus.POOL, "that it waits")
        ticks = {"Name": "ticks", "JobType": "shell", "Content": f"echo >> {ran}", "TimeType": 1}
        client.create_job(Job.from_wire(ticks | {"TimeExpression": "* * * * * ?"}))
    up.end()
    up.start("--hold")
    assert "the server was started with --hold" in up.log
    with up.client() as client:
        gate.touch()
        until(lambda: client.instance(runs).status.finished, "the end of what ran")
        assert client.instance(runs).status is InstanceStatus.SUCCESS
        until(lambda: "held" in [one["kind"] for one in said(up, "why", "ticks")["reasons"]], "a reason")
        job = client.create_job(Job(name="new", job_type="shell", content="true"))
        with pytest.raises(CallFailed, match="was not started: the server was started with --hold"):
            client.execute(job)
        stands = said(up, "status")
        assert "--hold" in stands["halt"]
        assert stands["running"] == []
        assert [(one["instance"], one["behind"]) for one in stands["waiting"] if one["job"] == "waits"] == [
            (waits, stands["halt"])
        ]
    assert not ran.exists()
    up.end()
    up.start()
    with up.client() as client:
        until(lambda: client.instance(waits).status is InstanceStatus.SUCCESS, "what waited")
    until(lambda: len(ran.read_text().splitlines()) > 1, "a tick")
    assert said(up, "status")["halt"] == ""


def test_the_brake_of_a_server_that_runs_and_over_its_restarts(up: Serving, tmp_path: Path) -> None:
    gate, ran = tmp_path / "gate", tmp_path / "ran"
    with up.client() as client:
        ticks = {"Name": "ticks", "JobType": "shell", "Content": f"echo >> {ran}", "TimeType": 1}
        client.create_job(Job.from_wire(ticks | {"TimeExpression": "* * * * * ?"}))
        client.call("UpdateAppGroup", {"MaxConcurrency": 1})
        runs = slow(client, "runs", gate)
        waits = client.execute(client.create_job(Job(name="waits", job_type="shell", content=f"echo waited >> {ran}")))
        until(lambda: client.instance(waits).status is InstanceStatus.POOL, "that it waits")
        assert said(up, "hold") == {"state": str(up.state), "held": True, "server": up.url}
        begun = ran.read_text() if ran.exists() else ""
        stands = said(up, "status")
        assert (stands["held"], "anyjob hold --release" in stands["halt"]) == ("file", True)
        with pytest.raises(CallFailed, match="the server is held: it begins nothing new until `anyjob hold --release`"):
            client.execute(waits_job(client))
        gate.touch()
        until(lambda: client.instance(runs).status is InstanceStatus.SUCCESS, "the end of what ran")
        seen = len(said(up, "why", "ticks")["reasons"])
        until(lambda: "held" in [one["kind"] for one in said(up, "why", "ticks")["reasons"]], f"a reason after {seen}")
        assert client.instance(waits).status is InstanceStatus.POOL
    up.end()
    assert "runs on" in up.program("hold", "--state", str(up.state)).out.decode(), "once more, without a server"
    up.start()
    assert "the server is held" in up.log
    assert said(up, "status")["held"] == "file"
    assert (ran.read_text() if ran.exists() else "") == begun
    assert "begins again" in up.program("hold", "--release", "--state", str(up.state)).out.decode()
    with up.client() as client:
        until(lambda: client.instance(waits).status is InstanceStatus.SUCCESS, "what waited")
    until(lambda: len(ran.read_text()) > len(begun) + len("waited\n"), "a tick")
    up.end()
    up.start("--hold")
    done = up.program("hold", "--release", "--state", str(up.state))
    assert (done.status, done.out) == (1, b"")
    assert "was started with --hold" in done.err


def test_the_brake_wants_the_folder_of_a_server(up: Serving, tmp_path: Path) -> None:
    done = up.program("hold", "--state", str(tmp_path / "elsewhere"))
    assert (done.status, done.out) == (2, b"")
    assert "No server has been in" in done.err
    assert not (tmp_path / "elsewhere").exists()


def waits_job(client: Client) -> int:
    return client.job("waits").id


def test_status_shows_all_app_groups_to_whom_they_are_open(up: Serving, tmp_path: Path) -> None:
    gate = tmp_path / "gate"
    with up.client() as client:
        client.call("CreateAppGroup", {"GroupId": "other", "AppName": "other"})
        here = slow(client, "here", gate)
        with Client(replace(client.target, group="other", chosen=frozenset({"group"}))) as others:
            there = slow(others, "there", gate)
        key = client.call("CreateAccessKey", {"KeyNamespace": "default", "KeyGroupId": "other"})
        blind = client.call("CreateAccessKey", {"Policy": json.dumps([{"effect": "allow", "actions": ["job.*"]}])})
    stands = said(up, "status")
    assert [(one["instance"], one["group"]) for one in stands["running"]] == [(here, "default"), (there, "other")]
    assert stands["types"] == [{"type": "shell", "state": "healthy", "why": ""}]
    assert stands["database"] == str(up.state / "server.db")
    target = Target(url=up.url, key=key["AccessKeyId"], secret=key["AccessKeySecret"], group="other")
    with Client(target) as scoped:
        own = scoped.call("GetServerStatus", {})
        assert [one["JobInstanceId"] for one in own["Running"]] == [there]
        assert not {"Types", "Database", "State"} & set(own), "the machine is not the group's business"
    target = Target(url=up.url, key=blind["AccessKeyId"], secret=blind["AccessKeySecret"])
    with Client(target) as client, pytest.raises(NotSigned, match="NoPermission"):
        client.call("GetServerStatus", {})
    gate.touch()
    until(lambda: not said(up, "status")["running"], "their ends")

    lines = said(up, "audit", "--action", "GetServerStatus")["lines"]
    assert [(line["key"], line["allowed"]) for line in lines] == [(blind["AccessKeyId"], False)]
    people = up.program("audit", "--key", blind["AccessKeyId"], "--state", str(up.state)).out.decode()
    assert "GetServerStatus REFUSED" in people
    nothing = up.program("audit", "--key", "nobody", "--action", "GetServerStatu", "--state", str(up.state))
    told = "the audit log has no line with --key 'nobody', --action 'GetServerStatu'; did you mean GetServerStatus?"
    assert (nothing.status, nothing.out, nothing.err.strip()) == (0, b"", f"anyjob: {told}")
    up.end()
    assert said(up, "audit", "--most", "1")["lines"] == lines, "without a server, too"
    none = up.program("audit", "--state", str(tmp_path / "none"))
    assert (none.status, none.out) == (1, b"")
    assert "is --state the folder of the server?" in none.err


@pytest.mark.needs("root")
def test_what_the_start_warned_of_is_told_as_long_as_it_is_so(tmp_path: Path) -> None:
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    (closed / "python3").symlink_to("/bin/sh")
    let_through(tmp_path)
    up = Serving(tmp_path, settings="")
    up.program.environment["PATH"] = f"{closed}:/usr/bin:/bin"
    with up:
        warning = f"users of app groups cannot pass {closed} to {closed}/python3"
        assert warning in up.log
        assert [one[: len(warning)] for one in said(up, "status")["warnings"]] == [warning]
        assert f"  {warning}" in up.program("status", "--state", str(up.state)).out.decode()
        closed.chmod(0o711)
        assert said(up, "status")["warnings"] == []


def test_alerts_that_wait_and_those_that_were_dropped_are_counted(up: Serving) -> None:
    with up.client() as client:
        assert said(up, "status")["alerts"] == {"waiting": 0, "dropped_old": 0, "dropped_many": 0, "last_dropped": None}
        job = client.create_job(Job(name="told", job_type="shell", content="true", success_notice_enable=True))
        client.execute(job)
        until(lambda: said(up, "status")["alerts"]["waiting"] == 1, "an alert")
        shown = up.program("status", "--state", str(up.state)).out.decode()
        assert re.search(r"^  alerts +1 wait for a sender$", shown, re.MULTILINE)
    up.end()
    store = Store.open(None, up.state)
    asyncio.run(store.write(lambda c: outbox.drop(c, 2**62, 10, 1_800_000_000_000)))
    store.close()
    up.start()
    shown = up.program("status", "--state", str(up.state)).out.decode()
    words = r"^  alerts +0 wait for a sender; dropped unsent: 1 too old, the last at 2027-01-1"
    assert re.search(words, shown, re.MULTILINE)
    assert said(up, "status")["alerts"]["last_dropped"] == 1_800_000_000


def test_the_brake_stands_in_the_audit_log(up: Serving) -> None:
    for words in (["hold"], ["hold", "--release"]):
        assert up.program(*words, "--state", str(up.state)).status == 0
    until(lambda: len(said(up, "audit", "--action", "Hold")["lines"]) == 2, "both lines")
    details = [one["detail"] for one in said(up, "audit", "--action", "Hold")["lines"]]
    assert details == [
        "the server is let go: what waits begins",
        "the server is held: it begins nothing new until `anyjob hold --release`",
    ]


def waiting(client: Client) -> int:
    return client.call("GetServerStatus", {})["Alerts"]["Waiting"]


def test_alerts_are_listed_over_all_app_groups_for_who_may_see_them(up: Serving) -> None:
    people = ("alert", "list", "--state", str(up.state))
    nothing = up.program(*people)
    assert (nothing.status, nothing.out, nothing.err) == (0, b"", "anyjob: there are no alerts\n")
    fields = {"JobType": "shell", "FailEnable": True, "FailTimes": 1, "ContactInfo": [{"UserName": "ann"}]}
    with up.client() as client:
        client.call("CreateAppGroup", {"GroupId": "other", "AppName": "other"})
        fails = client.create_job(Job.from_wire({**fields, "Name": "fails", "Content": "echo no room; exit 3"}))
        well = Job.from_wire({"Name": "well", "JobType": "shell", "Content": "true", "SuccessNoticeEnable": True})
        for number in (1, 2):
            client.execute(fails)
            until(lambda number=number: waiting(client) == number, "an alert")
        with Client(replace(client.target, group="other", chosen=frozenset({"GroupId"}))) as others:
            others.execute(others.create_job(well))
        until(lambda: waiting(client) == 3, "the other group's")
        key = client.call("CreateAccessKey", {"KeyNamespace": "default", "KeyGroupId": "other"})
        blind = client.call("CreateAccessKey", {"Policy": json.dumps([{"effect": "allow", "actions": ["job.*"]}])})
        pages = [client.call("ListAlerts", {"AllGroups": True, "PageNum": n, "PageSize": 2}) for n in (1, 2, 3)]
    assert [[row["AlertId"] for row in page["Alerts"]] for page in pages] == [[3, 2], [1], []]
    assert [page["Total"] for page in pages] == [3, 3, 3]
    listed = said(up, "alert", "list")["alerts"]
    kinds = [(one["kind"], one["group"], one["job"], one["failures"], one["sent"]) for one in listed]
    assert kinds == [
        ("success", "other", "well", None, None),
        ("fail", "default", "fails", 2, None),
        ("fail", "default", "fails", 1, None),
    ]
    assert (listed[1]["cause"], listed[1]["result"], listed[1]["contacts"]) == (
        "exit_code", "no room", [{"UserName": "ann"}],
    )  # fmt: skip
    assert [one["id"] for one in said(up, "alert", "list", "--most", "1")["alerts"]] == [3]
    assert [one["id"] for one in said(up, "alert", "list", "--group", "other")["alerts"]] == [3]
    assert [one["id"] for one in said(up, "alert", "list", "--job", "fails")["alerts"]] == [2, 1]
    shown = up.program(*people).out.decode()
    assert re.search(
        r"^  2.* fail +default/default fails +\d+ +waits for a sender +2 in a row; .*no room$", shown, re.MULTILINE
    )
    with Client(Target(url=up.url, key=key["AccessKeyId"], secret=key["AccessKeySecret"], group="other")) as scoped:
        assert [one["JobName"] for one in scoped.alerts(None, 20, all_groups=True)] == ["well"]
    target = Target(url=up.url, key=blind["AccessKeyId"], secret=blind["AccessKeySecret"])
    with Client(target) as client, pytest.raises(NotSigned, match=r"may not alert\.read"):
        client.alerts(None, 20, all_groups=True)
