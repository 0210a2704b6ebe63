"""The page of numbers: a table between marks; a run replaces the rows that it measured, and keeps all others."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final, Self

from tests.bench.carry import Gap
from tests.bench.lines import LINES
from tests.bench.row import Row

__all__ = ["COLUMNS", "Cells", "NotThisPage", "Page", "cells_of"]

COLUMNS: Final = (
    "issue", "line", "what", "measured", "bare or peer, same run", "ratio", "limit", "verdict", "bench", "when"
)  # fmt: skip
_BEGIN, _END = "<!-- numbers: written by `python -m tests.bench --page` -->", "<!-- numbers: end -->"
_SINCE: Final = "; since then "
_GLANCE: Final = "not judged: a glance"
_ORDER: Final = {name: at for at, name in enumerate(LINES)}


class NotThisPage(Exception):
    """The file has no place for the numbers, or it has those of another machine."""


@dataclass(frozen=True, slots=True)
class Cells:
    """A row as the page shows it."""

    issue: str
    line: str
    what: str
    measured: str
    peer: str
    ratio: str
    limit: str
    verdict: str
    bench: str
    when: str

    @property
    def all(self) -> tuple[str, ...]:
        """In the order of the columns."""
        return tuple(getattr(self, name) for name in self.__slots__)


def cells_of(bench: str, found: Row | Gap, when: str, *, quick: bool) -> Cells:
    """A row of a glance is not judged: its numbers come from too little."""
    if isinstance(found, Gap):
        drawn = LINES.get(found.line)
        issue = f"{drawn.issue}" if drawn else ""
        verdict = f"{found.verdict}: {found.why}"
        return Cells(issue, found.line, found.what, "", "", "", str(drawn or ""), verdict, bench, when)
    beside = f"; {found.beside}" if found.beside else ""
    return Cells(
        issue=str(found.issue),
        line=found.line,
        what=found.what,
        measured=f"{found.measured} {found.unit}{beside}",
        peer=f"{found.peer} {found.of_peer}" if found.of_peer else "",
        ratio=str(found.ratio or ""),
        limit=str(found.drawn or ""),
        verdict=_GLANCE if quick else found.verdict,
        bench=bench,
        when=when,
    )


@dataclass(slots=True)
class Page:
    """What stands between the marks, and the text around it."""

    before: str
    after: str
    machine: dict[str, str] = field(default_factory=dict[str, str])
    rows: list[Cells] = field(default_factory=list[Cells])

    @classmethod
    def read(cls, text: str) -> Self:
        """Raises NotThisPage."""
        before, found, rest = text.partition(_BEGIN)
        inside, closed, after = rest.partition(_END)
        if not found or not closed:
            raise NotThisPage(f"it needs these two lines, between which the numbers are put: {_BEGIN} and {_END}")
        page = cls(before, after)
        for line in inside.splitlines():
            given = _cut(line)
            if len(given) == 2 and given[0] not in ("machine", "---"):
                page.machine[given[0]] = given[1]
            elif len(given) == len(COLUMNS) and given[0] not in (COLUMNS[0], "---"):
                page.rows.append(Cells(*given))
        return page

    def add(self, machine: Mapping[str, str], rows: Iterable[Cells]) -> None:
        """What was measured replaces what stands there of the same; a gap only adds that it is one, and a glance
        replaces no more than a glance.

        Raises NotThisPage when the page has the numbers of another machine.
        """
        for name in ("Processors", "Memory"):
            if self.rows and self.machine.get(name, machine[name]) != machine[name]:
                was, now = self.machine[name], machine[name]
                raise NotThisPage(f"its rows are of a machine with {was}, this one has {now}; remove its rows first")
        self.machine = dict(machine)
        for row in rows:
            self._put(row)
        self.rows.sort(key=_place)

    def unspoken(self) -> list[str]:
        """Lines that a row misses and the text below the table does not name."""
        missed = [row.line for row in self.rows if row.verdict.startswith("missed")]
        return [line for line in dict.fromkeys(missed) if f"`{line}`" not in self.after]

    def _put(self, row: Cells) -> None:
        of_same = [old for old in self.rows if (old.bench, old.line) == (row.bench, row.line)]
        better = [old for old in of_same if old.what == row.what and old.measured and old.verdict != _GLANCE]
        if row.verdict == _GLANCE and better:
            return
        if row.measured:
            gone = [old for old in of_same if not old.measured or old.what == row.what]
            self.rows = [old for old in self.rows if old not in gone] + [row]
        elif known := [old for old in of_same if old.measured]:
            for old in known:
                verdict = f"{old.verdict.partition(_SINCE)[0]}{_SINCE}{row.verdict} ({row.when})"
                self.rows[self.rows.index(old)] = replace(old, verdict=verdict)
        else:
            self.rows = [old for old in self.rows if old not in of_same] + [row]

    def __str__(self) -> str:
        head = _table(("machine", ""), sorted(self.machine.items()))
        table = _table(COLUMNS, [row.all for row in self.rows])
        return f"{self.before}{_BEGIN}\n\n{head}\n\n{table}\n\n{_END}{self.after}"


def _place(row: Cells) -> tuple[int, int]:
    """By issue, and there by line; those without come last, each in the order in which it came."""
    return int(row.issue or 99), _ORDER.get(row.line, len(_ORDER))


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(map(_cell, line))} |" for line in lines)


def _cell(text: str) -> str:
    """Nothing in it ends the cell, or the row."""
    return re.sub(r"\s+", " ", text).replace("|", "\\|").replace("<!", "&lt;!").strip()


def _cut(line: str) -> list[str]:
    """The cells of a line of a table; nothing if it is none."""
    if not line.startswith("| ") or not line.endswith("|"):
        return []
    return [cell.strip().replace("\\|", "|") for cell in re.split(r"(?<!\\)\|", line)[1:-1]]
