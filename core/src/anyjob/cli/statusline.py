"""One line on the terminal that says how things stand, and goes away without a trace."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from anyjob.cli.streams import write
from anyjob.problem import plain

if TYPE_CHECKING:
    from rich.console import Console

__all__ = ["StatusLine"]


class StatusLine:
    """Drawn on standard error. rich is imported with the first line: a short run does without."""

    def __init__(self) -> None:
        self._console: Console | None = None
        self._drawn = False

    def draw(self, text: str) -> None:
        """Show `text`, cut to the terminal's width; nothing where a line cannot be taken back."""
        if self._console is None:
            from rich.console import Console

            self._console = Console(stderr=True, highlight=False)
        if self._console.is_dumb_terminal:
            return
        self.clear()
        self._console.print(
            plain(text), style="dim", end="", no_wrap=True, overflow="ellipsis", crop=True, markup=False
        )
        self._drawn = True

    def clear(self) -> None:
        """Take the line away."""
        if self._drawn:
            write(sys.stderr, "\r\x1b[2K")
            self._drawn = False
