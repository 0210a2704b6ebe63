"""What tests ran on, and what did not run: told at the end of every run, and in CI nothing may be skipped but what a
type says that it lacks.

A skip, an expected failure and a module that is not collected leave a green run behind that has proved less than it
seems to. So with ANYJOB_CI=1 each of them is a failure, unless a case of the conformance suite was skipped by the
suite's own `lacks`.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Generator, Iterator
from typing import cast

import pytest
from tests.parts import PARTS, ci_words, table

from anyjob.testing.fault import lacks
from anyjob.testing.suite import Suite

__all__ = ["Tally", "strict"]

_NEEDS, _SUITE, _LACKS, _HIDDEN = "needs", "suite", "lacks", "hidden"


def strict() -> bool:
    """Whether CI runs."""
    return os.environ.get("ANYJOB_CI") == "1"


class Tally:
    """Counts reports, where they all come together."""

    def __init__(self) -> None:
        self.ran: Counter[str] = Counter()
        self.suites: dict[str, Counter[str]] = {}
        """By type and class of the suite: what it lacks, and under "" the cases that ran."""
        self.skipped: Counter[str] = Counter()
        """By reason, what is no declared lack."""
        self._words: set[str] = set()

    def add(self, report: pytest.TestReport) -> None:
        """A report of one phase of a test. One that was skipped did not run; all others ran when they were called."""
        said = dict(report.user_properties)
        words, suite = cast("list[str]", said.get(_NEEDS, [])), cast("str", said.get(_SUITE, ""))
        self._words.update(words)
        if lack := said.get(_LACKS):
            self.suites.setdefault(suite, Counter())[str(lack)] += 1
        elif hidden := said.get(_HIDDEN):
            self.skipped[str(hidden)] += 1
        elif report.when == "call" or (report.when == "setup" and report.failed):
            self.ran.update(words)
            if suite:
                self.suites.setdefault(suite, Counter())[""] += 1

    def uncollected(self, report: pytest.CollectReport) -> None:
        """A module that was not collected."""
        self.skipped[f"{report.nodeid}: {_reason(report)}"] += 1

    def lines(self) -> Iterator[str]:
        """The report."""
        words = [word for word in PARTS if word in self._words]
        yield "real parts, and how many tests ran on them"
        yield from table({word: str(self.ran[word]) for word in words}, words)
        if self.suites:
            yield "conformance suite: cases that ran, and those of things that the type does not promise"
            wide = max(map(len, self.suites))
            for name, counts in sorted(self.suites.items()):
                yield f"{name:<{wide}}  {counts['']:>4} ran {counts.total() - counts['']:>4} lacking"
        yield f"skipped beside that: {self.skipped.total() or 'nothing'}"
        yield from (f"{count:>4}  {why}" for why, count in self.skipped.most_common())


def _reason(report: pytest.TestReport | pytest.CollectReport) -> str:
    """Why it was skipped, or expected to fail."""
    told: object = getattr(report, "wasxfail", None)
    if told is not None:
        return f"it is expected to fail{'' if report.skipped else ', and passes'}: {told or 'no reason given'}"
    told = report.longrepr
    return str(told[2]).removeprefix("Skipped: ") if isinstance(told, tuple) else str(told)


def _suite(item: pytest.Item) -> type[Suite] | None:
    """Of whose conformance suite it is a case, all of it or a part."""
    of: object = getattr(item, "cls", None)
    own = str(getattr(getattr(item, "function", None), "__module__", "")).startswith("anyjob.testing.")
    return of if own and isinstance(of, type) and issubclass(of, Suite) else None


def _is_lack(item: pytest.Item, call: pytest.CallInfo[None]) -> bool:
    """Whether a case of the suite itself says that its type does not promise the thing."""
    if _suite(item) is None or call.excinfo is None:
        return False
    return any(at.frame.code.raw is lacks.__code__ for at in call.excinfo.traceback)


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    words = sorted({word for mark in item.iter_markers("needs") for word in mark.args})
    if words:
        report.user_properties.append((_NEEDS, words))
    if (suite := _suite(item)) is not None:
        report.user_properties.append((_SUITE, f"{suite.job_type} ({suite.__name__})".lstrip()))
    if not report.skipped and not hasattr(report, "wasxfail"):
        return report
    why = _reason(report)
    if _is_lack(item, call):
        report.user_properties.append((_LACKS, why))
        return report
    report.user_properties.append((_HIDDEN, why))
    if strict():
        report.outcome, report.longrepr = "failed", f"CI skips nothing: {why}"
        vars(report).pop("wasxfail", None)
    return report


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_make_collect_report(
    collector: pytest.Collector,
) -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    report = yield
    if report.skipped and strict():
        report.outcome, report.longrepr = "failed", f"CI skips nothing: {_reason(report)}"
    return report


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What needs a part that is missing is skipped, and nothing begins in CI that must have it."""
    must = ci_words() if strict() else set[str]()
    lacks: dict[str, str] = {}  # to look takes programs
    for item in items:
        for word in {word for mark in item.iter_markers("needs") for word in mark.args}:
            if word not in PARTS:
                raise pytest.UsageError(f"{item.nodeid}: needs({word!r}) is none of {', '.join(PARTS)}")
            if word not in lacks:
                lacks[word] = PARTS[word].missing()
            why = lacks[word]
            if why and word in must:
                raise pytest.UsageError(f"{item.nodeid} needs {word}, which CI must have: {why}. {PARTS[word].remedy}")
            if why:
                item.add_marker(pytest.mark.skip(reason=f"needs {word}: {why}"))


class _Teller:
    """Where reports come together: not in the processes that pytest-xdist has started."""

    def __init__(self) -> None:
        self.tally = Tally()

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        self.tally.add(report)

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        if report.skipped:
            self.tally.uncollected(report)

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
        if config.option.collectonly:
            return
        lines = list(self.tally.lines())
        terminalreporter.section("parts")
        for line in lines:
            terminalreporter.write_line(line)
        if config.pluginmanager.has_plugin("cacheprovider"):
            folder = cast("pytest.Cache", vars(config)["cache"]).mkdir("anyjob")
            (folder / "parts").write_text("\n".join(lines) + "\n")


def pytest_configure(config: pytest.Config) -> None:
    if not hasattr(config, "workerinput"):
        config.pluginmanager.register(_Teller())
