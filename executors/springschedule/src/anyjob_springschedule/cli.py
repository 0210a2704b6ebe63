"""`anyjob spring`: the methods of applications, jobs for them, and the jar."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeAlias

import typer

from anyjob.cli.options import AsJson, Config, State

if TYPE_CHECKING:
    from anyjob_springschedule.applications import Application

__all__ = ["spring"]

spring = typer.Typer(no_args_is_help=True, rich_markup_mode=None, add_completion=False)

_Folder: TypeAlias = Annotated[
    Path | None, typer.Option("--create", metavar="DIR", help="Write a job file for each method into this folder.")
]


@spring.command("list")
def list_(
    state: State = None,
    config: Config = None,
    create: _Folder = None,
    app: Annotated[str | None, typer.Option("--app", metavar="NAME", help="Only applications of this name.")] = None,
    wait: Annotated[float, typer.Option("--wait", min=0, max=3600, help="Seconds in which they may dial in.")] = 15,
    *,
    as_json: AsJson = False,
) -> None:
    """Show the @Scheduled methods of applications, when Spring fires them, and which are taken over.

    Without --state this command itself listens for a moment where the settings' [worker.apps] say, as `anyjob run`
    does, until applications have dialled in. With it, it tells what the worker on that folder knows: that of
    `anyjob run --state DIR`, or of a program that embeds one.

    --create writes one job file for each trigger of each method; a file that is there already is left alone.

    Exit status: 0; 1 when there is no application, or a file could not be written; 2 bad input.
    """
    from anyjob.cli.page import print_json
    from anyjob_springschedule.listing import show, to_json
    from anyjob_springschedule.written import write_jobs

    known = [one for one in _known(state, config, wait) if app in (None, one.name)]
    if as_json:
        print_json(to_json(known))
    else:
        show(known)
    if not known:
        typer.echo("anyjob: no application" + (f" of the name {app!r}" if app else "") + " is connected", err=True)
        raise typer.Exit(1)
    if create is not None and not write_jobs(known, create):
        raise typer.Exit(1)


@spring.command()
def jar(
    folder: Annotated[
        Path | None, typer.Argument(metavar="[DIR]", help="Copy it there as anyjob-spring-VERSION.jar.")
    ] = None,
) -> None:
    """Print the path of the jar for Spring applications, or put a copy of it into a folder.

    Maven takes it with mvn install:install-file -Dfile=... -DgroupId=anyjob -DartifactId=anyjob-spring
    -Dversion=... -Dpackaging=jar.
    """
    from anyjob_jvm.jars import jar as built
    from anyjob_springschedule.library import JAR_NAME, put

    typer.echo(built("anyjob_springschedule", "spring") if folder is None else put(folder, JAR_NAME))


@spring.command()
def build(
    project: Annotated[Path, typer.Argument(metavar="[DIR]", help="The folder of its pom.xml.")] = Path(),
) -> None:
    """Build a Maven project of an application, with the jar of this version in Maven's repository of this user.

    The same by hand: the jar as `anyjob spring jar` says, then mvn package. The project's pom names the dependency
    anyjob:anyjob-spring. Prints the jar that was built. Exit status 1 with Maven's first error where it could not be.
    """
    from anyjob_springschedule.project import build as built

    typer.echo(f"anyjob: Maven builds {project}; for the first time it may fetch for minutes", err=True)
    for path in built(project):
        typer.echo(path)


def _known(state: Path | None, config: Path | None, wait: float) -> list[Application]:
    import asyncio

    from anyjob.cli import folders
    from anyjob.cli.inputs import settings_for
    from anyjob.cli.session import load_host
    from anyjob.worker.apps.seenfile import read_seen
    from anyjob_springschedule.applications import applications
    from anyjob_springschedule.moment import ask_applications

    if state is not None:
        state = folders.of_worker(state)
        folders.refuse_missing(state)
        return applications(read_seen(state).get("springschedule", ()))
    settings = settings_for(config, None)
    host = load_host(settings)
    folder = folders.new_folder(settings.found.file if settings.found else None)
    try:
        return asyncio.run(ask_applications(host, settings, folder, wait))
    finally:
        folders.drop_empty(folder)
