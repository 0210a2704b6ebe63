"""`anyjob serve`: API, scheduler, dispatcher and a worker in one process."""

from __future__ import annotations

import asyncio
import json
import logging
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from anyjob.cli.options import Config
from anyjob.cli.streams import write
from anyjob.problem import plain
from anyjob_server import collector
from anyjob_server.cli.options import State

if TYPE_CHECKING:
    from collections.abc import Callable

    from anyjob_server.address import Address
    from anyjob_server.server import Server
    from anyjob_server.serving import Serving
    from anyjob_server.settings import ServerSettings

__all__ = ["serve"]

_SWITCH: Final = 0.001
"""Seconds that a thread may compute while the loop waits for its turn: the store's writer computes a lot."""


def serve(
    listen: Annotated[
        str | None,
        typer.Option("--listen", metavar="HOST:PORT", help="Else 127.0.0.1:7780. Port 0 takes any that is free."),
    ] = None,
    state: State = None,
    database: Annotated[
        str | None,
        typer.Option("--database", metavar="URL", help="postgresql://USER@HOST/NAME; else SQLite in the state folder."),
    ] = None,
    config: Config = None,
    tls_cert: Annotated[
        Path | None, typer.Option("--tls-cert", metavar="FILE", help="Certificate chain, PEM, for https.")
    ] = None,
    tls_key: Annotated[Path | None, typer.Option("--tls-key", metavar="FILE", help="Its key, PEM.")] = None,
    *,
    insecure: Annotated[
        bool, typer.Option("--insecure", help="Serve others without TLS, on a network that is trusted itself.")
    ] = False,
    hold: Annotated[
        bool, typer.Option("--hold", help="Begin nothing new: what runs is followed to its end, the API answers.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object, when it is ready.")] = False,
) -> None:
    """Run the server, until a signal.

    The first start makes namespace and app group `default` and an access key, and shows how to use them;
    ANYJOB_ACCESS_KEY_ID and ANYJOB_ACCESS_KEY_SECRET in the environment are the first key instead. Standard output gets
    one line when the server is ready; whatever happens later goes to standard error.

    Ctrl-C, TERM and a hang-up end it in order: what was asked is answered, runs go on and are taken over by the next
    start. A second signal ends it at once, which loses nothing either.
    """
    from anyjob.cli.hosting import checked_host
    from anyjob.cli.inputs import settings_for
    from anyjob.cli.session import leave
    from anyjob_server.address import read_address
    from anyjob_server.client.serverfile import default_state
    from anyjob_server.first import given_key
    from anyjob_server.server import Server
    from anyjob_server.serving import check_tls, refuse_anothers
    from anyjob_server.settings import ServerSettings, with_options

    folder = (state or default_state()).absolute()
    given: dict[str, object] = {
        "listen": listen,
        "tls_cert": tls_cert,
        "tls_key": tls_key,
        "insecure": insecure or None,
        "database": database,
        "hold": hold or None,
    }
    settings = with_options(settings_for(config, folder, served=True), given)
    _log_to_stderr()
    host = checked_host(settings)
    own = ServerSettings.of(settings)
    said = "--listen" if listen else "server.listen"
    refuse_anothers(folder)
    _refuse_faults(
        settings.source,
        given_key,
        lambda: check_tls(own),
        lambda: read_address(own.listen, said).refuse_open(closed=bool(own.tls_cert or own.tls_key) or own.insecure),
        lambda: Server(host, settings, folder),
    )
    address = read_address(own.listen, said)
    sys.setswitchinterval(_SWITCH)
    server = Server(host, settings, folder)
    result = asyncio.run(_serve(server, own, address, as_json=as_json))
    host.close()  # their threads would end with the process, in the middle of what they tell
    leave(result)


def _refuse_faults(source: str, *checks: Callable[[], object]) -> None:
    """All that is wrong at once: whoever mends one thing at a time restarts as often. Raises BadSettings."""
    from anyjob.errors import BadSettings

    found: list[BadSettings] = []
    for check in checks:
        try:
            check()
        except BadSettings as bad:
            found.append(bad)
    if len(found) == 1:
        raise found[0]
    if found:
        raise BadSettings(source, [problem for bad in found for problem in bad.problems])


async def _serve(server: Server, own: ServerSettings, address: Address, *, as_json: bool) -> int:
    from anyjob_server.cli.signals import Ending
    from anyjob_server.serving import Serving, tls_files

    ending = Ending()
    async with Serving(server, address, tls=tls_files(own), insecure=own.insecure) as serving:
        _tell(serving, as_json=as_json)
        collector.settle()
        await ending.wait()
        write(sys.stderr, "anyjob: ending; runs go on, and the next start takes them over\n")
    return 0


def _tell(serving: Serving, *, as_json: bool) -> None:
    from anyjob_server.cli.welcome import welcome

    first, state = serving.first, serving.server.state
    users = serving.server.users
    write(sys.stderr, f"anyjob: {plain(users.summary())}\n")
    for warning in users.warnings():
        write(sys.stderr, f"anyjob: {plain(warning)}\n")
    if why := serving.server.hold.why:
        write(sys.stderr, f"anyjob: {why}\n")
    if as_json:
        key = None if first is None else {"id": first.access_key_id, "secret": first.secret or None}
        write(sys.stdout, json.dumps({"url": serving.url, "pid": os.getpid(), "state": str(state), "key": key}) + "\n")
        return
    if first is not None:
        write(sys.stderr, f"{welcome(first, serving.url, state)}\n")
    write(sys.stdout, f"anyjob: serving {serving.url}, state in {state}\n")


def _log_to_stderr() -> None:
    """What the server's parts log. Texts of strangers may be in it: nothing of it acts on a terminal."""
    handler = logging.StreamHandler()
    handler.setFormatter(_Plain("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    for name in ("anyjob", "anyjob_server"):
        logger = logging.getLogger(name)
        logger.addHandler(handler)
        logger.setLevel(logging.INFO)


class _Plain(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        return "\n".join(plain(line) for line in super().format(record).splitlines())
