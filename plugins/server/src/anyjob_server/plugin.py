"""The entry point of this distribution: light to import."""

from __future__ import annotations

from collections.abc import Iterable

from anyjob.plugins import CommandType, hookimpl


@hookimpl
def anyjob_commands() -> Iterable[CommandType]:
    """`anyjob cron`."""
    return [
        CommandType(name="cron", command="anyjob_server.cli.cron:cron", help="When a cron expression fires."),
    ]
