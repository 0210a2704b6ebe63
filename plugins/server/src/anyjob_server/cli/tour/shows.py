"""How a tour is shown: a live table on a terminal, lines in a pipe, objects for programs, or not at all."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from typing import Protocol

from anyjob.cli.streams import write
from anyjob.problem import plain
from anyjob_server.cli.tour.row import Row, State
from anyjob_server.cli.tour.table import Sheet, ending

__all__ = ["Show", "show_for"]


class Show(Protocol):
    """What a tour tells. All on the loop's thread."""

    @contextmanager
    def showing(self, rows: Sequence[Row]) -> Generator[None]:
        """Around all that goes on, also before the server is there. At its end everything is told once more."""
        ...

    def ended(self, row: Row) -> None:
        """A job is over, or will not run."""
        ...

    def say(self, text: str) -> None:
        """Something beside the jobs."""
        ...


def show_for(*, quiet: bool, as_json: bool) -> Show:
    """What fits the caller's wishes and where the output goes."""
    if as_json:
        return _Objects()
    if quiet:
        return _Nothing()
    return _Live() if sys.stdout.isatty() else _Lines()


class _Nothing:
    @contextmanager
    def showing(self, rows: Sequence[Row]) -> Generator[None]:
        del rows
        yield

    def ended(self, row: Row) -> None: ...

    def say(self, text: str) -> None: ...


class _Objects(_Nothing):
    def ended(self, row: Row) -> None:
        write(sys.stdout, json.dumps(row.to_json()) + "\n")

    def say(self, text: str) -> None:
        write(sys.stderr, f"anyjob: {plain(text)}\n")


class _Lines(_Nothing):
    """A line a job on standard error, the table on standard output at the end."""

    @contextmanager
    def showing(self, rows: Sequence[Row]) -> Generator[None]:
        began = time.monotonic()
        yield
        write(sys.stdout, Sheet.plain().closing(rows, time.monotonic() - began))

    def ended(self, row: Row) -> None:
        if row.state not in (State.ABSENT, State.SKIPPED):
            self.say(f"{row.type} {row.job.name}: {ending(row)}")

    def say(self, text: str) -> None:
        write(sys.stderr, f"anyjob: {plain(text)}\n")


class _Live(_Nothing):
    """The table while it changes, then the same once more, whole."""

    def __init__(self) -> None:
        self._began = time.monotonic()
        self._sheet = Sheet.terminal()

    @contextmanager
    def showing(self, rows: Sequence[Row]) -> Generator[None]:
        from rich.live import Live

        def now() -> object:
            return self._sheet.going(rows, time.monotonic() - self._began)

        with Live(
            get_renderable=now,  # pyright: ignore[reportArgumentType] - a renderable is any object that rich knows
            console=self._sheet.console,
            refresh_per_second=8,
            transient=True,
            redirect_stdout=False,
            redirect_stderr=False,
        ):
            yield
        self._sheet.close(rows, time.monotonic() - self._began)

    def say(self, text: str) -> None:
        from rich.text import Text

        self._sheet.console.print(Text(f"anyjob: {plain(text)}"))
