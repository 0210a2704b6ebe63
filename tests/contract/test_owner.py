"""Every type that differs by app group tells those of two namespaces apart, in its spec and in its settings."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from pydantic import ValidationError

from anyjob.job import read_job
from anyjob.plugins import PluginHost
from anyjob.spec import read_spec
from anyjob.spec.place import layout
from anyjob_dataworks.credentials import Wallet
from anyjob_dataworks.settings import DataworksSettings
from anyjob_go.choice import Choice, chosen
from anyjob_go.settings import GoSettings
from anyjob_go.spec import GoSpec
from anyjob_java.settings import JavaSettings
from anyjob_springschedule.settings import SpringSettings
from anyjob_xxljob.settings import XxlJobSettings
from anyjob_xxljob.tokens import Tokens

ROOT = Path(__file__).parents[2]
Found = Callable[[str, str], object]
"""What the settings have for an app group, where they name the one given."""


def of_java(written: str, group: str) -> object:
    return JavaSettings.model_validate({"classpath": {written: ["/a.jar"]}}).of_group(group)


def of_springschedule(written: str, group: str) -> object:
    return SpringSettings.model_validate({"apps": {written: {}}}).of_group(group)


def of_dataworks(written: str, group: str) -> object:
    key = {"id": {"env": "ID"}, "secret": {"env": "SECRET"}}
    return Wallet(DataworksSettings.model_validate({"credentials": {written: key}}).credentials).entry(group)


def of_xxljob(written: str, group: str) -> object:
    made = Tokens(XxlJobSettings.model_validate({"tokens": {written: "a-long-random-token"}}))
    made.read()
    return made.of_group(group)


def of_go(written: str, group: str) -> object:
    settings = GoSettings.model_validate({"binaries": {written: "/a"}})
    spec = GoSpec.model_validate({"job_name": "j", "group": group})
    found = chosen(spec, settings)
    assert not found or isinstance(found, Choice)
    return found


def test_a_spec_that_looks_at_the_group_sees_the_one_word() -> None:
    host, found = PluginHost.load(), dict[str, str]()
    for offer in host.types():
        model = host.spec(name := offer.kind.job_type)
        for field, places in layout(model).items():
            if [place.field for place in places] == ["GroupId"]:
                example = next(iter(sorted((ROOT / "executors" / name / "examples").glob("*.yaml"))))
                spec, problems = read_spec(model, replace(read_job(example), namespace="dev", group_id="shop"))
                assert spec is not None, problems
                found[name] = getattr(spec, field)
    assert found == dict.fromkeys(("dataworks", "go", "java", "springschedule", "xxljob"), "dev/shop")


@pytest.mark.parametrize("found", [of_java, of_springschedule, of_dataworks, of_xxljob, of_go])
def test_settings_of_one_namespace_are_not_anothers(found: Found) -> None:
    assert found("dev/shop", "dev/shop")
    assert not found("dev/shop", "shop")
    assert not found("shop", "dev/shop")
    assert found("shop", "shop")
    if found is not of_go:  # its table has other words beside app groups
        with pytest.raises(ValidationError, match="which is left out; write shop"):
            found("default/shop", "shop")
