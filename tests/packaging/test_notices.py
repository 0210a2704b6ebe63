"""What the product itself calls deprecated: names that there are, from versions that there are."""

from __future__ import annotations

from typing import get_args

from packaging.version import Version

from anyjob.executor.capabilities import DeadlineBy, Limit, Phase
from anyjob.job import JOB_FIELDS
from anyjob.outcome import Strength
from anyjob.plugins import CONTRACT, HookSpecs
from anyjob.plugins.notices import NOTICES, NoticeKind, a_year_after
from anyjob.version import VERSION


def test_every_notice_is_of_something_and_leaves_a_year() -> None:
    for notice in NOTICES:
        assert Version(notice.since) <= Version(VERSION)
        assert notice.gone is None or notice.gone >= a_year_after(notice.said)
        if notice.kind is NoticeKind.HOOK:
            assert hasattr(HookSpecs, notice.name)
        if notice.kind is NoticeKind.CONTRACT:
            assert int(notice.name) < CONTRACT
        if notice.kind is NoticeKind.FIELD:
            assert notice.name in {item.name for item in JOB_FIELDS}
        if notice.kind is NoticeKind.CAPABILITY:
            assert notice.name in {*DeadlineBy, *Strength, *Phase, *get_args(Limit), "maps", "resumes"}
