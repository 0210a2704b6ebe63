"""`anyjob doctor`: whether each installed type can work on this machine, and what to do where it cannot."""

from __future__ import annotations

import asyncio
import sys
from typing import TYPE_CHECKING, Any, Final

import typer

from anyjob.cli.options import AsJson, Config, State

if TYPE_CHECKING:
    from collections.abc import Iterator

    from anyjob.cli.finding import Finding, Grade
    from anyjob.plugins import PluginHost

__all__ = ["doctor"]

_GRADES: Final[dict[str, Grade]] = {"healthy": "ok", "undetected": "missing", "unhealthy": "broken"}
_BAD: Final = ("missing", "broken")
_WANTED: Final = ("ok", "blocked")
"""States of a plugin that are as the settings have it."""
_HEADS: Final = {"types": "Job types", "launchers": "Launchers", "plugins": "Plugins", "machine": "This machine"}
_STYLES: Final = {"ok": "green", "warn": "yellow", "missing": "red", "broken": "bold red"}


def doctor(config: Config = None, state: State = None, *, as_json: AsJson = False) -> None:
    """Tell what works on this machine, and what to do where something does not.

    Every installed job type and launcher is asked, and what the machine gives to runs is tried. Exit status: 0 when
    every job type is healthy and nothing else is missing or broken, else 1.
    """
    from anyjob.cli import folders
    from anyjob.cli.hosting import load_host
    from anyjob.cli.inputs import settings_for
    from anyjob.cli.machine import look
    from anyjob.cli.page import print_json

    settings = settings_for(config, state)
    host = load_host(settings)
    found = [*_asked(host), *_broken(host), *look(settings.worker, (state or folders.home()).absolute())]
    wrong = [one for one in found if one.grade in _BAD and one.part != "launchers"]
    if as_json:
        print_json({"ok": not wrong, "findings": [one.to_json() for one in found]})
    else:
        _show(found)
    raise typer.Exit(1 if wrong else 0)


def _asked(host: PluginHost) -> Iterator[Finding]:
    from anyjob.cli.finding import Finding
    from anyjob.cli.wellness import ask_health

    types, launchers = asyncio.run(ask_health(host))
    parts: dict[str, dict[str, dict[str, Any]]] = {"types": types, "launchers": launchers}
    for part, asked in parts.items():
        for name, said in asked.items():
            yield Finding(part=part, name=name, grade=_GRADES[said["health"]], fact=said["why"] or "works here")


def _broken(host: PluginHost) -> Iterator[Finding]:
    """Plugins that did not come up: of their types nobody could be asked."""
    from anyjob.cli.finding import Finding

    for one in host.report():
        if one.state.value not in _WANTED:
            remedy = f"mend or remove {one.distribution} {one.version}, or leave it out by [plugins] deny"
            fact = f"{one.state.value}: {one.why}" if one.why else one.state.value
            yield Finding(part="plugins", name=one.name, grade="broken", fact=fact, remedy=remedy)


def _show(found: list[Finding]) -> None:
    """A line a thing; on a terminal in colours, and broken between words."""
    from anyjob.problem import plain

    wide = max(len(plain(one.name)) for one in found)
    for part, head in _HEADS.items():
        rows = [one for one in found if one.part == part]
        if not rows:
            continue
        _line(head, None)
        for one in rows:
            text = plain(" ".join((f"{one.fact}; {one.remedy}" if one.remedy else one.fact).split()))
            _line(text, (one.grade, plain(one.name).ljust(wide)))
    bad = [one for one in found if one.grade in _BAD]
    warned = sum(one.grade == "warn" for one in found)
    words = [f"{len(found) - len(bad) - warned} of {len(found)} things are well"]
    words += [f"{warned} could be better"] if warned else []
    words += [f"{len(bad)} are missing or broken"] if bad else []
    _line("; ".join(words) + ".", None)


def _line(text: str, lead: tuple[str, str] | None) -> None:
    if not sys.stdout.isatty():
        typer.echo(text if lead is None else f"  {lead[0]:<7}  {lead[1]}  {text}")
        return
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    console = Console(highlight=False)
    if lead is None:
        console.print(Text(text, style="bold"))
        return
    grid = Table.grid(padding=(0, 2, 0, 0))
    grid.add_column(no_wrap=True, width=9)
    grid.add_column(no_wrap=True, style="cyan")
    grid.add_column(overflow="fold")
    grid.add_row(Text(f"  {lead[0]}", style=_STYLES[lead[0]]), Text(lead[1]), Text(text))
    console.print(grid)
