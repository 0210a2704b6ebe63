"""`anyjob key` without `--app`: the access keys of a server. With `--app` the command is core's."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from anyjob.cli.moment import moment
from anyjob.cli.options import AsJson
from anyjob_server.cli.options import Server, State

if TYPE_CHECKING:
    from anyjob.outcome import Json

__all__ = ["key"]

key = typer.Typer(
    no_args_is_help=True,
    help="Make, list and revoke the access keys of a server. With --app it is about keys of applications:"
    " anyjob key create --app GROUP.",
)


@key.command("create")
def create(
    label: Annotated[str, typer.Option("--label", metavar="TEXT", help="Whose it is, for people.")] = "",
    namespace: Annotated[
        str, typer.Option("--namespace", metavar="ID", help="The only namespace that it may touch; else all.")
    ] = "",
    group: Annotated[
        str, typer.Option("--group", metavar="ID", help="The only app group of the namespace; else all.")
    ] = "",
    policy: Annotated[
        str | None,
        typer.Option("--policy", metavar="FILE", help="What it may do, a JSON list of statements; - reads it here."),
    ] = None,
    server: Server = None,
    state: State = None,
    *,
    as_json: AsJson = False,
) -> None:
    """Make an access key. Its secret is shown once.

    Through the server that runs; on its machine without one, in the state folder.
    """
    from anyjob.cli.page import print_json
    from anyjob_server.cli.keydesk import desk

    text = "" if policy is None else _policy(policy)
    with desk(server, state) as keys:
        ident, secret = keys.create(label, namespace, group, text)
    if as_json:
        print_json({"id": ident, "secret": secret})
        return
    typer.echo(f"Access key {ident}. Its secret, which is not shown again:\n")
    typer.echo(f"    export ANYJOB_ACCESS_KEY_ID={ident}\n    export ANYJOB_ACCESS_KEY_SECRET={secret}")


@key.command("list")
def list_(server: Server = None, state: State = None, *, as_json: AsJson = False) -> None:
    """Show which access keys there are, also the revoked. No secret is shown."""
    from anyjob.cli.page import Page, print_json
    from anyjob_server.cli.keydesk import desk

    with desk(server, state) as keys:
        found = keys.list()
    if as_json:
        print_json({"keys": [_json(one) for one in found]})
        return
    page = Page()
    page.section("Access keys", [_row(one) for one in found])
    page.show()


@key.command("revoke")
def revoke(
    ident: Annotated[str, typer.Argument(metavar="KEY", help="Its id, as `anyjob key list` shows it.")],
    server: Server = None,
    state: State = None,
    *,
    as_json: AsJson = False,
) -> None:
    """Take an access key away. A server that runs refuses it at once."""
    from anyjob.cli.page import print_json
    from anyjob.problem import short
    from anyjob_server.cli.keydesk import desk

    with desk(server, state) as keys:
        keys.revoke(ident)
    if as_json:
        print_json({"id": ident, "revoked": True})
    else:
        typer.echo(f"Access key {short(ident)} is revoked.")


def _policy(file: str) -> str:
    from anyjob.errors import BadSettings
    from anyjob.problem import Problem

    try:
        return sys.stdin.read() if file == "-" else Path(file).read_text()
    except (OSError, UnicodeDecodeError) as error:
        why = getattr(error, "strerror", None) or "it is not UTF-8"
        remedy = f"cannot be read: {why}; name a JSON file with a list of statements"
        raise BadSettings("The policy", [Problem(field="--policy", value=file, remedy=remedy)]) from None


def _json(one: dict[str, Any]) -> dict[str, Json]:
    """Times are epoch seconds."""
    revoked = one.get("RevokeTimestamp")
    return {
        "id": one["AccessKeyId"],
        "label": one["Label"],
        "namespace": one["KeyNamespace"],
        "group": one["KeyGroupId"],
        "policy": one["Policy"],
        "created": one["CreateTimestamp"] / 1000,
        "revoked": None if revoked is None else revoked / 1000,
    }


def _row(one: dict[str, Any]) -> tuple[str, ...]:
    scope = "/".join(word for word in (one["KeyNamespace"], one["KeyGroupId"]) if word) or "all"
    count = len(one["Policy"])
    rights = f"{count} statement{'' if count == 1 else 's'}" if count else "everything"
    at = one.get("RevokeTimestamp")
    state = "good" if at is None else f"revoked {moment(at / 1000)}"
    return one["AccessKeyId"], one["Label"], scope, rights, moment(one["CreateTimestamp"] / 1000), state
