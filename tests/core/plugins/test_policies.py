"""Policies: what they refuse and change is told with their name, and one that fails closes the door."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, cast

import pytest
from tests.core.plugins.fakes import CALL, Offers

from anyjob.errors import RunRefused
from anyjob.executor import Capabilities
from anyjob.job import BadJob, Job
from anyjob.plugins import DraftChange, PluginHost, RunDraft, hookimpl
from anyjob.problem import Problem
from anyjob.spec import Limits

JOB = Job(name="c", job_type="call")


class Checks:
    def __init__(self, check: Callable[[Job], Any]) -> None:
        self.check = check

    @hookimpl
    def anyjob_check_job(self, job: Job) -> Iterable[Problem]:
        return self.check(job)


class Prepares:
    def __init__(self, prepare: Callable[[RunDraft], object]) -> None:
        self.prepare = prepare

    @hookimpl
    def anyjob_prepare_run(self, draft: RunDraft) -> None:
        self.prepare(draft)


def fails(_: object) -> Any:
    raise RuntimeError("the list is gone")


def host(**plugins: object) -> PluginHost:
    return PluginHost({**plugins, "ours": Offers(CALL)})


def problems(made: PluginHost, job: Job = JOB) -> list[str]:
    with pytest.raises(BadJob) as error:
        made.bind(job)
    return [str(problem) for problem in error.value.problems]


def refused(policy: object, draft: RunDraft | None = None, capabilities: Capabilities | None = None) -> str:
    with pytest.raises(RunRefused) as error:
        host(guard=policy).prepare(draft or RunDraft(job=JOB), capabilities)
    return str(error.value)


def test_policy_adds_its_problems_to_those_of_the_job() -> None:
    no = Checks(lambda job: [Problem(field="Name", value=job.name, remedy="is taken")])
    yes = Checks(lambda job: None)
    made = host(b=no, a=yes)
    assert problems(made) == ["Name: \"c\" is taken (policy 'b')"]
    assert problems(made, Job(name="c", job_type="call", xattrs={"grace": -1})) == [
        'XAttrs.grace: "-1" is out of range; write at least 0',
        "Name: \"c\" is taken (policy 'b')",
    ]


def test_policy_that_raises_closes_the_door_and_others_are_still_asked() -> None:
    made = host(a=Checks(fails), b=Checks(lambda job: [Problem(field="Name", value="", remedy="is wrong")]))
    assert problems(made) == [
        "The job could not be checked by policy 'a', which failed (RuntimeError: the list is gone); ask the operator",
        "Name is wrong (policy 'b')",
    ]


def test_policy_that_fails_midway_or_answers_nonsense_closes_the_door() -> None:
    def midway(job: Job) -> Iterable[Problem]:
        yield Problem(field="Name", value="", remedy="is wrong")
        raise RuntimeError("half")

    assert problems(host(a=Checks(midway))) == [
        "Name is wrong (policy 'a')",
        "The job could not be checked by policy 'a', which failed (RuntimeError: half); ask the operator",
    ]
    assert problems(host(a=Checks(lambda job: [False]))) == [
        (
            "The job could not be checked by policy 'a', which failed (TypeError: it gave bool, not Problem);"
            " ask the operator"
        ),
    ]


def test_dispatch_asks_no_policy_again() -> None:
    assert host(a=Checks(fails)).dispatch(JOB).note == ""


def test_changes_are_recorded_with_the_policy_in_the_order_of_names() -> None:
    def cap(draft: RunDraft) -> None:
        draft.limits = draft.limits.model_copy(update={"memory": 512})
        draft.labels["team"] = "data"

    def relabel(draft: RunDraft) -> None:
        draft.user = "nobody"
        draft.environment["A"] = "1"
        draft.labels["team"] += "!"
        del draft.labels["old"]

    draft = RunDraft(job=JOB, limits=Limits(memory=1024), labels={"old": "x"})
    made = host(b=Prepares(relabel), a=Prepares(cap))
    assert made.has_policies
    made.prepare(draft)
    assert draft.changes == [
        DraftChange(policy="a", what="limits.memory", before=1024, after=512),
        DraftChange(policy="a", what="labels.team", before=None, after="data"),
        DraftChange(policy="b", what="user", before=None, after="nobody"),
        DraftChange(policy="b", what="labels.old", before="x", after=None),
        DraftChange(policy="b", what="labels.team", before="data", after="data!"),
        DraftChange(policy="b", what="environment.A", before=None, after="1"),
    ]
    assert not host().has_policies


def test_policies_go_by_name_whatever_they_ask_of_pluggy() -> None:
    class Patient:
        @hookimpl(trylast=True)
        def anyjob_prepare_run(self, draft: RunDraft) -> None:
            draft.user = "patient"

    draft = RunDraft(job=JOB)
    host(z=Patient(), a=Prepares(lambda draft: setattr(draft, "user", "a"))).prepare(draft)
    assert [change.policy for change in draft.changes] == ["a", "z"]


def test_policy_refuses_a_run_and_no_other_is_asked() -> None:
    asked: list[str] = []
    made = host(a=Prepares(lambda draft: draft.refuse("not on Sundays")), b=Prepares(lambda draft: asked.append("b")))
    with pytest.raises(RunRefused) as error:
        made.prepare(RunDraft(job=JOB))
    assert str(error.value) == "Job 'c' was refused by policy 'a': not on Sundays"
    assert not asked


def test_refusal_for_no_reason_is_one() -> None:
    assert refused(Prepares(lambda draft: draft.refuse(""))) == (
        "Job 'c' was refused by policy 'guard': it gave no reason"
    )


def test_policy_that_raises_refuses_the_run() -> None:
    assert refused(Prepares(fails)) == (
        "Job 'c' was refused by policy 'guard': it failed: RuntimeError: the list is gone"
    )


@pytest.mark.parametrize(
    ("attribute", "value", "why"),
    [
        ("job", Job(name="other", job_type="call"), "it changed the job or the launcher, which are fixed"),
        ("launcher", "box", "it changed the job or the launcher, which are fixed"),
        ("limits", {"memory": 1}, "it set limits to something that is no Limits"),
        ("user", 0, "it set user to something that is no text"),
        ("labels", {"a": 1}, "it put something that is no text into labels"),
        ("environment", None, "it put something that is no text into environment"),
    ],
)
def test_draft_that_cannot_be_used_refuses_the_run(attribute: str, value: object, why: str) -> None:
    policy = Prepares(lambda draft: setattr(draft, attribute, value))
    assert refused(policy).startswith(f"Job 'c' was refused by policy 'guard': {why}")


def test_limit_of_a_policy_that_nothing_enforces_refuses_the_run() -> None:
    policy = Prepares(lambda draft: setattr(draft, "limits", Limits(memory=512)))
    assert refused(policy, capabilities=Capabilities()) == (
        "Job 'c' was refused by policy 'guard': it set limits.memory to 512, which nothing enforces for this job"
    )
    draft = RunDraft(job=JOB)
    host(guard=policy).prepare(draft, Capabilities(limits=frozenset({"memory"})))
    assert draft.limits.memory == 512


def test_policy_of_fewer_arguments_is_called() -> None:
    class Shy:
        @hookimpl
        def anyjob_check_job(self) -> Iterable[Problem]:
            return [Problem(field="Name", value="", remedy="is wrong")]

    assert problems(host(shy=cast("object", Shy()))) == ["Name is wrong (policy 'shy')"]
