"""`anyjob up`: the whole way at once, from files to ends."""

from __future__ import annotations

import asyncio
import os
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from anyjob.cli.options import Config, JobName, Sets
from anyjob_server.cli.options import State

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from anyjob.cli.stops import Stops
    from anyjob.settings import Settings
    from anyjob_server.server import Server

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
    lasting = state is not None
    folder = upfolders.new() if state is None else state.absolute()
    if not lasting:
        worker = settings.worker.model_copy(update={"shim_idle": min(1.0, settings.worker.shim_idle)})
        settings = replace(settings, worker=worker)
    plan = _tour if has_folder(files) else _ascent
    try:
        planned = plan(settings, files, sets or [], job, folder, quiet=quiet, as_json=as_json, lasting=lasting)
        with planned.around:
            result = asyncio.run(_up(planned.settings, folder, planned.work))
    finally:
        if not lasting:
            upfolders.drop_empty(folder)
    if not lasting:
        upfolders.prune()
    leave(result)


@dataclass(frozen=True, slots=True)
class _Planned:
    """`work` is done while the server serves, and gives the exit status; `around`: a block around all of it."""

    settings: Settings
    work: Callable[[Server, Stops], Awaitable[int]]
    around: AbstractContextManager[None]


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
) -> _Planned:
    """One after the other."""
    from anyjob_server.cli.ascent import Ascent, Wanted
    from anyjob_server.cli.jobfiles import read_all

    del folder
    jobs = read_all(files, sets, job)
    wanted = Wanted(quiet=quiet, as_json=as_json, lasting=lasting)
    return _Planned(settings, lambda server, stops: Ascent(server.state, wanted).run(jobs, stops), nullcontext())


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
) -> _Planned:
    """Side by side."""
    from anyjob_server.cli.tour.beside import with_settings
    from anyjob_server.cli.tour.door import with_door
    from anyjob_server.cli.tour.jobs import read_rows
    from anyjob_server.cli.tour.shows import show_for
    from anyjob_server.cli.tour.tour import Tour

    made = folder / "made"
    rows = read_rows(files, sets, job, made, lasting=lasting)
    show = show_for(quiet=quiet, as_json=as_json)
    besides = {row.beside.folder: row.beside for row in rows}.values()
    settings = with_door(with_settings(settings, besides), besides)
    return _Planned(
        settings,
        lambda server, stops: Tour(server, show, made, lasting=lasting).run(rows, stops),
        show.showing(rows),
    )


async def _up(settings: Settings, folder: Path, work: Callable[[Server, Stops], Awaitable[int]]) -> int:
    from anyjob.cli.hosting import checked_host
    from anyjob.cli.stops import Stops
    from anyjob_server.address import read_address
    from anyjob_server.server import Server
    from anyjob_server.serving import Serving
    from anyjob_server.settings import with_options

    stops = Stops()
    if os.getuid() == 0:  # the jobs are the caller's own, as in `anyjob run`
        settings = with_options(settings, {"users": {"*": "root"}})
    host = checked_host(settings)
    server = Server(host, settings, folder)
    async with Serving(server, read_address("127.0.0.1:0", "--listen"), environment={}):
        result = await work(server, stops)
        await server.worker.apps.shared.dismiss()
    await asyncio.to_thread(host.close)
    return result
