"""A row: what one measurement gave, in a shape that every benchmark shares."""

from __future__ import annotations

import json
import os
import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal, NamedTuple, Self

from tests.bench.lines import LINES, Line

__all__ = ["ROWS", "Row", "Spread", "Verdict", "tell"]

ROWS: Final = "ANYJOB_BENCH_ROWS"
"""The environment's name of a file that rows are added to, a line of JSON each."""

Verdict = Literal["met", "missed", "not judged"]


class Spread(NamedTuple):
    """Of the same measurement taken several times: the median, the least, the most."""

    middle: float
    least: float
    most: float

    @classmethod
    def of(cls, values: float | Sequence[float]) -> Self:
        """Of one value or of many."""
        if isinstance(values, int | float):
            return cls(values, values, values)
        return cls(statistics.median(values), min(values), max(values))

    def __str__(self) -> str:
        """The median; behind it least and most in brackets if there were several."""
        middle, least, most = map(_shown, self)
        return middle if self.least == self.most else f"{middle} ({least}-{most})"


def _shown(value: float) -> str:
    """About three digits, thousands apart."""
    size = abs(value)
    if float(value).is_integer() and size < 1e6:
        return f"{value:,.0f}".replace(",", " ")
    digits = 0 if size >= 100 else 1 if size >= 10 else 2 if size >= 0.1 else 3
    return f"{value:,.{digits}f}".replace(",", " ")


@dataclass(frozen=True, slots=True)
class Row:
    """What was measured, what the bare loop or the peer of the same run made, and the ratio of the two.

    `line` names what it has to keep, if an issue says so; else `issue` says whose it is. `beside`: what else was seen.
    """

    what: str
    unit: str
    measured: Spread
    peer: str = ""
    of_peer: Spread | None = None
    ratio: Spread | None = None
    line: str = ""
    issue: int = 0
    beside: str = ""

    def __post_init__(self) -> None:
        if self.line:
            drawn = LINES[self.line]
            object.__setattr__(self, "issue", drawn.issue)
            if drawn.unit not in ("", self.unit) or (not drawn.unit and self.ratio is None):
                raise ValueError(f"{self.what}: the line {drawn.name} is {drawn}, which this row does not tell")
        elif not self.issue:
            raise ValueError(f"{self.what}: a row without a line says whose issue it is")

    @property
    def drawn(self) -> Line | None:
        """The line it is held against."""
        return LINES[self.line] if self.line else None

    @property
    def verdict(self) -> Verdict:
        """By the median."""
        if self.drawn is None:
            return "not judged"
        judged = self.measured if self.drawn.unit else self.ratio
        assert judged is not None
        return "met" if self.drawn.holds(judged.middle) else "missed"

    def __str__(self) -> str:
        words = [f"{self.what}: {self.measured} {self.unit}"]
        if self.of_peer is not None:
            words.append(f"{self.peer} {self.of_peer}")
        if self.ratio is not None:
            words.append(f"ratio {self.ratio}")
        if self.drawn is not None:
            words.append(f"limit {self.drawn}")
        return "; ".join([*words, *([self.beside] if self.beside else [])])

    def to_json(self) -> dict[str, Any]:
        """As `from_json` takes it, with issue and verdict for other readers."""
        return {
            **{name: getattr(self, name) for name in self.__slots__},
            "limit": str(self.drawn or ""),
            "verdict": self.verdict,
        }

    @classmethod
    def from_json(cls, given: dict[str, Any]) -> Self:
        """What `to_json` made."""
        fields = {name: given[name] for name in cls.__slots__}
        for name in ("measured", "of_peer", "ratio"):
            fields[name] = None if fields[name] is None else Spread(*fields[name])
        return cls(**fields)


def tell(
    what: str,
    measured: float | Sequence[float],
    unit: str,
    *,
    peer: str = "",
    of_peer: float | Sequence[float] | None = None,
    ratio: Sequence[float] | None = None,
    line: str = "",
    issue: int = 0,
    beside: str = "",
) -> None:
    """Print a row, and hand it to whoever started this process for the sake of its rows."""
    row = Row(
        what=what,
        unit=unit,
        measured=Spread.of(measured),
        peer=peer,
        of_peer=None if of_peer is None else Spread.of(of_peer),
        ratio=None if ratio is None else Spread.of(ratio),
        line=line,
        issue=issue,
        beside=beside,
    )
    print(row, flush=True)
    if file := os.environ.get(ROWS):
        with Path(file).open("a") as rows:
            rows.write(f"{json.dumps(row.to_json())}\n")
