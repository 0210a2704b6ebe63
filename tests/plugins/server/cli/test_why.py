"""`anyjob why` against a server: when a job fires next, and why it did not."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from typing import Any

import pytest
from tests.core.cli.program import Done, until
from tests.plugins.server.serving import Serving

from anyjob.job import Job

Call = Callable[..., Done]


@pytest.fixture
def make(server: Serving) -> Callable[..., int]:
    def job(name: str, **fields: Any) -> int:
        with server.client() as client:
            return client.create_job(Job.from_wire({"Name": name, "JobType": "shell", "Content": "id", **fields}))

    return job


def said(anyjob: Call, name: str) -> dict[str, Any]:
    done = anyjob("why", name, "--json")
    assert done.status == 0, done.err
    return json.loads(done.out)


def test_what_is_disabled_and_what_no_time_fires_say_so(anyjob: Call, make: Callable[..., int]) -> None:
    make("why-off", TimeType=1, TimeExpression="0 0 3 * * ?", Status=0)
    assert "is disabled" in said(anyjob, "why-off")["never"]
    people = anyjob("why", "why-off").out.decode()
    assert "next  none by time: " in people
    make("why-api")
    never = said(anyjob, "why-api")
    assert (never["next"], never["never"]) == (None, "only ExecuteJob and manual runs start it")


def test_a_firing_that_was_dropped_is_told_with_its_reason_and_times(
    server: Serving, anyjob: Call, make: Callable[..., int]
) -> None:
    ident = make("why-busy", Content="sleep 60", TimeType=1, TimeExpression="* * * * * ?")
    until(lambda: said(anyjob, "why-busy")["reasons"], "a firing that found the job busy")
    why = said(anyjob, "why-busy")
    (dropped,) = why["reasons"]
    assert dropped["kind"] == "max_concurrency"
    assert dropped["first"] <= dropped["last"] <= time.time()
    assert why["next"] is not None
    (running,) = why["running"]
    people = anyjob("why", str(ident)).out.decode()
    assert "Did not run, the newest first\n" in people
    assert "max concurrency" in people
    with server.client() as client:
        client.disable(ident)
        client.stop(running["instance"])


def test_a_job_of_one_time_is_found_when_it_is_over(anyjob: Call, make: Callable[..., int]) -> None:
    at = int(time.time() * 1000) + 5000
    make("why-once", TimeType=5, TimeExpression=str(at))
    assert said(anyjob, "why-once")["next"] == pytest.approx(at / 1000, abs=1)
    until(lambda: "it is over" in said(anyjob, "why-once")["never"], "the end")
    listed = anyjob("instance", "list", "--job", "why-once", "--json")
    (ran,) = json.loads(listed.out)["instances"]
    assert ran["cause"] == "succeeded"
    assert str(ran["instance"]) in said(anyjob, "why-once")["never"]


def test_a_job_that_is_not_there_is_named(anyjob: Call) -> None:
    done = anyjob("why", "why-nobody")
    assert done.status == 2
    assert "There is no job 'why-nobody'" in done.err
