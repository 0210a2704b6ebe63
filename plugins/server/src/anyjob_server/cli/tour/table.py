"""The table of a tour. Whatever a job said is hostile: it comes out on one line, and nothing in it is markup."""

from __future__ import annotations

import io
import shutil
from collections.abc import Generator, Iterable, Sequence
from typing import TYPE_CHECKING, Final

from anyjob.cli.said import cause_in_words, stop_in_words, summary
from anyjob.outcome import Cause, Outcome
from anyjob.problem import plain, short
from anyjob_server.cli.tour.row import Row, State
from anyjob_server.cli.tour.words import own_name

if TYPE_CHECKING:
    from rich.console import Console, RenderableType

__all__ = ["Sheet", "ending"]

_UNKNOWN_WIDTH: Final = 100
"""Columns where nobody says how wide the output is."""
_NAME: Final = 20
_RESULT: Final = 200
_GAP: Final = 2
_NARROWEST: Final = 12
_HEADS: Final = ("type", "job", "state", "time", "cause")
_STYLES: Final = {"ok": "green", "as meant": "green", "wrong": "bold red", "running": "cyan"}


def ending(row: Row) -> str:
    """How a job stands, in a few words."""
    if row.info is None or row.state not in (State.OVER, State.STOPPED):
        return f"{row.state.value}{f': {row.why}' if row.why else ''}"
    took = "" if row.info.seconds is None else f" ({row.info.seconds:.2f} s)"
    meant = ", as it is meant to" if row.as_meant and row.meant is not Cause.SUCCEEDED else ""
    return f"{cause_in_words(row.info.ended)}{meant}{took}"


class Sheet:
    """Draws on one console."""

    def __init__(self, console: Console) -> None:
        self.console = console

    @classmethod
    def terminal(cls) -> Sheet:
        """For standard output, a terminal."""
        from rich.console import Console

        return cls(Console(highlight=False))

    @classmethod
    def plain(cls) -> Sheet:
        """For a pipe or file; COLUMNS says how wide, else 100."""
        from rich.console import Console

        width = shutil.get_terminal_size((_UNKNOWN_WIDTH, 24)).columns
        return cls(Console(file=io.StringIO(), width=width, color_system=None, highlight=False, legacy_windows=False))

    def going(self, rows: Sequence[Row], seconds: float) -> RenderableType:
        """As much of the table as the screen has lines for: what runs first, then what ended last."""
        from rich.console import Group
        from rich.text import Text

        over = sum(row.state not in (State.WAITING, State.RUNNING) for row in rows)
        room = self.console.height - 3
        shown = list(rows)
        if len(rows) > room:
            shown = [row for row in rows if row.state is State.RUNNING]
            shown += [row for row in rows if row.state is State.WAITING]
            shown += [row for row in rows if row.state not in (State.WAITING, State.RUNNING)][::-1]
            shown = shown[: max(1, room)]
        return Group(
            _table(shown, self.console.width), Text(f"{over} of {len(rows)} are over, {seconds:.0f} s", style="dim")
        )

    def close(self, rows: Sequence[Row], seconds: float) -> None:
        """The whole table, why some are not in it, and what to do next."""
        from rich.padding import Padding
        from rich.text import Text

        there = [row for row in rows if row.state is not State.ABSENT]
        absent = [row for row in rows if row.state is State.ABSENT]
        if there:
            self.console.print(_table(there, self.console.width))
            self.console.print()
        if absent:
            self.console.print(Text("Not here:", style="bold"))
            for who, why in _absent(absent):
                self.console.print(Padding(Text(plain(who), style="cyan"), (0, 0, 0, 2)))
                self.console.print(Padding(Text(plain(why)), (0, 0, 0, 6)))
            self.console.print()
        for row in there:
            if row.wrong:
                self._print(_told(row))
        self._print(_counted(there, absent, seconds))

    def closing(self, rows: Sequence[Row], seconds: float) -> str:
        """As `close`, as text; for a sheet that is plain."""
        self.close(rows, seconds)
        assert isinstance(self.console.file, io.StringIO)
        return "".join(f"{line.rstrip()}\n" for line in self.console.file.getvalue().splitlines())

    def _print(self, lines: Iterable[str]) -> None:
        from rich.text import Text

        for line in lines:
            self.console.print(Text(plain(line)))


def _table(rows: Sequence[Row], width: int) -> RenderableType:
    from rich.cells import cell_len
    from rich.table import Table
    from rich.text import Text

    cells = [_cells(row) for row in rows]
    table = Table(box=None, pad_edge=False, padding=(0, _GAP, 0, 0), header_style="bold")
    taken = 0
    for at, name in enumerate(_HEADS):
        wide = max(cell_len(text) for text in (name, *(row[at] for row in cells)))
        taken += wide + _GAP
        table.add_column(name, no_wrap=True, width=wide, justify="right" if name == "time" else "left")
    # Cut here: a table of rich makes all its columns narrower where one is too wide.
    table.add_column("result", no_wrap=True, width=max(_NARROWEST, width - taken), overflow="ellipsis")
    for row, texts in zip(rows, cells, strict=True):
        styles = ("", "", _STYLES.get(texts[2], "dim"), "", "")
        table.add_row(*map(Text, texts, styles), Text(_result(row)))
    return table


def _cells(row: Row) -> tuple[str, ...]:
    """All but the result."""
    absent, seconds = row.state is State.ABSENT, row.seconds
    return (
        short(row.type, _NAME),
        short(row.job.name, _NAME),
        _state(row),
        "" if seconds is None or absent else f"{seconds:.2f} s",
        "" if row.info is None or absent else row.info.ended.cause.value,
    )


def _state(row: Row) -> str:
    if row.wrong:
        return "wrong" if row.state is State.OVER else "refused"
    if row.state is State.OVER:
        return "ok" if row.meant is Cause.SUCCEEDED else "as meant"
    return row.state.value


def _result(row: Row) -> str:
    """One line, whatever it holds."""
    if row.info is None or row.why:
        return short(" ".join(row.why.split()), _RESULT)
    outcome = row.info.ended
    said = outcome.result
    if outcome.stop is not None and outcome.cause in (Cause.TIMED_OUT, Cause.STOPPED):
        said = stop_in_words(outcome.stop)
    return short(" ".join((said or _evidence(outcome)).split()), _RESULT)


def _evidence(outcome: Outcome) -> str:
    return next((item.text for item in outcome.evidence), "")


def _absent(rows: Sequence[Row]) -> Generator[tuple[str, str]]:
    """Jobs that lack the same, by their types, and what it is."""
    together: dict[str, dict[str, list[str]]] = {}
    for row in rows:
        together.setdefault(row.why, {}).setdefault(row.type, []).append(short(row.job.name, _NAME))
    for why, types in together.items():
        yield "; ".join(f"{short(kind, _NAME)} {', '.join(names)}" for kind, names in types.items()), why


def _told(row: Row) -> list[str]:
    """Of one that ended otherwise than it is meant to, all that there is to tell."""
    if row.info is None:
        return [f"{row.type} {row.job.name!r} was refused: {row.why}", ""]
    meant = "" if row.meant is Cause.SUCCEEDED else f"; it is meant to end as {row.meant.value}"
    first, *rest = summary(row.job.name, row.info.ended, row.info.seconds, [], logged=False)
    return [f"{row.type} {first}{meant}", *rest, ""]


def _counted(there: Sequence[Row], absent: Sequence[Row], seconds: float) -> list[str]:
    ran = [row for row in there if row.state is State.OVER]
    wrong = sum(row.wrong for row in ran)
    refused = sum(row.state is State.REFUSED for row in there)
    ends = f"{wrong} otherwise than meant" if wrong else "all as they are meant to" if len(ran) > 1 else "as meant"
    said = f"{_jobs(len(ran))} ran in {seconds:.0f} s and ended, {ends}" if ran else "No job ran"
    said += f"; {refused} refused" if refused else ""
    said += f"; {len(absent)} cannot run here" if absent else ""
    for state, words in ((State.STOPPED, "stopped"), (State.SKIPPED, "not begun"), (State.LEFT, "left going")):
        number = sum(row.state is state for row in there)
        said += f"; {number} {words}" if number else ""
    doctor = f"`{own_name()} doctor` says what is missing here, " if absent else ""
    return [f"{said}.", f"Next: {doctor}`{own_name()} serve` keeps a server."]


def _jobs(number: int) -> str:
    return f"{number} job{'' if number == 1 else 's'}"
