"""The entry point `anyjob`."""

from __future__ import annotations

import logging
import os
import sys
from typing import Annotated, NoReturn, cast

import typer

from anyjob.cli.brought import add_brought
from anyjob.cli.checkexecutor import check_executor
from anyjob.cli.config import config
from anyjob.cli.doctor import doctor
from anyjob.cli.explain import explain
from anyjob.cli.key import key
from anyjob.cli.newexecutor import new_executor
from anyjob.cli.plugins import plugins
from anyjob.cli.resume import resume
from anyjob.cli.run import run
from anyjob.cli.schema import schema
from anyjob.cli.streams import write
from anyjob.version import VERSION

__all__ = ["main"]


def main() -> NoReturn:
    """Run the command that the process's arguments name, and exit with its status."""
    # What a library logs is not for whoever runs a job; the commands say what matters.
    logging.getLogger("anyjob").addHandler(logging.NullHandler())
    _open_closed_streams()
    try:
        _app()(prog_name="anyjob")
        raise SystemExit(0)
    except KeyboardInterrupt:
        raise SystemExit(130) from None
    except Exception as error:  # noqa: BLE001 - split into what is meant for people, and defects
        _fail(error)
    finally:
        _flush()


def _open_closed_streams() -> None:
    """Started as `anyjob ... >&-`: what the next file opened would be taken for the output."""
    for number, name in enumerate(("stdin", "stdout", "stderr")):
        if getattr(sys, name) is None:
            null = os.open(os.devnull, os.O_RDWR)
            if null != number:
                os.dup2(null, number)
                os.close(null)
            setattr(sys, name, os.fdopen(number, "r" if number == 0 else "w"))


def _app() -> typer.Typer:
    app = typer.Typer(
        add_completion=False,
        pretty_exceptions_enable=False,
        no_args_is_help=True,
        rich_markup_mode=None,
        help="Run jobs of any type, each by the plugin for its JobType.",
        context_settings={"help_option_names": ["-h", "--help"]},
    )
    app.callback()(_root)
    own = {
        "run": run,
        "resume": resume,
        "explain": explain,
        "plugins": plugins,
        "doctor": doctor,
        "schema": schema,
        "config": config,
        "new-executor": new_executor,
        "check-executor": check_executor,
    }
    for name, command in own.items():
        app.command(name)(command)
    if "key" not in add_brought(app, sys.argv[1:], {*own, "key"}, shared={"key": "--app"}):
        app.add_typer(key, name="key")
    return app


def _version(wanted: bool) -> None:  # noqa: FBT001 - typer calls it so
    if wanted:
        typer.echo(f"anyjob {VERSION}")
        raise typer.Exit


def _root(
    *,
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version and exit.")
    ] = False,
) -> None:
    del version


def _fail(error: Exception) -> NoReturn:
    from anyjob.cli import status
    from anyjob.cli.logtext import strip_controls
    from anyjob.errors import AnyJobError

    if isinstance(error, ExceptionGroup):
        # Tasks of an instance failed: the first says what the matter is.
        _fail(cast("ExceptionGroup[Exception]", error).exceptions[0])
    if isinstance(error, AnyJobError):
        write(sys.stderr, f"anyjob: {strip_controls(str(error))}\n")
        raise SystemExit(status.of_error(error)) from None
    if isinstance(error, OSError):
        write(sys.stderr, f"anyjob: {error.strerror or error}{f': {error.filename}' if error.filename else ''}\n")
        raise SystemExit(status.FAILED) from None
    raise error


def _flush() -> None:
    """Let nobody hear of an output that nobody reads."""
    for stream in (sys.stdout, sys.stderr):
        write(stream, "")
