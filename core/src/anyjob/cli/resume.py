"""`anyjob resume`: what a command that died left going, shown to its end."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from anyjob.cli.options import Config, State

if TYPE_CHECKING:
    from anyjob.cli.session import Wanted
    from anyjob.settings import Settings

__all__ = ["resume"]


def resume(
    state: State = None,
    config: Config = None,
    *,
    quiet: Annotated[
        bool, typer.Option("--quiet", help="Show neither log nor summary: the exit status tells.")
    ] = False,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print one JSON object an instance at its end, and no log.")
    ] = False,
) -> None:
    """Take over what a killed run left going.

    Without --state the newest own folder that is unfinished. Signals and exit status are those of `anyjob run`; with
    several instances the status is that of the first which did not succeed.
    """
    from anyjob.cli import folders
    from anyjob.cli.inputs import settings_for
    from anyjob.cli.session import Wanted, leave

    if state is None:
        waiting = [
            folder for folder in folders.own_folders() if not folders.is_held(folder) and folders.unfinished(folder)
        ]
        if not waiting:
            typer.echo(f"anyjob: nothing is unfinished in {folders.home()}", err=True)
            raise typer.Exit(0)
        state, *others = waiting
        for other in others:
            typer.echo(f"anyjob: also unfinished: anyjob resume --state {other}", err=True)
        own = True
    else:
        folders.refuse_missing(state)
        own = state.absolute().parent == folders.home().absolute()
    settings = settings_for(config, state)
    result = asyncio.run(_resume(settings, state, Wanted(json=as_json, quiet=quiet), own=own))
    if own:
        folders.prune()
    leave(result)


async def _resume(settings: Settings, state: Path, wanted: Wanted, *, own: bool) -> int:
    from anyjob.cli.moment import moment
    from anyjob.cli.session import Session, load_host
    from anyjob.problem import short

    async with Session(load_host(settings), settings, state, wanted, own=own) as session:
        if not session.left:
            typer.echo(f"anyjob: nothing is unfinished in {state}", err=True)
        elif not wanted.quiet and not wanted.json:
            for live in session.left:
                begun = min((run.record.started for run in live.runs if run.record.started), default=None)
                since = "" if begun is None else f", begun at {moment(begun)}"
                does = "taking over" if live.ended is None else "showing the end of"
                typer.echo(f"anyjob: {does} job {short(live.firing.job.name)!r}{since}, from {state}", err=True)
        results = [await session.see(live) for live in session.left]
        return next((result for result in results if result), 0)
