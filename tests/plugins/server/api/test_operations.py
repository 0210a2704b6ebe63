"""What operations refuse, and how; what keys may; what is written down."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from tests.plugins.server.api.liveground import GROUP, NAMESPACE, Live, live
from tests.plugins.server.api.signing import Signer
from tests.plugins.server.api.wireground import KEY_ID

from anyjob_server.api.registry import all_operations
from anyjob_server.server import Server
from anyjob_server.store import audit, instances
from anyjob_server.store.audit import AuditRow
from anyjob_server.trust.actions import RUNS_CODE


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Live]:
    with live(tmp_path_factory.mktemp("server")) as made:
        yield made


def create(server: Live, name: str, **fields: Any) -> dict[str, Any]:
    usual = {"JobType": "shell", "ExecuteMode": "standalone", "TimeType": 100, "Content": "echo hello"}
    return server.call("CreateJob", Name=name, **{**usual, **fields})


def refused(reply: dict[str, Any], code: int) -> str:
    assert (reply["Success"], reply["Code"]) == (False, code), reply
    assert "Data" not in reply
    return reply["Message"]


def ended(server: Live, instance: int) -> dict[str, Any]:
    end = time.monotonic() + 30
    while True:
        told = server.call("GetJobInstance", JobInstanceId=instance)["Data"]["JobInstanceDetail"]
        if told["Status"] in (4, 5):
            return told
        assert time.monotonic() < end, told
        time.sleep(0.03)


def audited(server: Live) -> list[AuditRow]:
    async def look(one: Server) -> list[AuditRow]:
        return await one.store.read(lambda c: audit.page(c, size=500)[0])

    return server.do(look)


@pytest.mark.parametrize(
    ("fields", "code", "told"),
    [
        ({"JobType": "shel"}, 400, "Did you mean 'shell'"),
        ({"JobType": "nothing-like-it"}, 400, "JobType 'nothing-like-it': no installed plugin runs it"),
        ({"JobType": "java", "Content": ""}, 400, "ClassName"),
        ({"ExecuteMode": "parallel"}, 400, "ExecuteMode"),
        ({"ExecuteMode": "sideways"}, 400, "ExecuteMode"),
        ({"TimeType": 1, "TimeExpression": "0 0 25 * * ?"}, 400, "TimeExpression"),
        ({"TimeType": 1, "TimeExpression": "0 0 0 31 2 ?"}, 400, "never comes"),
        ({"TimeType": 1, "TimeExpression": "0 0 0 1 1 ? 2001"}, 400, "TimeExpression"),
        ({"TimeType": 1}, 400, "TimeExpression is missing"),
        ({"TimeType": 4, "TimeExpression": "61"}, 400, "1 to 60"),
        ({"TimeType": 5, "TimeExpression": "yesterday"}, 400, "yyyy-MM-dd HH:mm:ss"),
        ({"TimeType": 1, "TimeExpression": "0 0 0 * * ?", "Calendar": "nowhere"}, 400, "Calendar"),
        ({"TimeType": 1, "TimeExpression": "0 0 0 * * ?", "Timezone": "Mars/Olympus"}, 400, "Timezone"),
        ({"Timeout": "soon"}, 400, 'Timeout: "soon" is not a whole number'),
        ({"Priority": "3"}, 400, "Priority"),
        ({"XAttrs": '{"limits":{"memory":"1 bucket"}}'}, 400, 'XAttrs.limits.memory: "1 bucket"'),
        ({"XAttrs": '{"limit":{}}'}, 400, "XAttrs.limit"),
        ({"XAttrs": "{"}, 400, "XAttrs"),
        ({"Nmae": "x"}, 400, "Nmae"),
        ({"JarUrl": "http://x"}, 400, "JarUrl"),
        ({"ContactInfo.1.Usermail": "x"}, 400, "ContactInfo.1.Usermail"),
        ({"Namespace": "nowhere"}, 404, "namespace can not find namespace: nowhere, namespaceSource:null"),
        ({"GroupId": "nobody"}, 404, "app is not existed, groupId=nobody, namesapce=default"),
    ],
)
def test_what_create_job_refuses(server: Live, fields: dict[str, Any], code: int, told: str) -> None:
    assert told in refused(create(server, f"refused {fields}"[:100], **fields), code)


def test_what_is_not_there_is_told_with_what_is(server: Live) -> None:
    told = refused(server.call("ListJobs", GroupId="defualt"), 404)
    assert told == "app is not existed, groupId=defualt, namesapce=default. GroupId: did you mean default?"
    told = refused(server.call("ListJobs", Namespace="zzz"), 404)
    assert told == "namespace can not find namespace: zzz, namespaceSource:null. Namespace: there is default"
    server.job("settlement")
    assert "JobName: did you mean settlement?" in refused(server.call("GetJobInfo", JobName="setlement"), 404)
    nosy = key(server, {"effect": "allow", "actions": ["job.read"]})
    told = refused(server.call_as(nosy, "ListJobs", GroupId="defualt"), 404)
    assert told == "app is not existed, groupId=defualt, namesapce=default"


def test_everything_that_is_wrong_is_told_at_once(server: Live) -> None:
    reply = create(
        server,
        "wrong",
        Timeout="soon",
        XAttrs='{"limits":{"memory":"1 bucket"},"colour":"red"}',
        Contnet="x",
    )
    message = refused(reply, 400)
    for field in ("Timeout", "XAttrs.limits.memory", "XAttrs.colour", "Contnet"):
        assert field in message, message


def test_names_are_unique_in_a_group(server: Live) -> None:
    assert create(server, "unique")["Success"]
    assert "'unique'" in refused(create(server, "unique"), 409)
    server.call("CreateAppGroup", GroupId="other", AppName="other")
    assert create(server, "unique", GroupId="other")["Success"]
    job = server.job("soon unique")
    assert "'unique'" in refused(server.call("UpdateJob", JobId=job, Name="unique"), 409)


def test_a_group_that_is_full(server: Live) -> None:
    server.call("CreateAppGroup", GroupId="full", AppName="full", MaxJobs=1)
    assert create(server, "first", GroupId="full")["Success"]
    assert "MaxJobs" in refused(create(server, "second", GroupId="full"), 409)


def test_jobs_of_other_groups_are_out_of_reach(server: Live) -> None:
    server.call("CreateAppGroup", GroupId="mine", AppName="mine")
    job = create(server, "mine alone", GroupId="mine")["Data"]["JobId"]
    told = f"jobid: {job} not match groupId: default"
    for action in (
        "GetJobInfo",
        "UpdateJob",
        "DeleteJob",
        "EnableJob",
        "DisableJob",
        "ExecuteJob",
        "UpdateJobScript",
        "GetJobInstanceList",
    ):
        assert refused(server.call(action, JobId=job), 400) == told
    assert server.call("DisableJob", JobId=job, GroupId=None)["Success"]  # the vendor's GroupId may be left out there
    instance = server.call("ExecuteJob", JobId=job, GroupId="mine")["Data"]["JobInstanceId"]
    for action, name in (
        ("GetJobInstance", "JobInstanceId"), ("StopInstance", "InstanceId"), ("RetryJobInstance", "JobInstanceId"),
        ("SetJobInstanceSuccess", "JobInstanceId"), ("GetLog", "JobInstanceId"),
    ):  # fmt: skip
        assert refused(server.call(action, **{name: instance}), 404) == f"jobInstanceId={instance} is not existed"
    assert refused(server.call("BatchDeleteJobs", **{"JobIdList.1": job}), 404)


def test_updates_are_incremental(server: Live) -> None:
    job = server.job("incremental", Description="first", MaxAttempt=3, Parameters="p", XAttrs='{"grace":7}')
    assert server.call("UpdateJob", JobId=job, Description="second", MaxConcurrency=4)["Success"]
    told = server.call("GetJobInfo", JobId=job)["Data"]["JobConfigInfo"]
    assert (told["Description"], told["MaxConcurrency"], told["MaxAttempt"]) == ("second", "4", 3)
    assert (told["Parameters"], told["XAttrs"], told["Content"]) == ("p", '{"grace":7}', "echo hello")
    server.call("UpdateJob", JobId=job, Description="", XAttrs='{"grace":8}')
    told = server.call("GetJobInfo", JobId=job)["Data"]["JobConfigInfo"]
    assert (told["Description"], told["XAttrs"]) == ("", '{"grace":8}')
    assert "keeps its type" in refused(server.call("UpdateJob", JobId=job, JobType="python"), 400)
    assert "EnableJob" in refused(server.call("UpdateJob", JobId=job, Status=0), 400)
    assert "Timeout" in refused(server.call("UpdateJob", JobId=job, Timeout="x"), 400)
    assert server.call("UpdateJob", JobId=job, JobType="Shell")["Success"]


def test_lists_are_paged_and_filtered(server: Live) -> None:
    server.call("CreateAppGroup", GroupId="paged", AppName="paged")
    ids = [create(server, f"paged {n} 100%_", GroupId="paged")["Data"]["JobId"] for n in range(7)]
    server.call("BatchDisableJobs", GroupId="paged", **{f"JobIdList.{n + 1}": job for n, job in enumerate(ids[:2])})

    def listed(**given: Any) -> list[int]:
        return [row["JobId"] for row in server.call("ListJobs", GroupId="paged", **given)["Data"]["Jobs"]]

    assert listed() == ids[::-1]
    assert listed(PageNum=2, PageSize=3) == ids[::-1][3:6]
    assert listed(PageNum=9) == []
    assert listed(Status="0") == ids[1::-1]
    assert listed(JobName="3 100%_") == [ids[3]]
    assert listed(JobName="%") == ids[::-1]
    assert server.call("ListJobs", PageSize=501)["Code"] == "InvalidPageSize"
    assert server.call("ListJobs", PageNum=0)["Code"] == "InvalidPageNum"
    assert server.call("ListJobs", Status=7)["Code"] == "InvalidStatus"


def test_sizes_stand_twice_for_the_mapping_modes(server: Live) -> None:
    job = server.job("sizes", PageSize=7, XAttrs='{"labels":{"a":"b"}}')
    told = server.call("GetJobInfo", JobId=job)["Data"]["JobConfigInfo"]
    assert told["MapTaskXAttrs"]["PageSize"] == 7
    assert told["XAttrs"] == '{"labels":{"a":"b"}}'


def test_instances_by_status_and_time(server: Live) -> None:
    job = server.job("listed")
    first = server.call("ExecuteJob", JobId=job)["Data"]["JobInstanceId"]
    told = ended(server, first)
    assert told["Result"] == "hello"
    assert (told["Cause"], told["Code"], told["StopReport"]["strength"]) == ("succeeded", 0, "PROVEN")
    assert told["EndTimestamp"] >= told["StartTimestamp"]
    assert time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(told["EndTimestamp"] / 1000)) == told["EndTime"]
    at = told["StartTimestamp"]

    def listed(**given: Any) -> list[int]:
        rows = server.call("GetJobInstanceList", JobId=job, **given)["Data"]["JobInstanceDetails"]
        return [row["InstanceId"] for row in rows]

    assert listed() == listed(Status=4) == listed(StartTimestamp=at - 5000, EndTimestamp=at + 5000) == [first]
    assert listed(Status=5) == listed(StartTimestamp=at + 5000) == listed(EndTimestamp=at - 5000) == []
    assert server.call("GetJobInstanceList", Status=13)["Code"] == "InvalidStatus"
    server.call("DeleteJob", JobId=job)
    assert listed() == [first], "what is deleted keeps its history"
    told = refused(server.call("GetJobInstanceList", JobId=987_654), 404)
    assert told == "jobId=987654 is not existed", "an empty page would say that it never ran"


def test_long_results_are_cut(server: Live) -> None:
    job = server.job("long result", Content="printf '任%.0s' $(seq 1000); echo")
    instance = server.call("ExecuteJob", JobId=job)["Data"]["JobInstanceId"]
    assert ended(server, instance)["Result"] == "任" * 333

    async def kept(one: Server) -> str:
        found = await one.store.read(lambda c: instances.get(c, instance))
        assert found is not None
        return found.result

    assert server.do(kept) == "任" * 1000


def test_logs_in_the_jobs_encoding(server: Live) -> None:
    content = "printf '\\306\\364\\266\\257\\n\\033[31mred\\n'"
    job = server.job("gbk", Content=content, XAttrs='{"encoding":"gbk"}')
    instance = server.call("ExecuteJob", JobId=job)["Data"]["JobInstanceId"]
    ended(server, instance)
    assert server.call("GetLog", JobInstanceId=instance)["Data"]["Logs"] == ["\x1b[31mred", "启动"]
    assert server.call("GetLog", JobId=job)["Data"]["Logs"] == ["\x1b[31mred", "启动"]
    assert server.call("GetLog", JobId=job, Keyword="启")["Data"]["Logs"] == ["启动"]
    assert server.call("GetLog", JobId=job, EndTimestamp=1000)["Data"]["Logs"] == []
    assert server.call("GetLog", JobInstanceId=instance, EndTimestamp=1000)["Data"]["Logs"] == []
    assert server.call("GetLog", Line=201)["Code"] == "InvalidLine"
    piece = server.call("GetLog", JobInstanceId=instance, Cursor="")["Data"]
    assert (piece["Logs"], piece["More"]) == (["启动", "\x1b[31mred"], False)
    assert server.call("GetLog", JobInstanceId=instance, Cursor=piece["Cursor"])["Data"]["Logs"] == []


def test_runs_by_hand(server: Live) -> None:
    job = server.job("by hand", Content="sleep 600")
    server.call("DisableJob", JobId=job)
    assert "disabled" in refused(server.call("ExecuteJob", JobId=job, CheckJobStatus=True), 409)
    instance = server.call("ExecuteJob", JobId=job)["Data"]["JobInstanceId"]
    assert refused(server.call("ExecuteJob", JobId=job), 409)  # MaxConcurrency is 1
    assert refused(server.call("RetryJobInstance", JobInstanceId=instance), 409)
    assert refused(server.call("SetJobInstanceSuccess", JobInstanceId=instance), 409)
    assert server.call("StopInstance", InstanceId=instance)["Success"]
    assert ended(server, instance)["Cause"] == "stopped"
    assert refused(server.call("StopInstance", InstanceId=instance), 409)
    assert server.call("ExecuteJob", JobId=job, DesignateType=1)["Code"] == "MissingWorker"
    assert server.call("ExecuteJob", JobId=job, DesignateType=3)["Code"] == "InvalidDesignateType"
    assert server.call("ExecuteJob", JobId=job, InstanceParameters="x" * 10_001)["Code"] == "InvalidInstanceParameters"
    bad = {"StartDate": 2000, "EndDate": 1000, "DataTime": "00:00:00"}
    assert server.call("RerunJob", JobId=job, **bad)["Code"] == "InvalidEndDate"
    assert server.call("RerunJob", JobId=job, **{**bad, "DataTime": "24:00:00"})["Code"] == "InvalidDataTime"


def test_whoever_waits_for_an_end_asks_once(server: Live, tmp_path: Path) -> None:
    gate = tmp_path / "gate"
    job = server.job("waited for", Content=f"while [ ! -e {gate} ]; do sleep 0.01; done; echo done")
    instance = server.call("ExecuteJob", JobId=job)["Data"]["JobInstanceId"]
    told = server.call("GetJobInstance", JobInstanceId=instance, WaitSeconds=1)["Data"]["JobInstanceDetail"]
    assert told["Status"] == 3  # the time was over
    with ThreadPoolExecutor(1) as pool:
        waits = pool.submit(server.call, "GetJobInstance", JobInstanceId=instance, WaitSeconds=30)
        gate.touch()
        told = waits.result()["Data"]["JobInstanceDetail"]
    assert (told["Status"], told["Result"]) == (4, "done")
    again = server.call("GetJobInstance", JobInstanceId=instance, WaitSeconds=30)["Data"]["JobInstanceDetail"]
    assert again == told


@pytest.mark.parametrize(
    ("action", "fields", "code"),
    [
        ("GetJobInstance", {"JobInstanceId": 1, "WaitSeconds": 31}, "InvalidWaitSeconds"),
        ("CreateNamespace", {"Name": "x" * 101}, "InvalidName"),
        ("CreateNamespace", {"Name": "x\n"}, "InvalidName"),
        ("CreateAppGroup", {"AppName": "a", "AppType": 3}, "InvalidAppType"),
        ("CreateAppGroup", {"AppName": "a", "MaxJobs": -1}, "InvalidMaxJobs"),
        ("CreateAppGroup", {"AppName": "a", "MonitorConfigJson": "[]"}, "InvalidMonitorConfigJson"),
        ("UpdateAppGroup", {"MonitorContactsJson": "{"}, "InvalidMonitorContactsJson"),
        ("GetJobInfo", {}, "MissingJobId"),
        ("GetJobInfo", {"JobId": "x"}, "InvalidJobId"),
        ("ExecuteJob", {}, "MissingJobId"),
        ("BatchEnableJobs", {}, "MissingJobIdList"),
        ("BatchEnableJobs", {"JobIdList.1": "x"}, "InvalidJobIdList"),
    ],
)
def test_wrong_parameters(server: Live, action: str, fields: dict[str, Any], code: str) -> None:
    assert server.call(action, **fields)["Code"] == code


@pytest.mark.parametrize("name", sorted(all_operations()))
def test_what_is_needed_is_asked_for(server: Live, name: str) -> None:
    needed = all_operations()[name].needed
    for missing in needed:
        given = {one: "1" for one in needed if one != missing}
        told = server.say(server.signer.acs3(name, given))
        assert (told[0], told[1]["Code"]) == (400, f"Missing{missing}")


def test_another_version(server: Live) -> None:
    signer = Signer(key_id=KEY_ID, secret=server.signer.secret, version="2024-06-24")
    assert server.call_as(signer, "ListJobs")["Code"] == "InvalidApi.NotFound"


# ---------------------------------------------------------------- trust


def key(server: Live, *statements: dict[str, Any], namespace: str = "", group: str = "") -> Signer:
    async def make(one: Server) -> Signer:
        text = json.dumps(statements) if statements else ""
        row, secret = await one.keys.create(namespace=namespace, group_id=group, policy=text)
        return Signer(key_id=row.access_key_id, secret=secret)

    return server.do(make)


PLAIN: dict[str, dict[str, Any]] = {
    "CreateJob": {"Name": "denied", "JobType": "shell", "ExecuteMode": "standalone", "TimeType": 100, "Content": "x"},
    "RerunJob": {"StartDate": "1000", "EndDate": "2000", "DataTime": "00:00:00"},
}


@pytest.mark.parametrize("name", sorted(all_operations()))
def test_every_operation_asks_the_policy(server: Live, name: str) -> None:
    nothing = key(server, {"effect": "deny", "actions": ["*"]})
    job = server.job(f"asked by {name}")
    instance = server.call("ExecuteJob", JobId=job)["Data"]["JobInstanceId"]
    given: dict[str, Any] = dict.fromkeys(all_operations()[name].needed, "default")
    if name != "CreateJob":
        given |= {"JobId": job, "JobIdList.1": job, "JobInstanceId": instance, "InstanceId": instance, "Name": "x"}
    operation = all_operations()[name]
    if operation.takes is not None:
        known = {*operation.needed, *(one.replace(".N", ".1") for one in operation.takes)}
        given = {field: value for field, value in given.items() if field in known}
    given |= {**PLAIN.get(name, {}), "Namespace": NAMESPACE, "GroupId": GROUP}
    status, told = server.say(nothing.acs3(name, {field: str(value) for field, value in given.items()}))
    assert (status, told["Code"]) == (403, "NoPermission"), told
    detail = told["AccessDeniedDetail"]
    assert detail["AuthAction"] == all_operations()[name].action
    assert detail["NoPermissionType"] == "ExplicitDeny"
    assert detail["AuthPrincipalDisplayName"] == nothing.key_id
    last = audited(server)[0]
    assert (last.action, last.allowed, last.key, last.request_id) == (name, False, nothing.key_id, told["RequestId"])


def test_conditions_are_asked_with_the_job(server: Live) -> None:
    shell = key(
        server,
        {"effect": "allow", "actions": ["*"]},
        {"effect": "deny", "actions": ["job.*"], "job_types": ["python"]},
    )
    assert server.call_as(shell, "CreateJob", **{**PLAIN["CreateJob"], "Name": "by shell"})["Success"]
    python = {**PLAIN["CreateJob"], "Name": "by python", "JobType": "python"}
    assert server.call_as(shell, "CreateJob", **python)["Code"] == "NoPermission"
    job = server.job("somebody's", JobType="python")
    for action in ("ExecuteJob", "UpdateJob", "EnableJob", "UpdateJobScript"):
        assert server.call_as(shell, action, JobId=job)["Code"] == "NoPermission"
    batch = {"JobIdList.1": server.job("harmless"), "JobIdList.2": job}
    assert server.call_as(shell, "BatchEnableJobs", **batch)["Code"] == "NoPermission"


def test_a_key_of_one_group(server: Live) -> None:
    server.call("CreateAppGroup", GroupId="scoped", AppName="scoped")
    mine = key(server, namespace=NAMESPACE, group="scoped")
    job = server.call_as(mine, "CreateJob", **{**PLAIN["CreateJob"], "GroupId": "scoped"})["Data"]["JobId"]
    assert server.call_as(mine, "DisableJob", JobId=job, GroupId="scoped")["Success"]
    assert server.call_as(mine, "ListJobs")["Code"] == "NoPermission"
    assert server.call_as(mine, "ListNamespaces", Namespace=None, GroupId=None)["Code"] == "NoPermission"
    other = server.job("not scoped")
    for action in ("EnableJob", "DisableJob"):
        for group in (None, "default"):
            assert server.call_as(mine, action, JobId=other, GroupId=group)["Code"] == "NoPermission"
        assert refused(server.call_as(mine, action, JobId=other, GroupId="scoped"), 400)


def test_a_group_that_is_left_out_hides_nothing(server: Live) -> None:
    without = key(
        server, {"effect": "allow", "actions": ["*"]}, {"effect": "deny", "actions": ["*"], "groups": ["shut"]}
    )
    server.call("CreateAppGroup", GroupId="shut", AppName="shut")
    job = create(server, "shut", GroupId="shut")["Data"]["JobId"]
    for action in ("EnableJob", "DisableJob"):
        assert server.call_as(without, action, JobId=job, GroupId=None)["Code"] == "NoPermission"
    for action in ("BatchEnableJobs", "BatchDisableJobs"):
        assert server.call_as(without, action, **{"JobIdList.1": job, "GroupId": None})["Code"] == "NoPermission"


def test_what_changes_is_written_down(server: Live) -> None:
    job = server.job("audited", Content="echo very-private", Parameters="very-private")
    server.call("GetJobInfo", JobId=job)
    server.call("DisableJob", JobId=job)
    newest = audited(server)[:2]
    assert [(row.action, row.job, row.allowed) for row in newest] == [
        ("DisableJob", job, True), ("CreateJob", job, True),
    ]  # fmt: skip
    assert newest[1].detail == "Name=audited"
    assert (newest[0].namespace, newest[0].group_id, newest[0].remote) == (NAMESPACE, GROUP, "127.0.0.1")
    assert "very-private" not in str(audited(server))


def test_an_operation_that_forgets_to_ask_is_a_fault(
    server: Live, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    operation = all_operations()["ExecuteJob"]
    assert operation.action in RUNS_CODE

    async def forgets(call: object) -> None:
        del call

    monkeypatch.setattr(operation.handle, "__code__", forgets.__code__)
    status, told = server.say(server.signer.v1("ExecuteJob", {"Namespace": "a", "GroupId": "b", "JobId": "1"}))
    assert (status, told["Code"]) == (500, "InternalError")
    assert f"{told['RequestId']} failed with RuntimeError" in caplog.text


@pytest.mark.parametrize(
    ("action", "given", "told"),
    [
        ("ListJobs", {"Jobname": "x"}, "Jobname is no parameter of ListJobs; did you mean JobName?"),
        ("ListJobs", {"PageNumber": 2}, "PageNumber is no parameter of ListJobs; did you mean PageNum"),
        ("StopInstance", {"InstanceId": 1, "JobInstanceId": 1}, "JobInstanceId is no parameter of StopInstance"),
        ("UpdateJobScript", {"JobId": 1, "ScriptContents": "x"}, "did you mean ScriptContent?"),
        ("BatchDeleteJobs", {"JobIdList.1": 1, "JobIds.1": 2}, "JobIds.1 is no parameter of BatchDeleteJobs"),
        ("DeleteAppGroup", {"DeletJobs": "true"}, "did you mean DeleteJobs?"),
        ("ListNamespaces", {"Limit": 1}, "Limit is no parameter of ListNamespaces; it has GroupId, Namespace,"),
    ],
)
def test_a_parameter_that_an_operation_does_not_have_is_refused_by_name(
    server: Live, action: str, given: dict[str, Any], told: str
) -> None:
    assert told in refused(server.call(action, **given), 400)


def test_the_parameters_of_the_gateway_are_no_operations(server: Live) -> None:
    query = {"Namespace": NAMESPACE, "GroupId": GROUP, "RegionId": "local", "Format": "JSON", "SecurityToken": "t"}
    assert server.say(server.signer.v1("ListJobs", query))[1]["Success"]
    assert server.say(server.signer.acs3("ListJobs", query))[1]["Success"]


def test_a_key_of_a_namespace_makes_no_other_one(server: Live) -> None:
    made = server.call("CreateAccessKey", KeyNamespace=NAMESPACE)["Data"]
    scoped = Signer(key_id=made["AccessKeyId"], secret=made["AccessKeySecret"])
    for scope in ({"Namespace": None}, {"Namespace": NAMESPACE}):
        reply = server.call_as(scoped, "CreateNamespace", GroupId=None, Name="other", Uid="other", **scope)
        assert reply["Code"] == "NoPermission", reply
    assert server.call("ListNamespaces", Namespace="other")["Data"]["Namespaces"] == []


def test_which_key_was_made_and_which_one_went_is_written_down(server: Live) -> None:
    made = server.call("CreateAccessKey", Label="of somebody")["Data"]["AccessKeyId"]
    assert server.call("RevokeAccessKey", KeyId=made)["Success"]
    last = [(row.action, row.detail, row.key, row.allowed) for row in audited(server)[:2]]
    assert last == [(name, f"KeyId={made}", KEY_ID, True) for name in ("RevokeAccessKey", "CreateAccessKey")]


def test_progress_is_told_while_the_job_runs(server: Live, tmp_path: Path) -> None:
    go = tmp_path / "go"
    content = f'echo "3 5" > "$ANYJOB_PROGRESS"; while [ ! -e {go} ]; do sleep 0.05; done'
    job = server.job("far", Content=content)
    instance = server.call("ExecuteJob", JobId=job)["Data"]["JobInstanceId"]
    try:
        end = time.monotonic() + 30
        while True:
            one = server.call("GetJobInstance", JobInstanceId=instance)["Data"]["JobInstanceDetail"]
            assert one["Status"] in (1, 2, 3), one
            if one["Progress"]:
                break
            assert time.monotonic() < end, one
            time.sleep(0.05)
        (listed,) = server.call("GetJobInstanceList", JobId=job)["Data"]["JobInstanceDetails"]
        assert (one["Progress"], listed["Progress"]) == ("3/5", "3/5")
    finally:
        go.touch()
    assert ended(server, instance)["Progress"] == "3/5"
