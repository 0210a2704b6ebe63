"""What an operator may write, and what a job may."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError
from tests.executors.xxljob.town import make_job

from anyjob.job import BadJob, Job
from anyjob.plugins import PluginHost
from anyjob_xxljob.settings import XxlJobSettings
from anyjob_xxljob.spec import Block, Route, XxlJobSpec
from anyjob_xxljob.tokens import Tokens


@pytest.mark.parametrize(
    ("given", "why"),
    [
        ({"token": ""}, "is blank"),
        ({"token": "default_token"}, "everybody tries first"),
        ({"tokens": {"shop": "short"}}, "characters"),
        ({"tokens": {"shop": {"env": "A", "file": "/b"}}}, "exactly one"),
        ({"listen": "7781"}, "is no address"),
        ({"listen": "0.0.0.0:7781"}, "insecure"),
        ({"listen": []}, "at least 1"),
        ({"prefix": "/a b"}, "is no path"),
        ({"glue": ["BASH"]}, "GLUE_SHELL"),
    ],
)
def test_settings_that_are_refused(given: dict[str, Any], why: str) -> None:
    with pytest.raises(ValidationError, match=why):
        XxlJobSettings.model_validate(given)


def test_settings_that_are_taken() -> None:
    said = XxlJobSettings.model_validate({"listen": "0.0.0.0:7781", "insecure": True, "prefix": "jobs/", "log": "1Mi"})
    assert said.listen == ("0.0.0.0:7781",)
    assert said.prefix == "/jobs"
    assert said.log == 1 << 20


def tokens(**given: Any) -> Tokens:
    made = Tokens(XxlJobSettings.model_validate(given))
    made.read()
    return made


def test_tokens_have_sources(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "token").write_text("a token in a file\n")
    monkeypatch.setenv("OTHER", "default_token")
    made = tokens(tokens={"shop": {"file": str(tmp_path / "token")}, "weak": {"env": "OTHER"}, "none": {"env": "NO"}})
    assert made.circle("a token in a file") == "shop"
    assert made.of_group("shop") == "shop"
    assert set(made.faults) == {"weak", "none"}
    assert "everybody tries first" in made.faults["weak"]
    assert made.of_group("weak") is None


def test_two_groups_with_one_token() -> None:
    """Either could call back for the other's runs."""
    made = tokens(tokens={"a": "the same token", "b": "the same token"})
    assert set(made.faults) == {"b"}
    assert made.circle("the same token") == "a"


def test_whose_executors_a_group_has() -> None:
    made = tokens(token="of all the groups", tokens={"shop": "of shop alone"})
    assert [made.of_group(group) for group in ("shop", "other", "")] == ["shop", "*", "*"]
    assert tokens(tokens={"shop": "of shop alone"}).of_group("") == "shop"
    assert tokens(tokens={"shop": "of shop alone", "b": "of b alone"}).of_group("") is None
    assert tokens().circle("") is None


def spec_of(job: Job) -> XxlJobSpec:
    host = PluginHost.load()
    found = host.dispatch(job, host.bind(job)).spec
    assert isinstance(found, XxlJobSpec)
    return found


def test_a_job_with_everything() -> None:
    content = {"routeStrategy": "failover", "blockStrategy": "cover_early", "log": False}
    spec = spec_of(make_job("a", content=content, GroupId="shop"))
    assert (spec.job_handler, spec.app_name, spec.group) == ("a", "demo", "shop")
    assert (spec.route, spec.block, spec.log) == (Route.FAILOVER, Block.COVER_EARLY, False)


def test_a_class_name_is_the_handler() -> None:
    job = Job.from_wire(
        {"Name": "a", "JobType": "xxl-job", "ClassName": "send", "Content": {"addresses": "http://a:1/, http://b:2/c/"}}
    )
    spec = spec_of(job)
    assert spec.job_handler == "send"
    assert spec.addresses == ("http://a:1", "http://b:2/c")


@pytest.mark.parametrize(
    ("content", "field"),
    [
        ({"addresses": [f"http://a{number}" for number in range(61)]}, "Content.addresses"),
        ({"addresses": ["http://a", "http://a/"]}, "Content.addresses"),
        ({"addresses": ["http://169.254.1.1:1?x"]}, "Content.addresses[0]"),
        ({"glueType": "GLUE_SHELL"}, "Content.glueSource"),
    ],
)
def test_jobs_that_are_refused(content: dict[str, Any], field: str) -> None:
    given = {"jobHandler": "a"} if "glueType" not in content else {"appName": "b"}
    job = Job.from_wire({"Name": "a", "JobType": "xxljob", "Content": {**given, **content}})
    with pytest.raises(BadJob) as refused:
        PluginHost.load().bind(job)
    assert field in [problem.field for problem in refused.value.problems]
