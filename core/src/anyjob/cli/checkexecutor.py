"""`anyjob check-executor`: is it proved?"""

from __future__ import annotations

import signal
import sys
from importlib.util import find_spec
from typing import TYPE_CHECKING, Annotated, Final

import typer

from anyjob.cli.options import AsJson, Config

if TYPE_CHECKING:
    from types import FrameType

    from anyjob.cli.grades import GradedCase, Report
    from anyjob.plugins import ExecutorType, Offer, PluginHost

__all__ = ["check_executor"]

_SIGNALS: Final = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def check_executor(
    name: Annotated[str, typer.Argument(metavar="NAME", help="A JobType, as `anyjob plugins` lists them.")],
    config: Config = None,
    only: Annotated[
        str, typer.Option("--only", metavar="WORDS", help="The cases with these words in their names; no grade.")
    ] = "",
    *,
    as_json: AsJson = False,
) -> None:
    """Prove an executor by the conformance suite, and grade it.

    Its samples are run through the real host and the real worker, hostile cases included, in folders that are removed
    afterwards. A case that the type declares it does not promise is named as lacking.

    Grade A: every case holds. B: every case holds or is declared lacking. F: a promise is broken.

    Exit status: 0 for A and B; 1 for F; 2 bad input; 130 after Ctrl-C, which leaves nothing going.
    """
    from anyjob.cli import status
    from anyjob.cli.inputs import settings_for
    from anyjob.cli.page import print_json
    from anyjob.cli.session import leave, load_host
    from anyjob.cli.streams import write

    settings = settings_for(config, None)
    host = load_host(settings)
    offer = _found(host, name)
    if find_spec("pytest") is None:
        write(sys.stderr, "anyjob: the suite needs pytest, which is not installed: pip install 'pytest>=8.4'\n")
        raise SystemExit(status.BAD_INPUT)

    from anyjob.cli.grades import Grade, Report
    from anyjob.cli.grading import Grading
    from anyjob.cli.statusline import StatusLine

    job_type, plugin = offer.kind.job_type, offer.plugin
    line = StatusLine()
    shown = sys.stderr.isatty()
    signals = _Signals()
    grading = Grading(
        job_type,
        settings,
        lambda text: line.draw(f"checking {job_type}: {text}") if shown else None,
        signals.interrupted,
        only,
    )
    cases = grading.run()
    line.clear()
    if signals.first is not None:
        write(sys.stderr, f"anyjob: stopped after {len(cases)} of {grading.total} cases; nothing is left going\n")
        leave(status.of_signal(signals.first))
    report = Report(
        job_type=job_type,
        plugin=plugin.name,
        distribution=plugin.distribution,
        version=plugin.version,
        cases=cases,
        only=only,
    )
    if as_json:
        print_json(report.to_json())
    else:
        _show(report)
    # Calls of an executor that ignored their stop may still hold threads.
    leave(status.FAILED if report.grade is Grade.F else status.SUCCEEDED)


def _found(host: PluginHost, name: str) -> Offer[ExecutorType]:
    """Who brings the type. Raises UnknownJobType, and why a type that is there cannot run."""
    for offer in host.types():
        if name in (offer.kind.job_type, *offer.kind.aliases):
            return offer
    host.spec(name)
    raise typer.BadParameter(f"{name!r} is served, but no plugin lists it; name a type that `anyjob plugins` lists")


class _Signals:
    """The first signal ends the suite as Ctrl-C does, with everything tidied up; the third ends it at once.

    SIGINT is left to asyncio until then: it cancels the case at an await, and what the case opened is closed. A
    KeyboardInterrupt raised in the middle of the loop would take down the worker before it lets go of its folder.
    """

    def __init__(self) -> None:
        self.first: signal.Signals | None = None
        self._count = 0
        self._ours = [number for number in _SIGNALS if signal.getsignal(number) is not signal.SIG_IGN]
        for number in self._ours:
            signal.signal(number, signal.default_int_handler if number is signal.SIGINT else self._came)

    def interrupted(self) -> None:
        """A KeyboardInterrupt ended the last case: from here on nothing cuts off the tidying up."""
        if self.first is None:
            self.first, self._count = signal.SIGINT, 1
        for number in self._ours:
            signal.signal(number, self._came)

    def _came(self, number: int, frame: FrameType | None) -> None:
        from anyjob.cli import status
        from anyjob.cli.session import leave

        self._count += 1
        if self.first is None:
            self.first = signal.Signals(number)
            interrupt = signal.getsignal(signal.SIGINT)
            if not callable(interrupt):
                raise KeyboardInterrupt
            interrupt(signal.SIGINT, frame)
        elif self._count > 2:
            leave(status.of_signal(self.first))


def _show(report: Report) -> None:
    from anyjob.cli.grades import Verdict
    from anyjob.cli.page import Page

    page = Page()
    told: set[str] = set()
    for group, cases in report.groups().items():
        rows: list[tuple[str, ...]] = []
        for case in cases:
            rows += _rows(report.job_type, case, told)
        failed = sum(case.verdict is Verdict.FAILS for case in cases)
        page.section(f"{group}: {f'{failed} of {len(cases)} fail' if failed else 'no fault'}", rows)
    who = f"{report.job_type} of {report.distribution} {report.version}"
    page.section(
        "No grade: not all cases" if report.only else f"Grade {report.grade.value}", [(f"{who}: {report.summary}",)]
    )
    page.show()


def _rows(job_type: str, case: GradedCase, told: set[str]) -> list[tuple[str, ...]]:
    """A case with what there is to say of it. A sentence that stands above is not told again."""
    from shlex import quote

    from anyjob.cli.grades import Verdict

    if case.verdict is not Verdict.FAILS:
        return [(case.verdict.value, case.name, case.said)]
    said = [case.said] if case.said not in told else ["as above"]
    if case.said not in told and case.where:
        said.append(f"raised at {case.where}")
    told.add(case.said)
    again = f"anyjob check-executor {quote(job_type)} --only {quote(case.name)}"
    lines = [*said, f"the rule: {case.rule}", f"once more: {again}"]
    return [(case.verdict.value, case.name, lines[0]), *(("", "", line) for line in lines[1:])]
