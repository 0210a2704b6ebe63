"""Every key of XAttrs, and of a JSON Content, has a reader."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import ConfigDict

from anyjob.job import Job
from anyjob.spec import At, CommonXAttrs, Spec
from anyjob.spec.mode import ModeXAttrs
from anyjob.spec.owners import check_owners, owned_keys


class CallSpec(Spec):
    url: Annotated[str, At("Content.$.url")] = ""
    retries: Annotated[int, At("Content.$.options.retries")] = 0
    image: Annotated[str, At("XAttrs.$.image", ("ClassName",))] = ""


def said(*models: type[Spec], **fields: Any) -> list[str]:
    return [str(problem) for problem in check_owners(Job(name="j", job_type="call", **fields), models)]


def test_owned_keys_are_the_places_inside_json() -> None:
    assert owned_keys(CallSpec) == {"Content.url", "Content.options.retries", "XAttrs.image"}


def test_keys_of_all_owners_pass() -> None:
    xattrs = {"limits": {"whatever": 1}, "pageSize": 5, "image": "a"}
    assert said(CommonXAttrs, ModeXAttrs, CallSpec, xattrs=xattrs) == []


def test_key_that_nobody_reads_is_told_with_the_nearest() -> None:
    assert said(CommonXAttrs, ModeXAttrs, CallSpec, xattrs={"imgae": "a", "zzz": [1], "pagesize": 1}) == [
        'XAttrs.imgae: "a" is read by nobody; did you mean image or grace?',
        'XAttrs.zzz: "[1]" is read by nobody; take it out: `anyjob schema call` lists the keys',
        'XAttrs.pagesize: "1" is read by nobody; did you mean pageSize?',
    ]


def test_keys_of_content_are_checked_at_every_level_that_is_read_by_key() -> None:
    assert said(CallSpec, content='{"ulr": 1, "options": {"retires": 2}}') == [
        'Content.ulr: "1" is read by nobody; did you mean url?',
        'Content.options.retires: "2" is read by nobody; did you mean retries?',
    ]


def test_content_is_free_when_a_spec_takes_it_as_text_or_ignores_the_rest() -> None:
    class Text(Spec):
        text: Annotated[str, At("Content")]

    class Loose(Spec):
        model_config = ConfigDict(extra="ignore", frozen=True)
        url: Annotated[str, At("Content.$.url")]

    assert said(CommonXAttrs, content='{"free": 1}') == []
    assert said(Text, content='{"free": 1}') == []
    assert said(Loose, content='{"free": 1}') == []
