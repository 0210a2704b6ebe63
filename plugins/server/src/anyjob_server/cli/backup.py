"""`anyjob backup` and `anyjob restore`: a server's memory, copied and put back."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from anyjob.cli.moment import moment
from anyjob.cli.options import AsJson, Config
from anyjob_server.cli.options import State

if TYPE_CHECKING:
    from anyjob.settings import Settings
    from anyjob_server.backup import Backup, Restored

__all__ = ["backup", "restore"]


def backup(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="A folder that is not there yet, or empty.")],
    state: State = None,
    config: Config = None,
    *,
    as_json: AsJson = False,
) -> None:
    """Copy a server's database, the key that opens its secrets, and its settings, also while it runs.

    Nothing that was answered before is missing. Logs of runs, and files that the settings name, are not in it. Who has
    the backup has every access key: it is made readable by its user alone.
    """
    from anyjob.cli.inputs import settings_for
    from anyjob.cli.page import print_json
    from anyjob_server.backup import Backup
    from anyjob_server.client.serverfile import default_state

    home = (state or default_state()).absolute()
    made = Backup.make(home, settings_for(config, home, served=True), folder)
    if as_json:
        print_json(
            {
                "backup": str(folder.absolute()),
                "made": made.made,
                "jobs": made.jobs,
                "instances": made.instances,
                "files": [*made.files],
            }
        )
        return
    typer.echo(f"Backup of {_held(made)} in {folder}: {', '.join(made.files)}")


def restore(
    folder: Annotated[
        Path | None,
        typer.Argument(metavar="DIR", help="A backup. Without one: the database was put back by other means."),
    ] = None,
    state: State = None,
    config: Config = None,
    *,
    replace: Annotated[
        bool, typer.Option("--replace", help="Move aside what the state folder holds; nothing is deleted.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Put a backup back, with the server stopped; the next start goes on from it.

    Nothing runs twice: what waited or ran when the backup was made ends as unknown unless the worker's folder knows it,
    times that have passed do not fire, and new instances get numbers that none has had. Without DIR a database that
    pg_restore or a disk's snapshot put back is told so.
    """
    from anyjob.cli.inputs import settings_for
    from anyjob.cli.page import print_json
    from anyjob_server.backup import Backup, told_of
    from anyjob_server.backup import restore as put
    from anyjob_server.client.serverfile import default_state

    home = (state or default_state()).absolute()
    settings = settings_for(config, home, served=True)
    if folder is None:
        where = told_of(home, settings)
        if as_json:
            print_json({"database": where, "backup": None, "aside": None})
        else:
            typer.echo(f"The next server on {where} takes it as put back.")
        return
    found = Backup.read(folder)
    done = put(found, home, settings, replace=replace)
    if as_json:
        aside = None if done.aside is None else str(done.aside)
        print_json({"database": done.where, "backup": str(folder.absolute()), "aside": aside})
        return
    for line in _told(found, done, home, settings):
        typer.echo(line)


def _held(one: Backup) -> str:
    counts = ((one.jobs, "job"), (one.instances, "instance"))
    return " and ".join(f"{count} {word}{'' if count == 1 else 's'}" for count, word in counts)


def _told(found: Backup, done: Restored, state: Path, settings: Settings) -> list[str]:
    at = moment(found.made)
    lines = [f"Restored {done.where} as of {at}: {_held(found)}."]
    if done.aside is not None:
        lines.append(f"What was there lies in {done.aside}.")
    if found.settings and not done.settings and settings.found and str(settings.found.file) != found.settings:
        lines.append(f"Its settings stood in {found.settings}; the backup has them as {found.folder}/anyjob.toml.")
    elif done.settings:
        lines.append(f"Its settings stand in {state}/anyjob.toml now; they stood in {found.settings}.")
    lines.append("Access keys revoked and jobs deleted or disabled since then are back: look with `anyjob key list`.")
    lines.append(f"Start it: anyjob serve --state {state}")
    return lines
