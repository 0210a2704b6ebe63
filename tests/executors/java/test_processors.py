"""The same classes written for SchedulerX and for anyjob.job: what they return, throw, map and see."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from tests.executors.java.byhand import by_hand
from tests.executors.java.runs import Java, said

from anyjob.outcome import Cause
from anyjob.run import Shard
from anyjob.status import TriggerType


@pytest.mark.parametrize(
    ("parameters", "cause", "result"),
    [
        ("true", Cause.SUCCEEDED, ""),
        ("text", Cause.SUCCEEDED, 'hello 中文 "quoted"'),
        ("false", Cause.FAILED, "no rates today"),
        ("silent", Cause.FAILED, "the result's status is FAILED"),
        ("long", Cause.SUCCEEDED, "中" * 3000),
        ("null", Cause.FAILED, "no result: process returned null; return new ProcessResult(true)"),
        ("throws", Cause.FAILED, "java.io.IOException: the disk is on fire"),
        ("error", Cause.FAILED, "java.lang.StackOverflowError: too deep"),
    ],
)
def test_what_process_returns_or_throws(java: Java, parameters: str, cause: Cause, result: str) -> None:
    got = java.run(java.job("Hello", parameters), instance_parameters='中文 "quoted"')
    assert (got.outcome.cause, got.outcome.result) == (cause, result), said(got)
    if parameters in ("throws", "error"):
        assert any("at demo.Hello.process(Hello.java:" in line for line in said(got))
        assert b"at demo.Hello.process(Hello.java:" in got.log


def test_half_a_character_is_no_end_of_the_world(java: Java) -> None:
    """Java's texts may hold what no other language's can."""
    got = java.run(java.job("Hello", "surrogate"))
    assert got.outcome.cause is Cause.SUCCEEDED
    assert got.outcome.result.startswith("half ")


def test_every_getter_that_has_a_meaning_is_filled(java: Java, dialect: str) -> None:
    fields: dict[str, Any] = {
        "Namespace": "ns",
        "GroupId": "group",
        "MaxAttempt": 3,
        "TaskMaxAttempt": 4,
        "TaskAttemptInterval": 5,
        "TimeType": 1,
        "TimeExpression": "0 0 3 * * ?",
        "Content": '{"className": "demo.PrintsContext"}',
    }
    job = java.job("PrintsContext", "par am", fields)
    got = java.run(
        job,
        job_id=42,
        task=3,
        task_name="pages",
        attempt=2,
        shard=Shard(id=3, parameter="shang hai", total=5),
        payload={"page": 7},
        upstream=[{"job": "before", "data": "its result"}],
        instance_parameters="in st",
        schedule_time=1_700_000_000_000,
        data_time=1_700_000_000_001,
        trigger=TriggerType.API,
    )
    assert got.outcome.ok, (said(got), got.log)
    seen = dict(line.split("=", 1) for line in got.log.decode().splitlines() if "=" in line)
    instance = got.order.instance
    wanted = {
        "JobId": "42",
        "JobInstanceId": str(instance),
        "TaskId": "3",
        "UniqueId": f"42_{instance}_3",
        "JobName": "demo",
        "JobType": "java",
        "ExecuteMode": "standalone",
        "Namespace": "ns",
        "GroupId": "group",
        "Content": '{"className": "demo.PrintsContext"}',
        "JobParameters": "par am",
        "InstanceParameters": "in st",
        "TimeType": "1",
        "TimeExpression": "0 0 3 * * ?",
        "TriggerType": str(int(TriggerType.API)),
        "MaxAttempt": "3",
        "Attempt": "2",
        "TaskMaxAttempt": "4",
        "TaskAttempt": "2",
        "TaskAttemptInterval": "5",
        "TaskName": "pages",
        "Task": "{page=7}",
        "ShardingId": "3",
        "ShardingParameter": "shang hai",
        "ShardingNum": "5",
        "UpstreamData": "before:its result ",
        "TraceId": got.order.name,
    }
    assert {name: seen.get(name) for name in wanted} == wanted
    assert json.loads(seen["XAttrs"]) == job.xattrs
    assert seen["WorkerAddr"]
    # The zone of a joda time is the JVM's.
    assert seen["ScheduleTime"][:17] in ("2023-11-14T22:13:", "2023-11-15T06:13:")
    assert seen["DataTime"].split(".")[1].startswith("001")
    empty = {name for name, value in seen.items() if value in ("null", "")}
    # Addresses of SchedulerX's actors, workflows that there are none of, results that only a reduce has, and what the
    # job does not say.
    assert empty <= {
        "TaskMasterActorPath", "InstanceMasterActorPath", "WorkflowId", "WfInstanceId", "TaskResults", "TaskStatuses",
        "User", "Template", "AllWorkerAddrs",
    }  # fmt: skip
    assert dialect == "anyjob" or seen["AllWorkerAddrs"].strip() == seen["WorkerAddr"]


def test_what_is_mapped_comes_back_as_it_was(java: Java) -> None:
    fields = {"ExecuteMode": "batch"}
    got = java.run(java.job("Mapper", "", fields), task_name="MAP_TASK_ROOT")
    assert got.outcome.ok, (said(got), got.log)
    assert b"maps tasks, and" not in got.log
    lines = [json.loads(line) for line in java.mapped(got)]
    assert [(line["name"], len(line["items"])) for line in lines] == [("things", 10), ("things", 1)]
    assert len({line["key"] for line in lines}) == 2
    tasks = [{"task": number, "task_name": "things", "payload": item} for number, item in enumerate(lines[0]["items"])]
    seen = [one.outcome.result for one in java.all(java.job("Mapper", "", fields), tasks)]
    assert seen == [
        "java.lang.String text",
        "java.lang.Integer 7",
        "java.lang.Long 7",
        "java.lang.Double 2.5",
        "java.lang.Double 2.0",
        "java.lang.Boolean true",
        "java.math.BigDecimal 1.10",
        "java.util.ArrayList [1, 2]",
        "java.util.LinkedHashMap {id=5, @java=not ours}",
        "demo.Mapper$Page 0-9",
    ]
    # Others read JSON, or how the object shows itself.
    assert lines[0]["items"][:2] == ["text", 7]
    assert lines[0]["items"][-1]["text"] == "0-9"


@pytest.mark.parametrize(
    ("parameters", "xattrs", "cause", "result"),
    [
        ("none", {}, Cause.FAILED, "task list is empty"),
        ("bare", {}, Cause.FAILED, "demo.Mapper$Bare is not java.io.Serializable"),
        ("huge", {}, Cause.SUCCEEDED, "1 tasks named huge"),
        ("huge", {"strict": True}, Cause.FAILED, "task 0 has 70002 bytes, and 65536 are allowed"),
        ("pool", {}, Cause.SUCCEEDED, "2 tasks named pool"),
    ],
)
def test_map_says_what_it_does_not_take(
    java: Java,
    parameters: str,
    xattrs: dict[str, Any],
    cause: Cause,
    result: str,
) -> None:
    got = java.run(java.job("Mapper", parameters, {"ExecuteMode": "batch"}, **xattrs), task_name="MAP_TASK_ROOT")
    assert got.outcome.cause is cause, said(got)
    assert result in got.outcome.result


@pytest.mark.parametrize(
    ("parameters", "cause", "result"),
    [
        ("quiet", Cause.SUCCEEDED, "nothing mapped"),
        ("", Cause.FAILED, "java.lang.NullPointerException"),
        ("anyhow", Cause.FAILED, "nothing was mapped: ExecuteMode standalone takes no tasks"),
    ],
)
def test_a_class_that_maps_where_no_tasks_are_taken(java: Java, parameters: str, cause: Cause, result: str) -> None:
    got = java.run(java.job("Mapper", parameters))
    assert got.outcome.cause is cause, said(got)
    assert got.outcome.result.startswith(result)
    text = "demo.Mapper maps tasks, and ExecuteMode standalone takes none: "
    text += "it was called as a plain job (isRootTask is false)"
    assert f"ExecuteMode: {text}" in said(got)
    assert f"[anyjob] {text}\n".encode() in got.log


RESULTS = [
    {"task": 1, "status": "success", "result": "one"},
    {"task": 2, "status": "failed", "result": "two"},
]


@pytest.mark.parametrize(
    ("way", "name", "parameters", "phase", "result"),
    [
        ("file", "Hello", "true", "POST", "post over {1=one, 2=two}"),
        ("facts", "Hello", "true", "PRE", ""),
        ("facts", "Hello", "true", "POST", "post over {1=one, 2=two}"),
        ("facts", "Hello", "true", "REDUCE", ""),
        ("facts", "Mapper", "", "POST", ""),
        ("facts", "Mapper", "anyway", "REDUCE", "reduced {1=one, 2=two} {1=SUCCESS, 2=FAILED} REDUCE_TASK"),
        ("facts", "Mapper", "", "REDUCE", ""),
    ],
)
def test_each_phase_calls_its_method(
    feature: str, class_path: list[Path], tmp_path: Path, way: str, name: str, parameters: str, phase: str, result: str
) -> None:
    """The modes that call them come later: here the start message says the phase, and how the tasks ended."""
    facts: dict[str, Any] = {"parameters": parameters, "phase": phase}
    if way == "facts":
        facts["results"] = RESULTS
    else:
        (tmp_path / "results").write_text("".join(f"{json.dumps(line)}\n" for line in RESULTS))
    got = by_hand(feature, class_path, tmp_path / "run", name, facts, ANYJOB_RESULTS=f"{tmp_path}/results")
    assert (got["cause"], got.get("result") or "") == ("succeeded", result), got
    assert ("pre demo" in got["log"]) == (phase == "PRE")
    if (name, parameters, phase) == ("Mapper", "", "REDUCE"):
        text = "not called: 1 of 2 tasks failed, and runReduceIfFail said false"
        assert {"source": "reduce", "text": text} in got["evidence"]
