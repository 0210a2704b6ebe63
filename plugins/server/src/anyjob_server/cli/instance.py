"""`anyjob instance`: what was fired."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from anyjob.cli.options import AsJson
from anyjob_server.cli.options import Group, Instance, Namespace, Quiet, Server, State, Wait

__all__ = ["instance"]

instance = typer.Typer(no_args_is_help=True, help="Show, follow, stop and retry what was fired.")


@instance.command("list")
def list_(
    job: Annotated[str | None, typer.Option("--job", metavar="JOB", help="Only those of a job, by id or name.")] = None,
    status: Annotated[
        str | None, typer.Option("--status", metavar="WORD", help="Only those that are running, failed, ...")
    ] = None,
    most: Annotated[int, typer.Option("--most", metavar="N", min=1, max=10_000, help="The newest N.")] = 20,
    server: Server = None,
    namespace: Namespace = None,
    group: Group = None,
    state: State = None,
    *,
    as_json: AsJson = False,
) -> None:
    """Show the newest instances of an app group, or of one job."""
    from anyjob.cli.page import Page, print_json
    from anyjob.cli.streams import write
    from anyjob.problem import plain
    from anyjob.status import InstanceStatus
    from anyjob_server.cli.instancerows import row
    from anyjob_server.cli.opened import opened
    from anyjob_server.cli.words import one_of

    wanted = one_of("--status", status, {one.label: one for one in InstanceStatus if one})
    with opened(server, namespace, group, state) as client:
        ident = None if job is None else client.job(job, removed=True).id
        found = client.instances(ident, wanted, most)
        scope = f"{client.target.namespace}/{client.target.group}"
    if as_json:
        print_json({"instances": [one.to_json() for one in found]})
        return
    page = Page()
    page.section(f"Instances of {scope}, the newest first", [row(one) for one in found])
    page.show()
    if not found:
        write(sys.stderr, f"anyjob: {plain(scope)} has no such instances\n")


@instance.command("show")
def show(
    ident: Instance,
    server: Server = None,
    namespace: Namespace = None,
    group: Group = None,
    state: State = None,
    *,
    as_json: AsJson = False,
) -> None:
    """Show how an instance stands, or how it ended and what proves it."""
    from anyjob.cli.page import Page, print_json
    from anyjob_server.cli.instancerows import rows
    from anyjob_server.cli.opened import opened

    with opened(server, namespace, group, state) as client:
        found = client.instance(ident)
    if as_json:
        print_json(found.to_json())
        return
    page = Page()
    page.section(f"Instance {found.id}", rows(found))
    page.show()


@instance.command("log")
def log(
    ident: Instance,
    follow: Annotated[bool, typer.Option("-f", "--follow", help="Go on until the instance is over.")] = False,  # noqa: FBT002 - an option
    server: Server = None,
    namespace: Namespace = None,
    group: Group = None,
    state: State = None,
    *,
    as_json: AsJson = False,
) -> None:
    """Show the log of an instance.

    On a terminal its control sequences are taken out. With several shards each line begins with its shard's number.
    With --json one object with all lines that there are.
    """
    from anyjob.cli.page import print_json
    from anyjob_server.cli.follow import LogScreen
    from anyjob_server.cli.follow import follow as to_the_end
    from anyjob_server.cli.opened import opened

    with opened(server, namespace, group, state) as client:
        if as_json:
            part = client.log(ident, "")
            lines = part.lines
            while part.more:
                part = client.log(ident, part.cursor)
                lines += part.lines
            print_json({"instance": ident, "lines": [*lines]})
        elif follow:
            to_the_end(client, ident, log=True)
        else:
            screen = LogScreen(client, ident)
            while screen.show().more:
                pass


@instance.command("stop")
def stop(
    ident: Instance,
    server: Server = None,
    namespace: Namespace = None,
    group: Group = None,
    state: State = None,
    *,
    wait: Annotated[bool, typer.Option("--wait", help="Wait for its end and show the proof.")] = False,
    as_json: AsJson = False,
) -> None:
    """Stop an instance: it is asked, after its grace forced.

    The exit status is 0 when the server took the order; with --wait also when the instance was over before.
    """
    from anyjob.cli.page import print_json
    from anyjob.cli.said import cause_in_words, stop_in_words
    from anyjob.problem import plain
    from anyjob_server.cli.follow import follow
    from anyjob_server.cli.opened import opened

    with opened(server, namespace, group, state) as client:
        client.stop(ident)
        found = follow(client, ident, log=False) if wait else None
    if as_json:
        print_json({"instance": ident} if found is None else found.to_json())
    elif found is None:
        typer.echo(f"Instance {ident} is to stop.")
    else:
        proof = "" if found.ended.stop is None else f"; {stop_in_words(found.ended.stop)}"
        typer.echo(plain(f"Instance {ident} {cause_in_words(found.ended)}{proof}."))


@instance.command("success")
def success(
    ident: Instance,
    server: Server = None,
    namespace: Namespace = None,
    group: Group = None,
    state: State = None,
    *,
    as_json: AsJson = False,
) -> None:
    """Call a failed instance a success, because you looked and it did happen. Its cause stays, with who said so."""
    from anyjob.cli.page import print_json
    from anyjob_server.cli.opened import opened

    with opened(server, namespace, group, state) as client:
        client.set_success(ident)
    if as_json:
        print_json({"instance": ident})
    else:
        typer.echo(f"Instance {ident} is called a success.")


@instance.command("retry")
def retry(
    ident: Instance,
    server: Server = None,
    namespace: Namespace = None,
    group: Group = None,
    state: State = None,
    *,
    wait: Wait = False,
    quiet: Quiet = False,
    as_json: AsJson = False,
) -> None:
    """Run an ended instance again, with the same times and parameters, as a new instance."""
    from anyjob_server.cli.follow import tell
    from anyjob_server.cli.opened import opened

    with opened(server, namespace, group, state) as client:
        new = client.retry(ident)
        tell(client, new, f"Instance {ident} is run again", wait=wait, quiet=quiet, as_json=as_json)
