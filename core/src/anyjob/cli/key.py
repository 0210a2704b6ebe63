"""`anyjob key`: who may come in.

With `--app` it is about keys of applications, which are here. Without, a plugin that brings a command `key` has the
word (the server: access keys); where there is none, the option is asked for, so that a command never guesses.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from anyjob.cli.moment import moment
from anyjob.cli.options import AsJson, State

if TYPE_CHECKING:
    from pathlib import Path

    from anyjob.outcome import Json
    from anyjob.worker.apps.keyfile import AppKey, KeyFile

__all__ = ["key"]

key = typer.Typer(
    no_args_is_help=True,
    help="Make, list and revoke keys: who may come in. With --app keys of applications; without, those of a server.",
)

OfApps = Annotated[bool, typer.Option("--app", help="Keys of applications.")]


@key.command("create")
def create(
    app: Annotated[
        str | None,
        typer.Option(
            "--app",
            metavar="GROUP",
            help="For applications of this app group; NAMESPACE/GROUP outside namespace default.",
        ),
    ] = None,
    state: State = None,
    *,
    as_json: AsJson = False,
) -> None:
    """Make a key. Its token is shown once; only a hash of it is kept.

    --app GROUP: with it an application dials in as one of the app group (ANYJOB_APP_TOKEN). A worker that runs takes
    it at once.
    """
    from anyjob.cli.page import print_json
    from anyjob.job import Job
    from anyjob.job.owner import parts_of, written

    if app is None:
        raise typer.BadParameter("say for whom: --app GROUP makes one for applications of an app group")
    if not app.strip():
        raise typer.BadParameter("names no app group", param_hint="--app")
    try:
        app = written(app)
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint="--app") from None
    namespace, group = parts_of(app)
    # A group that no job can name lets nobody in.
    Job.from_wire({"Name": "key", "JobType": "key", "Namespace": namespace, "GroupId": group})
    made, token = _file(state).create(app)
    if as_json:
        print_json({**_json(made), "token": token})
        return
    typer.echo(f"Key {made.id} for applications of app group {app!r}. Its token, which is not shown again:\n")
    typer.echo(f"    {token}\n")
    typer.echo("Give it to the application as ANYJOB_APP_TOKEN. The worker needs listen under [worker.apps].")


@key.command("list")
def list_(app: OfApps = False, state: State = None, *, as_json: AsJson = False) -> None:  # noqa: FBT002 - an option
    """Show which keys there are. No token is shown: nobody has them."""
    from anyjob.cli.page import Page, print_json

    _of_apps(app)
    file = _file(state)
    keys = file.read()
    if as_json:
        print_json({"keys": [_json(one) for one in keys]})
        return
    if not keys:
        typer.echo(f"anyjob: no keys of applications in {file.path.parent}", err=True)
    page = Page()
    rows = [(one.id, one.group, moment(one.created)) for one in keys]
    page.section("Keys of applications", rows)
    page.show()


@key.command("revoke")
def revoke(
    ident: Annotated[str, typer.Argument(metavar="KEY", help="Its id, as `anyjob key list --app` shows it.")],
    app: OfApps = False,  # noqa: FBT002 - an option
    state: State = None,
    *,
    as_json: AsJson = False,
) -> None:
    """Take a key away. Applications that came with it are sent away within seconds by a worker that runs."""
    from anyjob.cli.page import print_json

    _of_apps(app)
    gone = _file(state).revoke(ident)
    if as_json:
        print_json(_json(gone))
    else:
        typer.echo(f"Key {gone.id} of app group {gone.group!r} is revoked.")


def _of_apps(meant: bool) -> None:  # noqa: FBT001 - the option itself
    if not meant:
        raise typer.BadParameter("say which keys: --app are those of applications")


def _file(state: Path | None) -> KeyFile:
    from anyjob.cli import folders
    from anyjob.worker.apps.keyfile import KEY_FILE, KeyFile

    return KeyFile((folders.of_worker(state) if state else folders.home()) / KEY_FILE)


def _json(one: AppKey) -> dict[str, Json]:
    return {"id": one.id, "group": one.group, "created": one.created}
