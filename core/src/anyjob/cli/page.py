"""Text for people: headings and rows, on a terminal with rich."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable
from typing import TYPE_CHECKING, Final

import typer

from anyjob.problem import plain

if TYPE_CHECKING:
    from anyjob.outcome import Json

__all__ = ["Page", "print_json"]

_WIDE: Final = 40
"""Characters of a cell to which others are aligned; a longer one stands out of its column, and pads no other row."""


class Page:
    """Rows under headings. Whatever is put in may be hostile; what comes out holds no control characters."""

    def __init__(self) -> None:
        self._parts: list[tuple[str, list[tuple[str, ...]]]] = []

    def section(self, heading: str, rows: Iterable[tuple[str, ...]]) -> None:
        """A heading with rows of equally many cells; nothing when there are no rows."""
        made = [tuple(plain(cell) for cell in row) for row in rows]
        if made:
            self._parts.append((plain(heading), made))

    def show(self) -> None:
        """Write everything to standard output."""
        if sys.stdout.isatty():
            self._rich()
        else:
            for heading, rows in self._parts:
                typer.echo(heading)
                columns = range(len(rows[0]) - 1)
                widths = [max((n for row in rows if (n := len(row[at])) <= _WIDE), default=0) for at in columns]
                for row in rows:
                    cells = [cell.ljust(width) for cell, width in zip(row, widths, strict=False)]
                    typer.echo(f"  {'  '.join([*cells, row[-1]])}".rstrip())

    def _rich(self) -> None:
        from rich.console import Console
        from rich.padding import Padding
        from rich.table import Table
        from rich.text import Text

        console = Console(highlight=False)
        for heading, rows in self._parts:
            console.print(Text(heading, style="bold"))
            grid = Table.grid(padding=(0, 2, 0, 0))
            for at in range(len(rows[0])):
                grid.add_column(style="cyan" if at == 0 else "", overflow="fold", no_wrap=at == 0)
            for row in rows:
                grid.add_row(*(Text(cell) for cell in row))
            console.print(Padding(grid, (0, 0, 0, 2)))


def print_json(value: Json) -> None:
    """One object, indented. Escaped to ASCII, so that no text in it acts on a terminal."""
    typer.echo(json.dumps(value, indent=2))
