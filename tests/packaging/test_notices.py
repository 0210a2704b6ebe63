"""What the product itself calls deprecated: names that there are, from versions that there are."""

from __future__ import annotations

from packaging.version import Version

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
