"""What settings forbid is refused when a job is created, and never to runs that go on; the launcher of a type."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

import pytest
from tests.core.plugins.fakes import BOX, CALL, LOCAL, SCRIPT, BoxLauncher, BoxOptions, CallExecutor, CallSpec, Offers
from tests.core.plugins.fakes import ScriptExecutor as Script

from anyjob.errors import PluginBroken
from anyjob.job import BadJob, Job
from anyjob.plugins import PluginHost
from anyjob.problem import Problem


class StrictLauncher(BoxLauncher):
    def check(self, job: Job, options: BoxOptions) -> Iterable[Problem]:
        if options.image != "busybox":
            yield Problem(field="XAttrs.image", value=options.image, remedy=f"is not for {job.group_id}; write busybox")


class StrictCall(CallExecutor):
    def check(self, job: Job, spec: CallSpec) -> Iterable[Problem]:
        if spec.url == "forbidden":
            yield Problem(field="Content.url", value=spec.url, remedy="is forbidden; write another")
        if spec.url == "raises":
            raise KeyError("url")


class Boxed(Script):
    launcher = "box"

    def ignores(self, spec: object) -> frozenset[str]:
        del spec
        return frozenset({"launcher"})


def host(*kinds: object) -> PluginHost:
    return PluginHost({"tested": Offers(*kinds)}, local=LOCAL)  # pyright: ignore[reportArgumentType]


def test_what_a_launcher_forbids_is_refused_at_bind_and_dispatched_all_the_same() -> None:
    made = host(SCRIPT, replace(BOX, launcher=StrictLauncher))
    job = Job.from_wire({"Name": "a", "JobType": "script", "Content": "x", "GroupId": "g",
                         "XAttrs": {"launcher": "box", "image": "evil"}})  # fmt: skip
    with pytest.raises(BadJob) as refused:
        made.bind(job)
    assert [str(problem) for problem in refused.value.problems] == ['XAttrs.image: "evil" is not for g; write busybox']
    assert made.dispatch(job).place is not None  # a run that goes on has a job that was good when it was created


def test_what_an_executor_forbids_is_refused_at_bind() -> None:
    made = host(replace(CALL, executor=StrictCall))
    with pytest.raises(BadJob, match=r'Content.url: "forbidden" is forbidden; write another'):
        made.bind(Job.from_wire({"Name": "a", "JobType": "call", "Content": {"url": "forbidden"}}))
    with pytest.raises(PluginBroken, match="its check of a job failed: KeyError: 'url'"):
        made.bind(Job.from_wire({"Name": "a", "JobType": "call", "Content": {"url": "raises"}}))


def test_a_type_may_have_a_launcher_of_its_own() -> None:
    made = host(replace(SCRIPT, executor=Boxed), BOX)
    job = Job.from_wire({"Name": "a", "JobType": "script", "Content": "x", "XAttrs": {"image": "i"}})
    bound = made.dispatch(job, made.bind(job))
    assert bound.place is not None
    assert (bound.place.name, bound.common.launcher) == ("box", "box")
    assert bound.binding.launcher is not None
    with pytest.raises(BadJob, match="which runs by launcher 'box'; take it out"):
        made.bind(Job.from_wire({"Name": "a", "JobType": "script", "Content": "x", "XAttrs": {"launcher": "local"}}))
