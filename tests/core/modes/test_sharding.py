"""Shards: the vendor's syntax and messages, and what their outcomes make of the instance."""

from __future__ import annotations

from dataclasses import replace

import pytest

from anyjob.job import BadJob, ExecuteMode, Job
from anyjob.modes import ModeRefused, mode_of
from anyjob.outcome import Cause, Outcome


def job(parameters: str, **more: int) -> Job:
    plain = Job(name="s", job_type="shell", content="x", execute_mode=ExecuteMode.SHARDING, parameters=parameters)
    return replace(plain, **more)


@pytest.mark.parametrize(
    "text",
    ["0=a,7=b", "0=a\n7=b", "0=a\r\n7=b\r\n", " 0=a , 7=b ,"],
    ids=["commas", "lines", "windows lines", "blanks"],
)
def test_shards_are_read(text: str) -> None:
    plans = mode_of(job(text)).plan(job(text), "")
    assert [(plan.task, plan.name) for plan in plans] == [(0, "0"), (7, "7")]
    assert [(plan.shard.id, plan.shard.parameter, plan.shard.total) for plan in plans if plan.shard] == [
        (0, "a", 2),
        (7, "b", 2),
    ]


def test_a_value_may_hold_an_equals_sign() -> None:
    (plan,) = mode_of(job("0=k=v")).plan(job("0=k=v"), "")
    assert plan.shard is not None
    assert plan.shard.parameter == "k=v"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "Parameters sharding parameters is empty; write them like 0=a,1=b,2=c"),
        ("0", 'Parameters: "0" invalid sharding parameters, should be like 0=a,1=b,2=c'),
        ("x=a", 'Parameters: "x=a" invalid sharding parameters, shardingId is not digit, shardingId=x'),
        ("-1=a", 'Parameters: "-1=a" invalid sharding parameters, shardingId is not digit, shardingId=-1'),
        ("1=a,01=b", 'Parameters: "01=b" shardingId=1 is duplicated'),
    ],
)
def test_wrong_shards_are_named(text: str, message: str) -> None:
    with pytest.raises(BadJob) as caught:
        mode_of(job(text)).plan(job(text), "")
    assert [str(problem) for problem in caught.value.problems] == [message]


def test_every_wrong_shard_is_named_at_once() -> None:
    with pytest.raises(BadJob) as caught:
        mode_of(job("a=1,0=x,0=y")).plan(job("a=1,0=x,0=y"), "")
    assert len(caught.value.problems) == 2


def test_instance_parameters_replace_the_jobs() -> None:
    plans = mode_of(job("0=a")).plan(job("0=a"), "3=c,4=d")
    assert [plan.task for plan in plans] == [3, 4]


def test_a_shard_is_tried_again_by_the_tasks_budget_or_the_jobs() -> None:
    own = job("0=a", max_attempt=1, attempt_interval=9, task_max_attempt=4, task_attempt_interval=2)
    assert [(plan.attempts, plan.interval) for plan in mode_of(own).plan(own, "")] == [(4, 2)]
    none = job("0=a", max_attempt=1, attempt_interval=9)
    assert [(plan.attempts, plan.interval) for plan in mode_of(none).plan(none, "")] == [(1, 9)]


def test_one_failed_shard_fails_the_instance_and_is_named() -> None:
    plans = mode_of(job("0=a,1=b,2=c")).plan(job("0=a,1=b,2=c"), "")
    good, bad = Outcome(cause=Cause.SUCCEEDED), Outcome(cause=Cause.EXIT_CODE, code=3, result="no such host")
    folded = mode_of(job("0=a")).fold(list(zip(plans, [good, bad, good], strict=True)))
    assert (folded.cause, folded.code, folded.result) == (Cause.EXIT_CODE, 3, "1 of 3 shards failed: 1")
    assert [(item.source, item.text) for item in folded.evidence] == [("shard 1", "exit_code 3: no such host")]
    assert mode_of(job("0=a")).fold([(plans[0], good)]).ok


def test_a_mode_that_does_not_run_yet_is_refused_by_name() -> None:
    with pytest.raises(ModeRefused) as caught:
        mode_of(Job(name="m", job_type="shell", execute_mode=ExecuteMode.BATCH))
    message = "Job 'm': ExecuteMode: \"batch\" does not run here yet; use standalone, broadcast or sharding"
    assert str(caught.value) == message
