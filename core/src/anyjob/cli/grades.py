"""What `anyjob check-executor` found out, and the grade that it gives."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from anyjob.outcome import Json

__all__ = ["Grade", "GradedCase", "Report", "Verdict"]


class Verdict(StrEnum):
    """What became of one case. `lacks`: the type declares that it does not promise the thing."""

    HOLDS = "holds"
    LACKS = "lacks"
    FAILS = "fails"


class Grade(StrEnum):
    """The sum of a report. Only F breaks a promise."""

    A = "A"
    B = "B"
    F = "F"


@dataclass(frozen=True, slots=True, kw_only=True)
class GradedCase:
    """One case of the suite.

    `rule` is what it proves; `said` what is lacking or wrong, empty where it holds; `where` the line of code that
    raised, where that was no fault found by the suite.
    """

    group: str
    name: str
    rule: str
    verdict: Verdict
    said: str = ""
    where: str = ""

    def to_json(self) -> dict[str, Json]:
        """As `anyjob check-executor --json` prints it; its group is said by what holds it."""
        return {
            "name": self.name,
            "rule": self.rule,
            "verdict": self.verdict.value,
            "said": self.said,
            "where": self.where,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """Every case of one type, in the order of the suite, and who brings the type."""

    job_type: str
    plugin: str
    distribution: str
    version: str
    cases: Sequence[GradedCase]
    only: str = ""
    """The words that chose the cases, which then make no grade; empty: they are all."""

    def count(self, verdict: Verdict) -> int:
        """How many cases came to this."""
        return sum(case.verdict is verdict for case in self.cases)

    @property
    def grade(self) -> Grade:
        """A suite that proved nothing passes nothing."""
        if self.count(Verdict.FAILS) or not self.count(Verdict.HOLDS):
            return Grade.F
        return Grade.B if self.count(Verdict.LACKS) else Grade.A

    @property
    def summary(self) -> str:
        """The grade in words."""
        holds, lacks, fails = (self.count(verdict) for verdict in Verdict)
        match self.grade:
            case Grade.A:
                return f"all {holds} cases hold"
            case Grade.B:
                return f"{holds} of {len(self.cases)} cases hold; {lacks} are declared lacking, so no promise is broken"
            case Grade.F:
                return f"{fails} of {len(self.cases)} cases fail; {holds} hold, {lacks} are declared lacking"

    def groups(self) -> dict[str, list[GradedCase]]:
        """The cases by group."""
        groups: dict[str, list[GradedCase]] = {}
        for case in self.cases:
            groups.setdefault(case.group, []).append(case)
        return groups

    def to_json(self) -> dict[str, Json]:
        """As `anyjob check-executor --json` prints it. Of a part of the suite `grade` is null: there is none."""
        return {
            "job_type": self.job_type,
            "plugin": self.plugin,
            "distribution": self.distribution,
            "version": self.version,
            "grade": None if self.only else self.grade.value,
            "summary": self.summary,
            "total": {"cases": len(self.cases), **{verdict.value: self.count(verdict) for verdict in Verdict}},
            "groups": [
                {"group": group, "cases": [case.to_json() for case in cases]} for group, cases in self.groups().items()
            ],
        }
