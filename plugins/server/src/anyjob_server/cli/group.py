"""`anyjob group`: the app groups of a namespace."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated, Any

import typer

from anyjob.cli.options import AsJson
from anyjob_server.cli.options import Namespace, Server, State

if TYPE_CHECKING:
    from anyjob.outcome import Json

__all__ = ["group"]

group = typer.Typer(no_args_is_help=True, help="Make, show and delete the app groups of a namespace.")

Ident = Annotated[str, typer.Argument(metavar="ID", help="What --group and GroupId name it by.")]


@group.command("create")
def create(
    ident: Ident,
    name: Annotated[str, typer.Option("--name", metavar="TEXT", help="For people; else the id.")] = "",
    description: Annotated[str, typer.Option("--description", metavar="TEXT", help="For people.")] = "",
    max_jobs: Annotated[
        int, typer.Option("--max-jobs", metavar="N", min=0, max=2**31 - 1, help="Jobs that it may have; 0: any number.")
    ] = 0,
    server: Server = None,
    namespace: Namespace = None,
    state: State = None,
    *,
    as_json: AsJson = False,
) -> None:
    """Make an app group in a namespace that is there. A taken id is refused."""
    from anyjob.cli.page import print_json
    from anyjob.problem import short
    from anyjob_server.cli.opened import opened

    if not ident:
        raise typer.BadParameter("is empty; give the app group an id", param_hint="ID")
    fields: dict[str, Json] = {"AppName": name or ident, "Description": description, "MaxJobs": max_jobs}
    with opened(server, namespace, ident, state) as client:
        client.call("CreateAppGroup", fields)
        within = client.target.namespace
    if as_json:
        print_json({"id": ident, "namespace": within})
    else:
        typer.echo(f"App group {short(ident)!r} of namespace {short(within)!r} is made.")


@group.command("list")
def list_(
    name: Annotated[str, typer.Option("--name", metavar="TEXT", help="Only those that have it in their name.")] = "",
    server: Server = None,
    namespace: Namespace = None,
    state: State = None,
    *,
    as_json: AsJson = False,
) -> None:
    """Show the app groups of a namespace."""
    from anyjob.cli.page import Page, print_json
    from anyjob.cli.streams import write
    from anyjob.problem import plain
    from anyjob_server.cli.opened import opened

    with opened(server, namespace, None, state) as client:
        fields: dict[str, Json] = {"AppGroupName": name or None, "GroupId": None}
        found: list[dict[str, Any]] = client.call("ListGroups", fields)["AppGroups"]
        within = client.target.namespace
    if as_json:
        print_json({"groups": [_row(one) for one in found]})
        return
    page = Page()
    page.section(f"App groups of {within}", [(one["GroupId"], one["AppName"], one["Description"]) for one in found])
    page.show()
    if not found:
        write(sys.stderr, f"anyjob: {plain(within)} has no {'such ' if name else ''}app groups\n")


@group.command("show")
def show(
    ident: Ident,
    server: Server = None,
    namespace: Namespace = None,
    state: State = None,
    *,
    as_json: AsJson = False,
) -> None:
    """Show an app group and how many jobs it has."""
    from anyjob.cli.page import Page, print_json
    from anyjob_server.cli.opened import opened

    with opened(server, namespace, ident, state) as client:
        found: dict[str, Any] = client.call("GetAppGroup", {})
    if as_json:
        print_json({**_row(found), "jobs": found["CurJobs"], "max_jobs": found["MaxJobs"] or None})
        return
    page = Page()
    most = f" of at most {found['MaxJobs']}" if found["MaxJobs"] else ""
    jobs = f"{found['CurJobs']}{most}"
    rows = [("namespace", found["Namespace"]), ("name", found["AppName"]), ("description", found["Description"])]
    page.section(f"App group {ident}", [row for row in (*rows, ("jobs", jobs)) if row[1]])
    page.show()


@group.command("delete")
def delete(
    idents: Annotated[list[str], typer.Argument(metavar="ID...", help="As `anyjob group list` shows them.")],
    server: Server = None,
    namespace: Namespace = None,
    state: State = None,
    *,
    jobs: Annotated[
        bool, typer.Option("--jobs", help="Delete their jobs too; else one that has jobs is refused.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Take app groups away, with the history of what ran in them."""
    from anyjob.cli.page import print_json
    from anyjob.problem import short
    from anyjob_server.cli.opened import opened

    gone: list[Json] = []
    with opened(server, namespace, None, state) as client:
        within = client.target.namespace
        try:
            for ident in idents:
                client.call("GetAppGroup", {"GroupId": ident})  # all are looked up before the first is deleted
            for ident in idents:
                client.call("DeleteAppGroup", {"GroupId": ident, "DeleteJobs": jobs or None})
                gone.append({"id": ident, "namespace": within})
                if not as_json:
                    typer.echo(f"App group {short(ident)!r} of namespace {short(within)!r} is deleted.")
        finally:
            if as_json:
                print_json({"groups": gone})


def _row(one: dict[str, Any]) -> dict[str, Json]:
    return {
        "id": one["GroupId"],
        "namespace": one["Namespace"],
        "name": one["AppName"],
        "description": one["Description"],
    }
