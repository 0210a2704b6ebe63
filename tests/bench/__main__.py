"""All benchmarks, or the named ones, one after the other, and their rows in one table.

    python -m tests.bench [NAMES] [--quick] [--limit-minutes 20] [--json FILE] [--page FILE] [--state DIR] [--list]

The exit status is 1 if a row did not come, 130 after Ctrl-C. A row that misses its line is a number, not an error.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tests.bench.carry import Carried, Gap, carry
from tests.bench.machine import commit, facts
from tests.bench.page import Cells, NotThisPage, Page, cells_of
from tests.bench.table import BENCHES, Bench
from tests.parts import PARTS


class Sitting:
    """What one call of the command has measured so far, and where it is kept: after each benchmark, not at the end."""

    def __init__(self, given: argparse.Namespace) -> None:
        self.given = given
        self.machine = facts(given.state)
        self.commit = commit()
        self.carried: list[tuple[Bench, Carried]] = []
        self.unspoken: list[str] = []
        """Lines that are missed, of which the page does not say why."""

    def measure(self, chosen: Sequence[Bench]) -> None:
        """One after the other, as long as there is time."""
        quick, end = self.given.quick, time.monotonic() + self.given.limit_minutes * 60
        for bench in chosen:
            left, expected = end - time.monotonic(), bench.glance if quick else bench.seconds
            if left < expected:
                print(f"\n{bench.name}: left out, it takes {expected} s and {max(left, 0):.0f} s are left", flush=True)
                continue
            print(f"\n{bench.name}", flush=True)
            limit = min(left, 2 * expected + 60)
            done = carry(
                bench,
                {word: part.missing for word, part in PARTS.items()},
                commit=self.commit,
                quick=quick,
                limit=limit,
                state=self.given.state,
            )
            for gap in done.gaps:
                print(gap)
            print(f"{bench.name}: {done.seconds:.0f} s; {done.moment}", flush=True)
            self.carried.append((bench, done))
            self.keep()

    def cells(self) -> list[Cells]:
        """Of everything so far."""
        quick: bool = self.given.quick
        return [
            cells_of(bench.name, found, str(done.moment), quick=quick)
            for bench, done in self.carried
            for found in (*done.rows, *done.gaps)
        ]

    def keep(self) -> None:
        """Write what was asked for."""
        if self.given.json:
            self.given.json.write_text(json.dumps(self.to_json(), indent=1) + "\n")
        if self.given.page:
            page = Page.read(self.given.page.read_text())
            page.add(self.machine, self.cells())
            self.given.page.write_text(str(page))
            self.unspoken = page.unspoken()

    def to_json(self) -> dict[str, Any]:
        """For other programs."""
        return {
            "machine": self.machine,
            "commit": self.commit,
            "quick": self.given.quick,
            "benches": [
                {
                    "bench": bench.name,
                    "when": str(done.moment),
                    "seconds": round(done.seconds, 1),
                    "rows": [row.to_json() for row in done.rows],
                    "gaps": [gap.to_json() for gap in done.gaps],
                }
                for bench, done in self.carried
            ],
        }

    @property
    def gaps(self) -> list[Gap]:
        """Rows that did not come."""
        return [gap for _, done in self.carried for gap in done.gaps]


def table(rows: Sequence[Cells]) -> str:
    """For a terminal: what is judged, and what is behind it."""
    shown = [(row.verdict, row.limit, row.ratio or row.measured.partition(";")[0], row.what) for row in rows]
    widths = [max(len(line[at]) for line in shown) for at in range(3)]
    return "\n".join("  ".join([*(c.ljust(w) for c, w in zip(line, widths, strict=False)), line[3]]) for line in shown)


def main(words: Sequence[str] | None = None) -> int:
    """The command."""
    parser = argparse.ArgumentParser("python -m tests.bench", description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("names", nargs="*", metavar="NAMES", help=f"of {', '.join(BENCHES)}; default: all")
    parser.add_argument("--quick", action="store_true", help="a glance: nothing is judged by it")
    parser.add_argument("--limit-minutes", type=float, default=60, help="start nothing that takes longer than is left")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write all rows there")
    parser.add_argument("--page", type=Path, metavar="FILE", help="put the rows into this page, between its marks")
    parser.add_argument("--state", type=Path, metavar="DIR", help="where the state folders are made")
    parser.add_argument("--list", action="store_true", help="name the benchmarks and their seconds, and do nothing")
    given = parser.parse_args(words)
    if unknown := [name for name in given.names if name not in BENCHES]:
        parser.error(f"there is no {', '.join(unknown)}; there are {', '.join(BENCHES)}")
    chosen = [BENCHES[name] for name in dict.fromkeys(given.names)] or list(BENCHES.values())
    if given.list:
        for bench in chosen:
            print(f"{bench.name:16} {bench.seconds:4} s  {bench.glance:4} s for a glance  {' '.join(bench.lines)}")
        print(f"{'all':16} {sum(b.seconds for b in chosen):4} s  {sum(b.glance for b in chosen):4} s for a glance")
        return 0
    sitting = Sitting(given)
    try:
        sitting.keep()  # a page that cannot be written is known at once
        sitting.measure(chosen)
    except NotThisPage as problem:
        parser.error(f"{given.page}: {problem}")
    except KeyboardInterrupt:
        print("\nended; what was measured is kept")
        return 130
    if rows := sitting.cells():
        print(f"\n{table(rows)}")
    if sitting.unspoken:
        print(f"\n{given.page} does not say what a profile shows of {', '.join(sitting.unspoken)}")
    return 1 if sitting.gaps else 0


if __name__ == "__main__":
    sys.exit(main())
