"""`anyjob cron`: when a cron expression fires, or what is wrong with it."""

from __future__ import annotations

from typing import Annotated

import typer

__all__ = ["cron"]


def cron(expression: Annotated[str, typer.Argument(metavar="EXPR", help="Six or seven cron fields, quoted.")]) -> None:
    """Show when a cron expression fires, or what is wrong with it and where."""
    typer.echo(expression)
