"""The fields of Job against the API's own list, their defaults, and what may stand in them."""

from __future__ import annotations

import dataclasses
import pickle
from datetime import timedelta
from typing import Any

import pytest

from anyjob.job import (
    JOB_FIELDS,
    BadJob,
    Channel,
    Contact,
    ExecuteMode,
    Job,
    JobStatus,
    Needed,
    Priority,
    TaskDispatchMode,
    TimeType,
    job_schema,
)
from anyjob.timezone import parse_timezone

# CreateJob of 2019-04-30 as its page and its newest SDK list it, then UpdateJob's two.
API_FIELDS = [
    "RegionId", "Namespace", "NamespaceSource", "GroupId", "JobType", "Name", "Description", "ExecuteMode",
    "ClassName", "Content", "Parameters", "MaxConcurrency", "MaxAttempt", "AttemptInterval", "PageSize",
    "ConsumerSize", "QueueSize", "DispatcherSize", "TimeType", "TimeExpression", "Calendar", "DataOffset",
    "Timezone", "TimeoutEnable", "Timeout", "TimeoutKillEnable", "FailEnable", "FailTimes", "MissWorkerEnable",
    "SuccessNoticeEnable", "SendChannel", "TaskMaxAttempt", "TaskAttemptInterval", "ContactInfo", "Status",
    "XAttrs", "Priority", "StartTime", "EndTime", "TaskDispatchMode", "Template",
]  # fmt: skip

# The defaults that the pages state.
API_DEFAULTS = {
    "MaxConcurrency": 1,
    "MaxAttempt": 0,
    "AttemptInterval": 30,
    "PageSize": 100,
    "ConsumerSize": 5,
    "QueueSize": 10_000,
    "DispatcherSize": 5,
    "TaskMaxAttempt": 0,
    "TaskAttemptInterval": 0,
    "Timeout": 7200,
    "Status": 1,
}

SMALL = {"Name": "hello", "JobType": "shell"}


def small(**more: object) -> dict[str, object]:
    return {**SMALL, **more}


def test_every_field_of_the_api_is_there_once_and_no_other() -> None:
    assert sorted(item.name for item in JOB_FIELDS) == sorted(API_FIELDS)
    assert {item.attribute for item in JOB_FIELDS} == {item.name for item in dataclasses.fields(Job)}


def test_the_defaults_are_those_of_the_api() -> None:
    wire = Job.from_wire(SMALL).to_wire()
    assert {name: wire[name] for name in API_DEFAULTS} == API_DEFAULTS


def test_python_and_the_wire_make_the_same_job() -> None:
    python = Job(
        name="hello",
        job_type="shell",
        execute_mode=ExecuteMode.SHARDING,
        max_attempt=3,
        time_type=TimeType.CRON,
        time_expression="0 0/10 * * * ?",
        fail_enable=True,
        send_channel=(Channel.SMS, Channel.WEBHOOK),
        contact_info=(Contact(user_name="Ann"),),
        xattrs={"grace": 5},
    )
    wire = Job.from_wire(
        small(
            ExecuteMode="shard",
            MaxAttempt="3",
            TimeType="1",
            TimeExpression="0 0/10 * * * ?",
            FailEnable="True",
            SendChannel="sms,ding",
            ContactInfo=[{"UserName": "Ann"}],
            XAttrs='{"grace": 5}',
        )
    )
    assert python == wire
    assert pickle.loads(pickle.dumps(python)) == wire


@pytest.mark.parametrize(
    ("field", "written", "attribute", "read"),
    [
        ("JobType", "SHELL", "job_type", "shell"),
        ("JobType", "xxl-job", "job_type", "xxljob"),
        ("JobType", "XXL-JOB", "job_type", "xxljob"),
        ("JobType", "DataWorks", "job_type", "dataworks"),
        ("JobType", "golang", "job_type", "go"),
        ("JobType", "Kubernetes", "job_type", "k8s"),
        ("JobType", "acme.sql_2-x", "job_type", "acme.sql_2-x"),
        ("JobType", "a" * 64, "job_type", "a" * 64),
        ("ExecuteMode", "Broadcast", "execute_mode", ExecuteMode.BROADCAST),
        ("ExecuteMode", "broadcatst", "execute_mode", ExecuteMode.BROADCAST),
        ("ExecuteMode", "shard", "execute_mode", ExecuteMode.SHARDING),
        ("ExecuteMode", "mapreduce", "execute_mode", ExecuteMode.BATCH),
        ("TimeType", -1, "time_type", TimeType.NONE),
        ("TimeType", "-1", "time_type", TimeType.NONE),
        ("TimeType", "api", "time_type", TimeType.API),
        ("Priority", "15", "priority", Priority.VERY_HIGH),
        ("Priority", "very-high", "priority", Priority.VERY_HIGH),
        ("Status", 0, "status", JobStatus.DISABLED),
        ("Status", "0", "status", JobStatus.DISABLED),
        ("TaskDispatchMode", "PULL", "task_dispatch_mode", TaskDispatchMode.PULL),
        ("TimeoutEnable", "True", "timeout_enable", True),
        ("TimeoutEnable", "false", "timeout_enable", False),
        ("MaxAttempt", "007", "max_attempt", 7),
        ("DataOffset", "-2400", "data_offset", -2400),
        ("StartTime", "-1", "start_time", -1),
        ("Parameters", 42, "parameters", "42"),
        ("Parameters", "é" * 5000, "parameters", "é" * 5000),
        ("Content", {"url": "http://ä", "n": [1]}, "content", '{"url":"http://ä","n":[1]}'),
        ("Content", "a\r\nb", "content", "a\r\nb"),
        ("Name", "夜间 job \u200d", "name", "夜间 job \u200d"),
        ("SendChannel", " SMS , mail,sms", "send_channel", (Channel.SMS, Channel.MAIL)),
        ("SendChannel", ["phone"], "send_channel", (Channel.PHONE,)),
        ("ContactInfo", '[{"Ding": "https://x/?a=1"}]', "contact_info", (Contact(ding="https://x/?a=1"),)),
        ("XAttrs", {"limits": {"memory": "1Mi"}}, "xattrs", {"limits": {"memory": "1Mi"}}),
        ("Timezone", "Asia/Shanghai", "timezone", "Asia/Shanghai"),
        ("Timezone", "GMT+8", "timezone", "GMT+8"),
        ("Timezone", "UTC-09:30", "timezone", "UTC-09:30"),
    ],
)
def test_what_is_written_is_read_as(field: str, written: object, attribute: str, read: object) -> None:
    value = getattr(Job.from_wire(small(**{field: written})), attribute)
    assert value == read
    assert type(value) is type(read)


@pytest.mark.parametrize(
    "item", [item for item in JOB_FIELDS if item.needed is not Needed.ALWAYS], ids=lambda i: i.name
)
def test_a_field_that_is_none_or_blank_counts_as_not_given(item: Any) -> None:
    assert Job.from_wire(small(**{item.name: None})) == Job.from_wire(small(**{item.name: ""})) == Job.from_wire(SMALL)


@pytest.mark.parametrize(
    ("time_type", "expression"),
    [(1, "0 0/10 * * * ?"), (1, "0 0 12 ? * MON-FRI 2030"), (3, "30"), (4, "1"), (4, 60), (5, "2030-10-10 10:10:00"),
     (5, "1893456000000"), (100, ""), (100, "whatever"), (-1, "")],
)  # fmt: skip
def test_a_time_expression_of_the_right_shape_is_taken(time_type: int, expression: object) -> None:
    job = Job.from_wire(small(TimeType=time_type, TimeExpression=expression))
    assert job.time_expression == str(expression)


def test_strict_wants_what_create_job_wants_and_a_complete_call_passes() -> None:
    with pytest.raises(BadJob) as caught:
        Job.from_wire({"Name": "hello", "GroupId": ""}, strict=True)
    assert str(caught.value) == (
        "Job 'hello' cannot be used:\n"
        "  RegionId is missing; CreateJob needs it\n"
        "  Namespace is missing; CreateJob needs it\n"
        "  GroupId is missing; CreateJob needs it\n"
        "  JobType is missing; every job has one\n"
        "  ExecuteMode is missing; CreateJob needs it\n"
        "  TimeType is missing; CreateJob needs it"
    )
    wire = small(RegionId="r", Namespace="n", GroupId="g", ExecuteMode="standalone", TimeType="100")
    assert Job.from_wire(wire, strict=True).group_id == "g"


def test_a_job_cannot_be_changed_and_replace_checks_again() -> None:
    job = Job.from_wire(SMALL)
    with pytest.raises(dataclasses.FrozenInstanceError):
        job.name = "other"  # pyright: ignore[reportAttributeAccessIssue]
    assert dataclasses.replace(job, priority=Priority.HIGH).priority == 10
    with pytest.raises(BadJob, match="MaxAttempt"):
        dataclasses.replace(job, max_attempt=-1)


def test_xattrs_are_the_jobs_own_copy() -> None:
    inner = {"memory": "1Mi"}
    job = Job(name="hello", job_type="shell", xattrs={"limits": inner})  # pyright: ignore[reportArgumentType]
    inner["memory"] = "2Mi"
    assert job.xattrs == {"limits": {"memory": "1Mi"}}
    first, second = Job.from_wire(SMALL), Job.from_wire(SMALL)
    assert first.xattrs is not second.xattrs


def test_the_schema_describes_every_field_and_what_is_needed() -> None:
    schema: dict[str, Any] = job_schema()
    assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert list(schema["properties"]) == [item.name for item in JOB_FIELDS]
    assert schema["required"] == ["JobType", "Name"]
    assert schema["additionalProperties"] is False
    assert schema["properties"]["MaxAttempt"] == {
        "type": "integer",
        "minimum": 0,
        "maximum": 2**31 - 1,
        "description": "Further attempts after a failure.",
        "default": 0,
    }
    assert schema["properties"]["Priority"]["enum"] == [1, 5, 10, 15, "low", "medium", "high", "very_high"]
    assert all(text["description"].endswith(".") for text in schema["properties"].values())
    strict: dict[str, Any] = job_schema(strict=True)
    assert strict["required"] == ["RegionId", "Namespace", "GroupId", "JobType", "Name", "ExecuteMode", "TimeType"]


def test_an_offset_zone_is_east_of_greenwich_when_it_has_a_plus() -> None:
    assert parse_timezone("GMT+8").utcoffset(None) == timedelta(hours=8)
    assert parse_timezone("GMT-0330").utcoffset(None) == -timedelta(hours=3, minutes=30)
    assert parse_timezone("UTC+08:00").utcoffset(None) == timedelta(hours=8)
