"""The entry point of this distribution: light to import."""

from __future__ import annotations

from collections.abc import Iterable

from anyjob.plugins import CommandType, hookimpl


@hookimpl
def anyjob_commands() -> Iterable[CommandType]:
    """One command: `anyjob jdks`."""
    return [CommandType(name="jdks", command="anyjob_jvm.cli:jdks", help="Show the Java homes of this machine.")]
