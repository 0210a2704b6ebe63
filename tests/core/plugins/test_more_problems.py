"""One reading tells everything: what a job's type finds stands beside what the job itself got wrong."""

from __future__ import annotations

import pytest

from anyjob.job import BadJob, Job
from anyjob.plugins import PluginHost


def problems(**fields: object) -> list[str]:
    with pytest.raises(BadJob) as caught:
        Job.from_wire({"Name": "j", **fields})
    return [str(problem) for problem in PluginHost.load().more_problems(caught.value).problems]


def test_the_type_speaks_of_the_fields_that_could_be_read() -> None:
    assert problems(JobType="shell", MaxAttempt="lots", XAttrs={"limit": {}}) == [
        'MaxAttempt: "lots" is not a whole number; write 0 to 2147483647',
        "Content is empty; write the script here",
        'XAttrs.limit: "{}" is read by nobody; did you mean limits?',
    ]


def test_an_unknown_type_is_one_more_problem() -> None:
    said = problems(JobType="shel", MaxAttempt="lots", XAttrs={"grace": "long"})
    assert said[1].startswith("JobType: \"shel\" is run by no installed plugin. Did you mean 'shell'? Installed")
    assert said[2] == 'XAttrs.grace: "long" is not a number; write one, for example 0.5'


def test_what_is_not_enforced_stands_beside_what_is_wrong() -> None:
    job = Job.from_wire(
        {"Name": "j", "JobType": "http", "Content": {"url": "http://x"}, "XAttrs": {"cwd": "/", "limits": {"pids": 3}}}
    )
    with pytest.raises(BadJob) as caught:
        PluginHost.load().bind(job)
    assert {problem.field for problem in caught.value.problems} == {"XAttrs.cwd", "XAttrs.limits.pids"}


def test_a_field_is_named_once() -> None:
    assert [line.partition(":")[0] for line in problems(JobType="shell", Content="a\0b")] == ["Content"]
