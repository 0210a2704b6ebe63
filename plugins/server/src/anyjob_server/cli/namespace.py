"""`anyjob namespace`: the namespaces of a server."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated, Any

import typer

from anyjob.cli.options import AsJson
from anyjob_server.cli.options import Server, State

if TYPE_CHECKING:
    from anyjob.outcome import Json
    from anyjob_server.client.client import Client

__all__ = ["namespace"]

namespace = typer.Typer(no_args_is_help=True, help="Make, list and delete the namespaces of a server.")


@namespace.command("create")
def create(
    ident: Annotated[str, typer.Argument(metavar="ID", help="What --namespace and Namespace name it by.")],
    name: Annotated[str, typer.Option("--name", metavar="TEXT", help="For people; else the id.")] = "",
    description: Annotated[str, typer.Option("--description", metavar="TEXT", help="For people.")] = "",
    server: Server = None,
    state: State = None,
    *,
    as_json: AsJson = False,
) -> None:
    """Make a namespace. One that is there already is left as it is, and that is no failure."""
    from anyjob.cli.page import print_json
    from anyjob.problem import short
    from anyjob_server.cli.opened import opened

    if not ident:
        raise typer.BadParameter("is empty; give the namespace an id", param_hint="ID")
    fields: dict[str, Json] = {"Uid": ident, "Name": name or ident, "Description": description}
    with opened(server, None, None, state) as client:
        _, message = client.told("CreateNamespace", {"Namespace": None, "GroupId": None, **fields})
    made = not message  # the API's only way to tell that it was there
    if as_json:
        print_json({"id": ident, "made": made})
    else:
        typer.echo(f"Namespace {short(ident)!r} {'is made' if made else 'is there already; nothing was changed'}.")


@namespace.command("list")
def list_(
    name: Annotated[str, typer.Option("--name", metavar="TEXT", help="Only those that have it in their name.")] = "",
    ident: Annotated[
        str, typer.Option("--namespace", metavar="ID", help="Only this one; a key of one namespace needs it.")
    ] = "",
    server: Server = None,
    state: State = None,
    *,
    as_json: AsJson = False,
) -> None:
    """Show which namespaces there are."""
    from anyjob.cli.page import Page, print_json
    from anyjob.cli.streams import write
    from anyjob_server.cli.opened import opened

    with opened(server, None, None, state) as client:
        found = _found(client, ident, name)
    if as_json:
        print_json({"namespaces": [_json(one) for one in found]})
        return
    page = Page()
    page.section("Namespaces", [(one["UId"], one["Name"], one["Description"]) for one in found])
    page.show()
    if not found:
        write(sys.stderr, f"anyjob: there are no {'such ' if name or ident else ''}namespaces\n")


@namespace.command("delete")
def delete(
    idents: Annotated[list[str], typer.Argument(metavar="ID...", help="As `anyjob namespace list` shows them.")],
    server: Server = None,
    state: State = None,
    *,
    as_json: AsJson = False,
) -> None:
    """Take namespaces away. One that has app groups is refused."""
    from anyjob.cli.page import print_json
    from anyjob.problem import short
    from anyjob_server.cli.opened import opened

    gone: list[Json] = []
    with opened(server, None, None, state) as client:
        try:
            for ident in idents:
                client.call("ListGroups", {"Namespace": ident})  # all are looked up before the first is deleted
            for ident in idents:
                client.call("DeleteNamespace", {"Namespace": ident})
                gone.append({"id": ident})
                if not as_json:
                    typer.echo(f"Namespace {short(ident)!r} is deleted.")
        finally:
            if as_json:
                print_json({"namespaces": gone})


def _found(client: Client, ident: str, name: str) -> list[dict[str, Any]]:
    fields: dict[str, Json] = {"Namespace": ident or None, "GroupId": None, "NamespaceName": name or None}
    return [*client.call("ListNamespaces", fields)["Namespaces"]]


def _json(one: dict[str, Any]) -> dict[str, Json]:
    return {"id": one["UId"], "name": one["Name"], "description": one["Description"]}
