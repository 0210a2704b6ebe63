"""Arguments and options that several commands share."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, TypeAlias

import typer

__all__ = ["AsJson", "Config", "File", "JobName", "Sets", "State", "folder"]

File: TypeAlias = Annotated[str, typer.Argument(metavar="FILE", help="A job in YAML or JSON; - reads standard input.")]
Sets: TypeAlias = Annotated[
    list[str] | None,
    typer.Option(
        "--set",
        metavar="FIELD=VALUE",
        help="Set a field of the job, as in --set Content='echo hi' or --set 'XAttrs.requirements=[\"a\", \"b\"]':"
        " below XAttrs a value is JSON if it can be read as such. Repeatable.",
    ),
]
JobName: TypeAlias = Annotated[
    str | None, typer.Option("--job", metavar="NAME", help="Which job of a file that holds several.")
]


def folder(text: str) -> Path:
    """An unset variable in `--state "$DIR"` must not make the current folder a state folder."""
    if not text:
        raise typer.BadParameter("is empty; name a folder, or leave the option out")
    return Path(text)


State: TypeAlias = Annotated[
    Path | None,
    typer.Option("--state", metavar="DIR", parser=folder, help="The state folder, in place of one of its own."),
]
Config: TypeAlias = Annotated[
    Path | None,
    typer.Option(
        "--config", metavar="FILE", help="The settings; else ANYJOB_CONFIG, else anyjob.toml in the state folder."
    ),
]
AsJson: TypeAlias = Annotated[bool, typer.Option("--json", help="Print JSON.")]
