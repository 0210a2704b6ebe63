"""`anyjob run`: one job, from its file to its exit status."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from anyjob.cli.options import Config, File, JobName, Sets, State

if TYPE_CHECKING:
    from anyjob.cli.session import Wanted
    from anyjob.job import Job
    from anyjob.plugins import PluginHost
    from anyjob.settings import Settings

__all__ = ["run"]


def run(
    file: File,
    sets: Sets = None,
    job: JobName = None,
    state: State = None,
    config: Config = None,
    *,
    quiet: Annotated[
        bool, typer.Option("--quiet", help="Show neither log nor summary: the exit status tells.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object at the end, and no log.")] = False,
) -> None:
    """Run one job here and now, and show its log.

    On a terminal the log is decoded and its control sequences are taken out; in a pipe it is passed on byte for byte.
    With several shards each line begins with its shard's number.

    Ctrl-C, TERM and a hang-up stop the job: it is asked, after its grace forced, and the proof is shown. A second
    signal forces at once, a third leaves the job going. Were this command killed, `anyjob resume` would go on.

    Exit status: 0 succeeded; the job's own code; 128+n after signal n; 124 timed out; 130 after Ctrl-C; 2 bad input;
    1 every other end.

    Without --state each run has a folder of its own, and the newest 20 are kept.
    """
    from anyjob.cli import folders
    from anyjob.cli.inputs import settings_for, the_job
    from anyjob.cli.session import Wanted, leave, load_host
    from anyjob.modes import mode_of

    settings = settings_for(config, state)
    host = load_host(settings)
    chosen = the_job(file, sets or [], job, host)
    # What is wrong with the job is said before anything is made for it.
    mode_of(chosen).plan(chosen, "")
    host.bind(chosen)
    wanted = Wanted(json=as_json, quiet=quiet)
    if state is not None:
        folders.refuse_unfinished(state)
        leave(asyncio.run(_run(host, settings, state, chosen, wanted, own=False)))
    folder = folders.new_folder(settings.found.file if settings.found else None)
    try:
        result = asyncio.run(_run(host, settings, folder, chosen, wanted, own=True))
    finally:
        folders.drop_empty(folder)
    folders.prune()
    leave(result)


async def _run(host: PluginHost, settings: Settings, folder: Path, job: Job, wanted: Wanted, *, own: bool) -> int:
    from anyjob.cli.session import Session
    from anyjob.status import TriggerType
    from anyjob.worker.instance import Firing, new_instance_id

    now = int(time.time() * 1000)
    firing = Firing(
        job=job,
        instance=new_instance_id(),
        schedule_time=now,
        data_time=now + job.data_offset * 1000,
        trigger=TriggerType.MANUAL_RUN,
    )
    async with Session(host, settings, folder, wanted, own=own) as session:
        return await session.see(await session.instances.fire(firing))
