"""Every operation by the vendor's own Python SDKs, and what they make of the answers."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any, cast

import pytest
from tests.plugins.server.api.liveground import Live, live
from tests.plugins.server.api.sdk import Raised, Sdk
from tests.plugins.server.api.vectors import WIRE
from tests.plugins.server.api.wireground import KEY_ID, SECRET

from anyjob_server.api.registry import all_operations

REPLIES: dict[str, Any] = json.loads((WIRE / "success-replies-2019-04-30.json").read_text())["replies"]
STAMPS = ("ScheduleTimestamp", "DataTimestamp", "StartTimestamp", "EndTimestamp")
OURS = {
    "JobInstanceDetail": {"Cause", "Code", "Evidence", "StopReport", "Note", *STAMPS},
    "JobInstanceDetails": {*("Cause", "Code", "Evidence", "StopReport", "Note", *STAMPS, "JobName")},
    "JobConfigInfo": {"Fields"},
    "RetryJobInstance": {"Data"},
}
"""Keys that we add, by where they stand."""

DAY = 24 * 3600 * 1000


OLDER_LACKS = {"UpdateJobScript", "ListJobScriptHistory", "UpdateNamespace", "DeleteNamespace"}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Live]:
    with live(tmp_path_factory.mktemp("server")) as made:
        yield made


@pytest.fixture(scope="session")
def older_python(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("sdk-1.1.15")
    uv = Path(sys.executable).with_name("uv")
    subprocess.run([uv, "venv", "-q", "--python", sys.executable, folder], check=True)
    python = folder / "bin" / "python"
    wanted = "alibabacloud-schedulerx220190430==1.1.15"
    subprocess.run([uv, "pip", "install", "-q", "--python", python, wanted], check=True)
    return python


@pytest.fixture(params=["tea", "tea by RPC V1", "core", "tea 1.1.15"])
def sdk(server: Live, request: pytest.FixtureRequest) -> Iterator[Sdk]:
    older = request.param == "tea 1.1.15"
    python = request.getfixturevalue("older_python") if older else sys.executable
    with closing(
        Sdk("tea" if older else request.param, f"127.0.0.1:{server.port}", KEY_ID, SECRET, python=python)
    ) as made:
        yield made


class Walk:
    """Calls, and what was answered last to each."""

    def __init__(self, sdk: Sdk, namespace: str, lacks: set[str]) -> None:
        self.lacks = lacks
        self.sdk, self.scope = sdk, {"Namespace": namespace, "GroupId": "walk.defaultGroup"}
        self.seen: dict[str, dict[str, Any]] = {}

    def call(self, action: str, *without: str, **fields: Any) -> dict[str, Any]:
        scope = {name: value for name, value in self.scope.items() if name not in without}
        told = self.sdk.ask(action, {**scope, **fields})
        assert told is not None
        assert told["Success"] is True, (action, told)
        assert told["Code"] == 200
        assert told["RequestId"] == told["RequestId"].upper()
        self.seen[action] = told
        return told.get("Data", told)

    def refused(self, action: str, code: int, **fields: Any) -> str:
        told = self.sdk.ask(action, {**self.scope, **fields})
        assert told is not None
        assert (told["Success"], told["Code"]) == (False, code)
        assert told.get("Data") is None
        return told["Message"]

    def ended(self, instance: int, job: int) -> dict[str, Any]:
        end = time.monotonic() + 30
        while True:
            told = self.call("GetJobInstance", JobId=job, JobInstanceId=instance)["JobInstanceDetail"]
            if told["Status"] in (4, 5):
                return told
            assert time.monotonic() < end, told
            time.sleep(0.03)


def test_every_operation(sdk: Sdk, request: pytest.FixtureRequest) -> None:
    uid = f"walk-{request.node.callspec.id.replace(' ', '-')}"
    walk = Walk(sdk, uid, OLDER_LACKS if "1.1.15" in uid else set())
    scopes(walk, uid)
    job = jobs(walk)
    instances(walk, job)
    ends(walk, job)
    served = {name for name in all_operations() if name in REPLIES}
    assert set(walk.seen) == served - walk.lacks
    if sdk.kind == "core":  # the only one that gives the answer as it was
        for action, told in walk.seen.items():
            same_shape(told, REPLIES[action], action)


def scopes(walk: Walk, uid: str) -> None:
    assert walk.call("DescribeRegions", "Namespace", "GroupId")["Regions"][0]["LocalName"] == "anyjob"
    made = walk.call("CreateNamespace", "Namespace", "GroupId", Name="walk 空间", Uid=uid, Description="d")
    assert made == {"NamespaceUid": uid}
    walk.call("CreateNamespace", "Namespace", "GroupId", Name="other", Uid=uid)
    assert walk.seen["CreateNamespace"]["Message"] == f"namespace={uid} is existed, noting update"
    if "UpdateNamespace" not in walk.lacks:
        walk.call("UpdateNamespace", "GroupId", NamespaceName="walk 2", Description="new")
        listed = walk.call("ListNamespaces", "GroupId")["Namespaces"]
        assert listed == [{"UId": uid, "Name": "walk 2", "Description": "new"}]
    assert walk.call("ListNamespaces", "GroupId")["Namespaces"][0]["UId"] == uid
    told = walk.refused("GetAppGroup", 404)
    assert told == f"app is not existed, groupId=walk.defaultGroup, namesapce={uid}"  # the namespace has none
    group = walk.call(
        "CreateAppGroup",
        AppName="walk",
        AppType=1,
        AppVersion=2,
        Description="an app",
        EnableLog=True,
        MaxJobs=50,
        MonitorConfigJson='{"sendChannel":"mail"}',
        MonitorContactsJson='[{"userName":"Tom"}]',
    )
    assert isinstance(group["AppGroupId"], int)
    assert len(group["AppKey"]) == 24
    walk.call("UpdateAppGroup", Description="the app", MaxConcurrency=20)
    told = walk.call("GetAppGroup")
    assert (told["AppName"], told["Description"], told["MaxJobs"]) == ("walk", "the app", 50)
    assert told.get("AppVersion", "2") == "2"  # older releases do not know it
    listed = walk.call("ListGroups", "GroupId", AppGroupName="wal")["AppGroups"]
    assert [(row["AppGroupId"], row["GroupId"]) for row in listed] == [(group["AppGroupId"], "walk.defaultGroup")]
    assert walk.call("ListGroups", "GroupId", AppGroupName="nothing")["AppGroups"] == []


def jobs(walk: Walk) -> int:
    job = walk.call(
        "CreateJob",
        Name="hello 任务 +&=*~'()!",
        JobType="Shell",
        ExecuteMode="standalone",
        Content='echo "hi & bye"\necho done',
        Parameters="a=1&b=2",
        TimeType=1,
        TimeExpression="0 0/5 * * * ?",
        MaxConcurrency=3,
        MaxAttempt=0,
        AttemptInterval=7,
        Timeout=60,
        TimeoutEnable=True,
        FailEnable=False,
        SendChannel="sms,mail",
        ContactInfo=[{"UserName": "张三", "UserMail": "a@b.c"}, {"UserName": "n2"}],
        Status=1,
        Priority=10,
        XAttrs='{"labels":{"team":"x"}}',
    )["JobId"]
    told = walk.call("GetJobInfo", JobId=job)["JobConfigInfo"]
    assert told["Content"] == 'echo "hi & bye"\necho done'
    assert told["JobType"] == "shell"
    assert told["MaxConcurrency"] == "3"
    assert told["TimeConfig"]["TimeExpression"] == "0 0/5 * * * ?"
    assert told["JobMonitorInfo"]["ContactInfo"][0]["UserName"] == "张三"
    assert told["JobMonitorInfo"]["MonitorConfig"]["SendChannel"] == "sms,mail"
    assert told["XAttrs"] == '{"labels":{"team":"x"}}'
    assert walk.call("GetJobInfo", JobId=0, JobName="hello 任务 +&=*~'()!")["JobConfigInfo"]["JobId"] == job
    walk.call("UpdateJob", JobId=job, Description="changed", Timeout=90)
    told = walk.call("GetJobInfo", JobId=job)["JobConfigInfo"]
    assert (told["Description"], told["Name"]) == ("changed", "hello 任务 +&=*~'()!")
    assert told["JobMonitorInfo"]["MonitorConfig"]["Timeout"] == 90
    assert told["JobMonitorInfo"]["MonitorConfig"]["TimeoutEnable"] is True
    if "UpdateJobScript" not in walk.lacks:
        walk.call("UpdateJobScript", JobId=job, ScriptContent="echo second", VersionDescription="v2")
        history = walk.call("ListJobScriptHistory", JobId=job)["JobScriptHistoryInfos"]
        assert [one["ScriptContent"] for one in history] == ["echo second", 'echo "hi & bye"\necho done']
        assert history[0]["VersionesDescription"] == "v2"
    walk.call("DisableJob", JobId=job)
    assert walk.call("ListJobs", Status="0")["Jobs"][0]["JobId"] == job
    assert walk.call("ListJobs", Status="1")["Jobs"] == []
    walk.call("EnableJob", JobId=job)
    assert "already" in walk.refused(
        "CreateJob",
        409,
        Name="hello 任务 +&=*~'()!",
        JobType="shell",
        ExecuteMode="standalone",
        Content="true",
        TimeType=100,
    )
    return job


def instances(walk: Walk, job: int) -> None:
    shell = {"JobType": "shell", "ExecuteMode": "standalone", "TimeType": 100}
    bad = walk.call("CreateJob", Name="bad", Content="echo one; echo two; exit 3", **shell)["JobId"]
    long = walk.call("CreateJob", Name="long", Content="sleep 600", **shell)["JobId"]
    instance = walk.call("ExecuteJob", JobId=bad, InstanceParameters="p q")["JobInstanceId"]
    told = walk.ended(instance, bad)
    assert (told["Status"], told["JobName"], told["Parameters"], told["TriggerType"]) == (5, "bad", "p q", 3)
    assert told["Result"].startswith("two") or "3" in told["Result"]
    listed = walk.call("GetJobInstanceList", JobId=bad, Status=5)["JobInstanceDetails"]
    assert [one["InstanceId"] for one in listed] == [instance]
    log = {"JobId": str(bad), "JobInstanceId": str(instance), "StartTimestamp": 0}
    assert walk.call("GetLog", **log)["Logs"] == ["two", "one"]
    assert walk.call("GetLog", Reverse=False, Line=1, Offset=1, **log)["Logs"] == ["two"]
    assert walk.call("GetLog", Keyword="on", **log)["Logs"] == ["one"]
    walk.call("RetryJobInstance", JobId=bad, JobInstanceId=instance)
    (retried,) = (
        one["InstanceId"]
        for one in walk.call("GetJobInstanceList", JobId=bad)["JobInstanceDetails"]
        if one["TriggerType"] == 4
    )
    walk.ended(retried, bad)
    walk.call("SetJobInstanceSuccess", JobId=bad, JobInstanceId=instance)
    assert walk.ended(instance, bad)["Status"] == 4
    running = walk.call("ExecuteJob", JobId=long)["JobInstanceId"]
    walk.call("StopInstance", JobId=long, InstanceId=running)
    assert walk.ended(running, long)["Status"] == 5
    now = int(time.time() * 1000)
    walk.call("RerunJob", JobId=job, StartDate=now - 2 * DAY, EndDate=now - DAY, DataTime="03:30:00")
    days = [
        one["DataTime"]
        for one in walk.call("GetJobInstanceList", JobId=job, PageSize=50)["JobInstanceDetails"]
        if one["TriggerType"] == 2
    ]
    assert len(days) == 2
    assert all(day.endswith(" 03:30:00") for day in days)
    workers = walk.call("GetWorkerList")["WorkerInfos"]
    assert len(workers) == 1
    assert isinstance(workers[0]["Port"], int)
    assert walk.refused("GetJobInstance", 404, JobId=bad, JobInstanceId=running) == (
        f"jobInstanceId={running} is not existed"
    )


def ends(walk: Walk, job: int) -> None:
    others = [row["JobId"] for row in walk.call("ListJobs", PageSize=50)["Jobs"] if row["JobId"] != job]
    walk.call("BatchDisableJobs", JobIdList=[*others, 999_999_999])
    assert walk.seen["BatchDisableJobs"]["Message"] == "disable failed jobs=[999999999]"
    assert {row["JobId"] for row in walk.call("ListJobs", Status="0")["Jobs"]} == set(others)
    walk.call("BatchEnableJobs", JobIdList=others)
    assert walk.call("ListJobs", Status="0")["Jobs"] == []
    walk.call("BatchDeleteJobs", JobIdList=others)
    assert walk.refused("BatchDeleteJobs", 404, JobIdList=others).startswith("job is not existed")
    assert walk.refused("GetJobInfo", 404, JobId=others[0]) == f"jobId={others[0]} is not existed"
    listed = walk.call("ListJobs", PageNum=1, PageSize=5, JobName="hello")
    assert len(listed["Jobs"]) == 1
    if "Total" in listed:  # older releases do not know paging
        assert (listed["PageNumber"], listed["PageSize"], listed["Total"]) == (1, 5, 1)
    assert "job" in walk.refused("DeleteAppGroup", 409)
    walk.call("DeleteJob", JobId=job)
    assert walk.refused("DeleteJob", 404, JobId=job) == f"jobId={job} is not existed"
    walk.call("DeleteAppGroup", DeleteJobs=True)
    if "DeleteNamespace" not in walk.lacks:
        walk.call("DeleteNamespace", "GroupId")
        assert walk.call("ListNamespaces", "GroupId")["Namespaces"] == []
        walk.seen["ListNamespaces"] = {**walk.seen["ListNamespaces"], **NAMESPACES}


NAMESPACES: dict[str, Any] = {"Data": {"Namespaces": [{"Description": "", "Name": "", "UId": ""}]}}


def same_shape(told: Any, wanted: Any, where: str) -> None:
    """The same keys and types, all the way down; our own keys beside."""
    assert type(told) is type(wanted), (where, told)
    if type(wanted) is dict:
        keys = cast("dict[str, Any]", wanted)
        last = where.rpartition(".")[2]
        assert set(told) - OURS.get(last, set()) == set(keys), where
        for name, value in keys.items():
            same_shape(told[name], value, f"{where}.{name}")
    elif type(wanted) is list:
        for one in told:
            same_shape(one, wanted[0], where)


def test_the_coroutines_of_the_sdk(server: Live) -> None:
    with closing(Sdk("tea by coroutines", f"127.0.0.1:{server.port}", KEY_ID, SECRET)) as sdk:
        walk = Walk(sdk, "walk-coroutines", set())
        scopes(walk, "walk-coroutines")
        jobs(walk)


@pytest.mark.parametrize(
    ("key", "secret", "code"),
    [("nobody", SECRET, "InvalidAccessKeyId.NotFound"), (KEY_ID, "wrong", "SignatureDoesNotMatch")],
)
def test_what_the_sdks_raise(server: Live, key: str, secret: str, code: str) -> None:
    with closing(Sdk("tea", f"127.0.0.1:{server.port}", key, secret)) as tea:
        with pytest.raises(Raised, match=r"not found|not matched") as raised:
            tea.ask("ListGroups", {"Namespace": "default"})
        assert raised.value.code == code
    with closing(Sdk("core", f"127.0.0.1:{server.port}", key, secret)) as core:
        with pytest.raises(Raised, match=r"not found|AccessKeySecret is incorrect") as raised:
            core.ask("ListGroups", {"Namespace": "default"})
        # From the string to sign the old core sees that the secret is wrong.
        assert raised.value.code == ("InvalidAccessKeySecret" if code == "SignatureDoesNotMatch" else code)


def test_operations_that_are_not_there(server: Live) -> None:
    with closing(Sdk("tea", f"127.0.0.1:{server.port}", KEY_ID, SECRET)) as tea:
        with pytest.raises(Raised, match="Specified api is not found") as raised:
            tea.ask("GetWorkFlow", {"WorkflowId": 1})
        assert (raised.value.code, raised.value.status) == ("InvalidApi.NotFound", 404)
