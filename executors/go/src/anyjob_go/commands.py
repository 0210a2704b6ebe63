"""`anyjob go`: the SDK for Go programs, and what a program serves."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Annotated, NoReturn

import typer

from anyjob.executor import base_environment
from anyjob_go.names import Names
from anyjob_go.program import find_program
from anyjob_go.sources import NotOurs, write_dropin, write_sdk

__all__ = ["app"]

app = typer.Typer(no_args_is_help=True, add_completion=False)

Folder = Annotated[Path, typer.Argument(help="Where to write it; an earlier copy there is replaced.")]


@app.command()
def sdk(folder: Folder) -> None:
    """Write the Go module `anyjob` into a folder."""
    _write(write_sdk, folder, "anyjob")


@app.command()
def dropin(folder: Folder) -> None:
    """Write the module that takes the place of SchedulerX's Go worker into a folder."""
    _write(write_dropin, folder, "github.com/alibaba/schedulerx-worker-go")


@app.command()
def names(binary: Annotated[Path, typer.Argument(help="A program with the SDK.")]) -> None:
    """Ask a program which names it serves."""
    path = str(binary.absolute())
    program = find_program(path)
    if program is None:
        _fail(f"{binary} is no program that can be executed.")
    said = Names().of(program, (path,), "", base_environment())
    if said.names is None:
        _fail(f"{binary} does not tell its names: {said.why}.")
    for name in sorted(said.names):
        typer.echo(name)


def _write(write: Callable[[Path], object], folder: Path, module: str) -> None:
    try:
        write(folder)
    except (NotOurs, OSError) as error:
        _fail(str(error))
    typer.echo(f"replace {module} => {folder.absolute()}")


def _fail(why: str) -> NoReturn:
    typer.echo(why, err=True)
    raise typer.Exit(2)
