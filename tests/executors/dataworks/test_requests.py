"""What is asked of DataWorks, by both versions of its API. Every signature is checked by the vendor's own code."""

from __future__ import annotations

import json
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from tests.executors.dataworks.life import API, finish, flow_job

from anyjob.job import BadJob, Job
from anyjob.outcome import Cause
from anyjob.plugins import PluginHost
from anyjob_dataworks.peer import Peer
from anyjob_dataworks.plan import default_day

YESTERDAY = datetime.now(ZoneInfo("Asia/Shanghai")).date() - timedelta(days=1)
STARTS = {"2020-05-18": "RunManualDagNodes", "2024-05-18": "CreateWorkflowInstances"}


def started(peer: Peer, action: str) -> dict[str, str]:
    """What the one start asked for."""
    (found,) = [parameters for name, parameters in peer.asked if name == action]
    return dict(found)


@pytest.mark.parametrize("api", API)
def test_a_whole_flow(peer: Peer, api: str) -> None:
    got = finish(flow_job(peer, "daily", xattrs={"api": api}))
    assert (got.outcome.cause, got.outcome.result) == (Cause.SUCCEEDED, "118 rows written")
    assert got.progress == (3, 3)
    assert [node["status"].upper() for node in got.outcome.outputs["nodes"]] == ["SUCCESS"] * 3  # type: ignore[union-attr,index]
    assert got.outcome.outputs["bizDate"] == str(YESTERDAY)
    lines = got.log.splitlines()
    assert [line for line in lines if not line.startswith("[anyjob]")] == [
        "120 rows read", "118 rows kept", "118 rows written",
    ]  # fmt: skip
    told = [line for line in lines if line.startswith("[anyjob] node load")]
    assert told[0].upper().replace("_", "").endswith("NOTRUN")
    assert told[-1].upper().endswith("SUCCESS")


def test_the_parameters_of_the_older_api(peer: Peer) -> None:
    job = flow_job(
        peer,
        "daily",
        parameters="orders",
        projectEnv="dev",
        taskIds="701001, 701002",
        excludeTaskIds=[701002],
        bizDate="2026-11-20 00:00:00",
        nodeParameters={"701001": {"table": "#{schedulerx.jobParameters}", "n": 3}, "701002": "a=b"},
        dagParameters={"who": '"#{schedulerx.jobName}"'},
    )
    got = finish(job)
    assert got.outcome.cause is Cause.SUCCEEDED
    asked = started(peer, "RunManualDagNodes")
    parameters = json.loads(asked.pop("DagParameters"))
    mark = parameters.pop("anyjob_run")
    assert mark.startswith("aj-1-0-1.")
    assert len(mark) > 20
    assert parameters == {"who": '"nightly"'}
    assert json.loads(asked.pop("NodeParameters")) == {"701001": "table=orders n=3", "701002": "a=b"}
    assert asked == {
        "ProjectName": "practice",
        "ProjectEnv": "DEV",
        "FlowName": "daily",
        "BizDate": "2026-11-20 00:00:00",
        "IncludeNodeIds": "701001,701002",
        "ExcludeNodeIds": "701002",
    }
    assert "transform (500002): SUCCESS, SKIP(3)" in got.log


def test_the_parameters_of_the_newer_api(peer: Peer) -> None:
    job = flow_job(
        peer,
        "daily",
        xattrs={"api": "2024-05-18"},
        taskIds="701002",
        bizDate="2026-11-20",
        nodeParameters='{"701002": "a=b"}',
        dagParameters='{"k": "v"}',
    )
    got = finish(job)
    assert (got.outcome.cause, got.outcome.result) == (Cause.SUCCEEDED, "118 rows kept")
    asked = started(peer, "CreateWorkflowInstances")
    assert asked.pop("Name").startswith("aj-1-0-1.")
    assert json.loads(asked.pop("DefaultRunProperties")) == {"RootTaskIds": [701002], "IncludeTaskIds": [701002]}
    assert json.loads(asked.pop("Periods")) == {
        "BizDates": [{"StartBizDate": "2026-11-20", "EndBizDate": "2026-11-20"}]
    }
    assert asked == {
        "ProjectId": "10001",
        "WorkflowId": "7010",
        "Type": "ManualWorkflow",
        "EnvType": "Prod",
        "AutoStartEnabled": "true",
        "Comment": "anyjob: nightly",
        "TaskParameters": '{"701002": "a=b"}',
        "WorkflowParameters": '{"k": "v"}',
    }


def test_ids_save_looking_up_names(peer: Peer) -> None:
    xattrs = {"api": "2024-05-18"}
    job = flow_job(peer, "", xattrs=xattrs, projectName=None, flowName=None, projectId=10001, workflowId=7000)
    assert finish(job).outcome.result == "hello"
    assert not peer.count("ListProjects") + peer.count("ListWorkflows")


@pytest.mark.parametrize("kind", ["Manual", "smoke_test", "SupplementData"])
def test_tasks_that_belong_to_no_flow(peer: Peer, kind: str) -> None:
    job = flow_job(peer, "", xattrs={"api": "2024-05-18"}, flowName=None, flowType=kind, taskIds=700001)
    assert finish(job).outcome.result == "hello"
    asked = started(peer, "CreateWorkflowInstances")
    assert asked["WorkflowId"] == "1"
    assert json.loads(asked["DefaultRunProperties"])["RootTaskIds"] == [700001]


def test_the_other_operation_that_starts_a_flow(peer: Peer) -> None:
    assert finish(flow_job(peer, "hello", xattrs={"operation": "CreateManualDag"})).outcome.result == "hello"
    assert peer.count("CreateManualDag") == 1


def test_what_the_vendor_writes_beside_is_read_and_means_nothing(peer: Peer) -> None:
    job = flow_job(peer, "hello", className="com.example.Job", jobHandler=None, jarUrl="http://127.0.0.1/a.jar")
    assert finish(job).outcome.result == "hello"


def test_no_mark_where_the_job_says_so(peer: Peer) -> None:
    assert finish(flow_job(peer, "hello", xattrs={"mark": False})).outcome.result == "hello"
    assert "DagParameters" not in started(peer, "RunManualDagNodes")


# ---------------------------------------------------------------- the business date


def at(text: str) -> int:
    return int(datetime.fromisoformat(text).timestamp() * 1000)


@pytest.mark.parametrize(
    ("data", "schedule", "zone", "day"),
    [
        ("2026-11-26T02:00+08:00", "2026-11-26T02:00+08:00", "Asia/Shanghai", "2026-11-25"),
        ("2026-11-25T02:00+08:00", "2026-11-26T02:00+08:00", "Asia/Shanghai", "2026-11-25"),
        ("2026-11-23T02:00+08:00", "2026-11-26T02:00+08:00", "Asia/Shanghai", "2026-11-23"),
        ("2026-11-26T02:00+08:00", "2026-11-26T02:00+08:00", "Europe/Berlin", "2026-11-24"),
        ("2026-11-25T20:00+00:00", "2026-11-25T20:00+00:00", "Asia/Shanghai", "2026-11-25"),
    ],
    ids=["no offset", "a day before", "three days before", "another zone", "a day that began in the zone"],
)
def test_the_business_date_comes_from_the_data_time(data: str, schedule: str, zone: str, day: str) -> None:
    assert default_day(at(data), at(schedule), zone) == date.fromisoformat(day)


def test_the_run_takes_it_from_there(peer: Peer) -> None:
    facts = {"data_time": at("2026-03-04T12:00+08:00"), "schedule_time": at("2026-03-06T01:00+08:00")}
    finish(flow_job(peer, "hello"), facts=facts)
    assert started(peer, "RunManualDagNodes")["BizDate"] == "2026-03-04 00:00:00"


def test_a_business_date_that_is_not_over_is_refused_before_anything_is_sent(peer: Peer) -> None:
    got = finish(flow_job(peer, "hello", bizDate=str(YESTERDAY + timedelta(days=1))))
    assert got.outcome.cause is Cause.BAD_CONFIG
    assert f"is not over yet in Asia/Shanghai; DataWorks takes {YESTERDAY} or before" in got.outcome.result
    assert not peer.asked


def test_ids_are_checked_when_they_are_filled(peer: Peer) -> None:
    got = finish(flow_job(peer, "hello", taskIds="#{schedulerx.jobParameters}", parameters="7 or 8"))
    assert got.outcome.cause is Cause.BAD_CONFIG
    assert 'Content.taskIds: "7 or 8" is no id of a node' in got.outcome.result
    assert not peer.asked


def test_a_caller_pastes_nothing_unasked(peer: Peer) -> None:
    facts = {"instance_parameters": "x"}
    job = flow_job(peer, "echo", dagParameters={"text": "#{schedulerx.instanceParameters}"})
    assert finish(job, facts=facts).outcome.cause is Cause.BAD_CONFIG
    assert not peer.asked


# ---------------------------------------------------------------- what is refused when the job is made


@pytest.mark.parametrize(
    ("content", "xattrs", "said"),
    [
        ({}, {}, "Content.projectName"),
        ({"projectId": 7, "flowName": "f"}, {}, "Content.projectName"),
        ({"projectName": "p"}, {}, "Content.flowName"),
        ({"projectName": "p", "flowName": ""}, {}, "is blank; write the name of the flow"),
        ({"projectName": "p", "flowType": "Manual"}, {"api": "2024-05-18"}, "Content.flowName"),
        ({"projectName": "p", "flowName": "f", "flowType": "4"}, {}, "Content.flowType"),
        ({"projectName": "p", "flowName": "f", "flowType": "SmokeTest"}, {}, "is started by api 2024-05-18 only"),
        ({"projectName": "p", "flowName": "f", "bizDate": "25.11.2026"}, {}, "is no day; write it as 2026-11-25"),
        ({"projectName": "p", "flowName": "f", "region": "evil.example/"}, {}, "is no region"),
        ({"projectName": "p", "flowName": "f\r\nX"}, {}, "holds a control character"),
        ({"projectName": "p", "flowName": "f", "nodeParameters": "{"}, {}, "Content.nodeParameters"),
        ({"projectName": "p", "flowName": "f"}, {"secrets": {"ACCESS_KEY_ID": "a"}}, "no ACCESS_KEY_SECRET; list it"),
        ({"projectName": "p", "flowName": "f"}, {"secrets": {"SECURITY_TOKEN": "a"}}, "no ACCESS_KEY_ID; list it"),
        ({"projectName": "p", "flowName": "f", "accessKeySecret": "x"}, {}, "Content.accessKeySecret"),
        ({"projectName": "p", "flowName": "f"}, {"api": "2025-01-01"}, "XAttrs.api"),
    ],
)
def test_bad_jobs(content: dict[str, Any], xattrs: dict[str, Any], said: str) -> None:
    wire = {"Name": "n", "JobType": "dataworks", "Content": json.dumps(content), "XAttrs": xattrs}
    with pytest.raises(BadJob) as refused:
        PluginHost.load().bind(Job.from_wire(wire))
    assert said in str(refused.value)
