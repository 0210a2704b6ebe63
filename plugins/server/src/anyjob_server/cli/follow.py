"""An instance of a server, shown to its end."""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable
from typing import Final

import typer

from anyjob.cli import status
from anyjob.cli.logtext import strip_controls
from anyjob.cli.page import print_json
from anyjob.cli.said import summary
from anyjob.cli.streams import silence, write
from anyjob.problem import plain
from anyjob_server.client.client import Client
from anyjob_server.client.instanceinfo import InstanceInfo
from anyjob_server.client.logpart import LogPart

__all__ = ["LogScreen", "follow", "see", "show_end", "tell"]

_SHORTEST: Final = 0.05
_LONGEST: Final = 0.5
"""Seconds between two questions for something that does not move."""


class LogScreen:
    """The log of an instance on standard output: on a terminal without anything that a terminal would act on."""

    def __init__(self, client: Client, instance: int) -> None:
        self._client, self._instance, self._cursor = client, instance, ""
        self._terminal = sys.stdout.isatty()

    def show(self) -> LogPart:
        """Show what has come since the last call, at most one part of it."""
        part = self._client.log(self._instance, self._cursor)
        self._cursor = part.cursor
        text = "".join(f"{line}\n" for line in part.lines)
        data = (strip_controls(text) if self._terminal else text).encode(errors="surrogateescape")
        sys.stdout.flush()
        try:
            while data:
                data = data[os.write(1, data) :]
        except OSError:
            silence(1)  # nobody reads any more; the instance goes on all the same
        return part


def follow(client: Client, instance: int, *, log: bool, sleep: Callable[[float], object] = time.sleep) -> InstanceInfo:
    """Wait for the end of an instance, and show its log meanwhile.

    `sleep(seconds)` waits between two questions; what it raises ends the looking.
    """
    screen, pause = LogScreen(client, instance), _SHORTEST
    while True:
        info = client.instance(instance)
        moved = False
        if log:
            part = screen.show()
            moved = bool(part.lines)
            while part.more:
                part = screen.show()
        if info.status.finished:
            return info
        pause = _SHORTEST if moved else min(_LONGEST, pause * 1.5)
        sleep(pause)


def see(client: Client, instance: int, *, quiet: bool, as_json: bool) -> int:
    """Show an instance to its end and say how it ended. Returns the exit status that fits.

    Ctrl-C ends the looking, not the instance.
    """
    try:
        info = follow(client, instance, log=not (quiet or as_json))
    except KeyboardInterrupt:
        write(sys.stderr, f"anyjob: instance {instance} goes on; `anyjob instance stop {instance}` stops it\n")
        raise
    return show_end(info, quiet=quiet, as_json=as_json)


def show_end(info: InstanceInfo, *, quiet: bool, as_json: bool) -> int:
    """Say how an instance that is over ended. Returns the exit status that fits."""
    outcome = info.ended
    if as_json:
        write(sys.stdout, json.dumps(info.to_json()) + "\n")
    elif not quiet:
        first, *rest = summary(info.job, outcome, info.seconds, [])
        write(sys.stderr, "".join(f"{line}\n" for line in (f"anyjob: {first}", *rest)))
    return status.of_outcome(outcome)


def tell(client: Client, instance: int, said: str, *, wait: bool, quiet: bool, as_json: bool) -> None:
    """What a command says that began an instance: its number, or all of it to its end."""
    if wait:
        raise typer.Exit(see(client, instance, quiet=quiet, as_json=as_json))
    if as_json:
        print_json({"instance": instance})
    else:
        typer.echo(f"{plain(said)}: instance {instance}.")
