"""What of the contract is deprecated is said to whom it hits, long before it goes."""

from __future__ import annotations

import warnings
from datetime import date
from typing import Any, cast

import pytest
from tests.core.plugins.site import Site, reported, runs

from anyjob.job import Job, Priority
from anyjob.plugins import ContractWarning, notices
from anyjob.plugins.notices import Notice, NoticeKind

SAID, GONE = date(2026, 11, 27), date(2027, 11, 27)


def notice(kind: NoticeKind, name: str, gone: date | None = GONE) -> Notice:
    return Notice(kind=kind, name=name, since="0.2.0", said=SAID, gone=gone, instead="the other one")


HOOK = notice(NoticeKind.HOOK, "anyjob_executors")
NUMBER = notice(NoticeKind.CONTRACT, "1", None)
KEY = notice(NoticeKind.KEY, "grace")
FIELD = notice(NoticeKind.FIELD, "Priority")
COMMANDS = """
    from anyjob.executor import Command, CommandExecutor
    from anyjob.plugins import ExecutorType, hookimpl
    from anyjob.spec import Spec

    class CmdSpec(Spec):
        pass

    class CmdExecutor(CommandExecutor[CmdSpec]):
        def command(self, run, spec):
            return Command(argv=["true"])

    @hookimpl
    def anyjob_executors():
        yield ExecutorType(job_type="cmd", executor=CmdExecutor, spec=CmdSpec)
"""
SENTENCES = (
    "Hook anyjob_executors is deprecated since anyjob 0.2.0 and may go from 2027-11-27 on; use the other one.",
    "Contract 1 is deprecated since anyjob 0.2.0 and stays; use the other one.",
)


@pytest.fixture
def table(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(notices, "NOTICES", (HOOK, NUMBER, KEY, FIELD))


@pytest.mark.usefixtures("table")
def test_a_plugin_that_is_hit_is_told_and_runs(site: Site) -> None:
    site.install("anyjob-quiet", "1.0", "quiet", "CONTRACT = 1\n")
    with pytest.warns(ContractWarning) as told:
        host = site.load()
    assert reported(host, "good").notices == SENTENCES
    assert reported(host, "quiet").notices == SENTENCES[1:]
    label = "plugin 'good' of anyjob-good 1.0: "
    assert [str(one.message) for one in told if label in str(one.message)] == [
        f"{label}{text[0].lower()}{text[1:]}" for text in SENTENCES
    ]
    assert issubclass(ContractWarning, DeprecationWarning)
    assert runs(host)


@pytest.mark.usefixtures("table")
@pytest.mark.filterwarnings("ignore::anyjob.plugins.ContractWarning")
def test_a_job_that_is_hit_is_told_and_so_is_its_schema(site: Site) -> None:
    host = site.load()
    with pytest.warns(ContractWarning, match="^Job 'a': key grace is deprecated since anyjob 0.2.0 and may go from"):
        host.bind(Job(name="a", job_type="good", xattrs={"grace": 3}))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        host.bind(Job(name="a", job_type="good"))
    with pytest.warns(ContractWarning, match="^Job 'b': field Priority is deprecated since anyjob 0.2.0"):
        host.bind(Job(name="b", job_type="good", priority=Priority.HIGH))
    fields = cast("Any", host.schema("good"))["properties"]
    assert [name for name, about in fields.items() if about.get("deprecated")] == ["Priority"]
    keys = cast("Any", host.schema("good"))["$defs"]["Job.XAttrs"]["properties"]
    assert [name for name, about in keys.items() if about.get("deprecated")] == ["grace"]


@pytest.mark.parametrize(
    ("word", "hit"), [("PROCESS", {"good", "cmd"}), ("maps", {"cmd"}), ("SHIM", {"core"}), ("memory", {"core"})]
)
def test_who_promises_by_a_word_that_goes_is_told_once(
    site: Site, monkeypatch: pytest.MonkeyPatch, word: str, hit: set[str]
) -> None:
    monkeypatch.setattr(notices, "NOTICES", (notice(NoticeKind.CAPABILITY, word),))
    site.install("anyjob-cmd", "1.0", "cmd", COMMANDS)
    host = site.load()
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        for job in (Job(name="a", job_type="good"), Job(name="b", job_type="cmd"), Job(name="c", job_type="cmd")):
            host.bind(job)
    said = f"Capability {word} is deprecated since anyjob 0.2.0 and may go from 2027-11-27 on; use the other one."
    assert {one.name for one in host.report() if said in one.notices} == hit
    assert len(told) == len({str(one.message) for one in told}), "each is said once"


def test_nothing_is_said_of_what_stays(site: Site) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        host = site.load()
    assert all(one.notices == () for one in host.report())


@pytest.mark.parametrize("said", [date(2026, 11, 28), date(2028, 2, 29)])
def test_a_name_may_not_go_within_a_year(said: date) -> None:
    soon = date(said.year + 1, said.month, 28) if said.month == 2 else date(said.year + 1, 11, 27)
    with pytest.raises(ValueError, match="less than a year after"):
        Notice(kind=NoticeKind.HOOK, name="x", since="1", said=said, gone=soon, instead="y")
