"""`anyjob up`: the whole way at once, from files to ends."""

from __future__ import annotations

import asyncio
import os
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from anyjob.cli.options import Config, JobName, Sets
from anyjob_server.cli.options import State

if TYPE_CHECKING:
    from anyjob.settings import Settings
    from anyjob_server.cli.ascent import Wanted
    from anyjob_server.client.jobfile import JobFile

__all__ = ["up"]

Files = Annotated[list[str], typer.Argument(metavar="FILE...", help="Jobs in YAML or JSON; - reads standard input.")]


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
    """Serve, make the jobs of files through the API, run them one after the other, and show their ends.

    Without --state the server has a folder of its own for the time of this command, and time fires nothing in it: each
    job runs once. With --state the jobs are made, or made anew, in that folder, where `anyjob serve` goes on with them.

    Ctrl-C, TERM and a hang-up stop the job that runs, and run no further one; a second signal leaves it going. Exit
    status: that of `anyjob run`, of the first job that did not succeed.
    """
    from anyjob.cli import folders
    from anyjob.cli.inputs import settings_for
    from anyjob.cli.session import leave
    from anyjob_server.cli import upfolders
    from anyjob_server.cli.ascent import Wanted
    from anyjob_server.cli.jobfiles import read_all

    jobs = read_all(files, sets or [], job)
    settings = settings_for(config, state or folders.home())
    wanted = Wanted(quiet=quiet, as_json=as_json, lasting=state is not None)
    if state is not None:
        leave(asyncio.run(_up(settings, state.absolute(), jobs, wanted)))
    folder = upfolders.new()
    worker = settings.worker.model_copy(update={"shim_idle": min(1.0, settings.worker.shim_idle)})
    try:
        result = asyncio.run(_up(replace(settings, worker=worker), folder, jobs, wanted))
    finally:
        upfolders.drop_empty(folder)
    upfolders.prune()
    leave(result)


async def _up(settings: Settings, folder: Path, jobs: list[JobFile], wanted: Wanted) -> int:
    from anyjob.cli.session import load_host
    from anyjob.cli.stops import Stops
    from anyjob_server.address import read_address
    from anyjob_server.cli.ascent import Ascent
    from anyjob_server.server import Server
    from anyjob_server.serving import Serving
    from anyjob_server.settings import with_options

    stops = Stops()
    if os.getuid() == 0:  # the jobs are the caller's own, as in `anyjob run`
        settings = with_options(settings, {"users": {"*": "root"}})
    server = Server(load_host(settings), settings, folder)
    async with Serving(server, read_address("127.0.0.1:0", "--listen"), environment={}):
        result = await Ascent(server.state, wanted).run(jobs, stops)
        await server.worker.apps.shared.dismiss()
        return result
