"""`anyjob hold`: the brake of a server, which needs neither its settings nor that it runs."""

from __future__ import annotations

import os
import sys
import time
from typing import TYPE_CHECKING, Annotated

import typer

from anyjob.cli.options import AsJson
from anyjob_server.cli.options import State

if TYPE_CHECKING:
    from pathlib import Path

    from anyjob_server.client.client import Client

__all__ = ["hold"]


def hold(
    state: State = None,
    *,
    release: Annotated[bool, typer.Option("--release", help="Let it begin again.")] = False,
    as_json: AsJson = False,
) -> None:
    """Have a server begin nothing new, until it is released: no time fires, `job run` is refused, what waits waits.

    What runs goes on to its end. It holds from the moment that this command says so, and over every restart; without a
    server that runs it holds from the next start on. For the server's own user and root, on its machine.
    """
    from anyjob.cli.page import print_json
    from anyjob.cli.streams import write
    from anyjob.problem import plain
    from anyjob_server.client.serverfile import default_state

    folder = (state or default_state()).absolute()
    (_take_off if release else _put_on)(folder)
    client = _client(folder)
    told = "" if client is None else _confirmed(client, folder, release=release)
    if as_json:
        print_json({"state": str(folder), "held": bool(told) or not release, "server": client and client.target.url})
    elif client is None:
        then = "begins what is due" if release else "begins nothing"
        typer.echo(plain(f"No server runs on {folder}; its next start {then}."))
    else:
        what = "is held: nothing new begins. `anyjob status` shows what runs" if not release else "begins again"
        if not told or not release:
            typer.echo(plain(f"Server {client.target.url} {what}."))
    if release and told:
        write(sys.stderr, f"anyjob: {plain(told)}\n")
        raise typer.Exit(1)


def _put_on(folder: Path) -> None:
    from anyjob.errors import StateUnusable
    from anyjob_server.client.errors import NoStateFolder
    from anyjob_server.engine.hold import HOLD_FILE

    if not (folder / "worker").is_dir():
        raise NoStateFolder(folder)
    try:
        descriptor = os.open(folder / HOLD_FILE, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    except FileExistsError:
        return
    except OSError as error:
        raise StateUnusable(folder, f"{error.strerror} ({error.filename})") from error
    with os.fdopen(descriptor) as stream:
        owner = folder.stat()
        if os.getuid() == 0:  # its own user must be able to release it
            os.fchown(stream.fileno(), owner.st_uid, owner.st_gid)


def _take_off(folder: Path) -> None:
    from anyjob.errors import StateUnusable
    from anyjob_server.client.errors import NoStateFolder
    from anyjob_server.engine.hold import HOLD_FILE

    if not (folder / "worker").is_dir():
        raise NoStateFolder(folder)
    try:
        (folder / HOLD_FILE).unlink(missing_ok=True)
    except OSError as error:
        raise StateUnusable(folder, f"{error.strerror} ({error.filename})") from error


def _client(folder: Path) -> Client | None:
    """Of the server that runs there."""
    from anyjob_server.client.client import Client
    from anyjob_server.client.serverfile import read_server_file
    from anyjob_server.client.target import find_target

    file = read_server_file(folder)
    return None if file is None or not file.lives() else Client(find_target(folder, environment={}))


def _confirmed(client: Client, folder: Path, *, release: bool) -> str:
    """Wait until the server says that it saw the file; why nothing begins then, empty where it does begin.

    Raises HoldUnconfirmed, and what a call raises."""
    from anyjob_server.client.errors import HoldUnconfirmed

    end = time.monotonic() + 10
    with client:
        while True:
            said = client.call("GetServerStatus", {})
            by = said.get("Held", "")
            if by != "file" if release else by:
                return str(said["Halt"]) if by else ""
            if time.monotonic() > end:
                raise HoldUnconfirmed(client.target.url, folder, release=release)
            time.sleep(0.05)
