"""`anyjob up`: the whole way at once, from files to ends."""

from __future__ import annotations

import asyncio
import os
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeAlias

import typer

from anyjob.cli.options import Config, JobName, Sets
from anyjob_server.cli.options import State

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from anyjob.cli.stops import Stops
    from anyjob.settings import Settings
    from anyjob_server.server import Server

    Work: TypeAlias = Callable[[Server, Stops], Awaitable[int]]
    """What is done while the server serves; the exit status."""

__all__ = ["up"]

Files = Annotated[
    list[str],
    typer.Argument(metavar="FILE...", help="Jobs in YAML or JSON, or folders of them; - reads standard input."),
]


def up(
    files: Files,
    sets: Sets = None,
    job: JobName = None,
    state: State = None,
    config: Config = None,
    *,
    quiet: Annotated[
        bool, typer.Option("--quiet", help="Show neither log nor summary: the exit status tells.")
    ] = False,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print one JSON object a job at its end, and no log.")
    ] = False,
) -> None:
    """Serve, make the jobs of files through the API, run them, and show their ends.

    Files: one after the other, each with its log. A folder means the YAML files of each folder `examples` below it,
    else those in it: they run side by side, with what a beside.toml there says they need, and a table shows them.

    Without --state the server has a folder of its own for the time of this command, and time fires nothing in it: each
    job runs once. With --state the jobs are made, or made anew, in that folder, where `anyjob serve` goes on with them.

    Ctrl-C, TERM and a hang-up stop what runs, and run nothing further; a second signal leaves it going. Exit status:
    that of `anyjob run`, of the first job that did not succeed; of a folder's jobs 0 when all that can run here ended
    as they are meant to, and one did.
    """
    from anyjob.cli import folders
    from anyjob.cli.inputs import settings_for
    from anyjob.cli.session import leave
    from anyjob_server.cli import upfolders
    from anyjob_server.cli.tour.jobs import has_folder

    settings = settings_for(config, state or folders.home())
    plan = _tour if has_folder(files) else _ascent
    if state is not None:
        folder = state.absolute()
        settings, work = plan(settings, files, sets or [], job, folder, quiet=quiet, as_json=as_json, lasting=True)
        leave(asyncio.run(_up(settings, folder, work)))
    folder = upfolders.new()
    worker = settings.worker.model_copy(update={"shim_idle": min(1.0, settings.worker.shim_idle)})
    settings = replace(settings, worker=worker)
    try:
        settings, work = plan(settings, files, sets or [], job, folder, quiet=quiet, as_json=as_json, lasting=False)
        result = asyncio.run(_up(settings, folder, work))
    finally:
        upfolders.drop_empty(folder)
    upfolders.prune()
    leave(result)


def _ascent(
    settings: Settings,
    files: list[str],
    sets: list[str],
    job: str | None,
    folder: Path,
    *,
    quiet: bool,
    as_json: bool,
    lasting: bool,
) -> tuple[Settings, Work]:
    """One after the other."""
    from anyjob_server.cli.ascent import Ascent, Wanted
    from anyjob_server.cli.jobfiles import read_all

    del folder
    jobs = read_all(files, sets, job)
    wanted = Wanted(quiet=quiet, as_json=as_json, lasting=lasting)
    return settings, lambda server, stops: Ascent(server.state, wanted).run(jobs, stops)


def _tour(
    settings: Settings,
    files: list[str],
    sets: list[str],
    job: str | None,
    folder: Path,
    *,
    quiet: bool,
    as_json: bool,
    lasting: bool,
) -> tuple[Settings, Work]:
    """Side by side."""
    from anyjob_server.cli.tour.beside import with_settings
    from anyjob_server.cli.tour.jobs import read_rows
    from anyjob_server.cli.tour.shows import show_for
    from anyjob_server.cli.tour.tour import Tour

    made = folder / "made"
    rows = read_rows(files, sets, job, made)
    show = show_for(quiet=quiet, as_json=as_json)
    settings = with_settings(settings, {row.beside.folder: row.beside for row in rows}.values())
    return settings, lambda server, stops: Tour(server, show, made, lasting=lasting).run(rows, stops)


async def _up(settings: Settings, folder: Path, work: Work) -> int:
    from anyjob.cli.session import load_host
    from anyjob.cli.stops import Stops
    from anyjob_server.address import read_address
    from anyjob_server.server import Server
    from anyjob_server.serving import Serving
    from anyjob_server.settings import with_options

    stops = Stops()
    if os.getuid() == 0:  # the jobs are the caller's own, as in `anyjob run`
        settings = with_options(settings, {"users": {"*": "root"}})
    server = Server(load_host(settings), settings, folder)
    async with Serving(server, read_address("127.0.0.1:0", "--listen"), environment={}):
        result = await work(server, stops)
        await server.worker.apps.shared.dismiss()
        return result
