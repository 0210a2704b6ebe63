"""The plugin host of a command: light, since every command that a plugin brings needs it before it is even found."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from anyjob.cli.logtext import strip_controls
from anyjob.cli.streams import write

if TYPE_CHECKING:
    from anyjob.plugins import PluginHost
    from anyjob.settings import Settings

__all__ = ["load_host"]


def load_host(settings: Settings) -> PluginHost:
    """The installed plugins under the settings. Raises BadSettings.

    Tells of tables that nobody here reads: a policy under a misspelt name holds for nothing.
    """
    from anyjob.nearest import did_you_mean
    from anyjob.plugins import PluginHost
    from anyjob.plugins.wellknown import PACKAGES

    host = PluginHost.load(
        settings.plugins,
        executor_settings=settings.executors,
        launcher_settings=settings.launchers,
        source=settings.source,
        alone=settings.as_caller,
    )
    types = {name for offer in host.types() for name in (offer.kind.job_type, *offer.kind.aliases)} | set(PACKAGES)
    launchers = {offer.kind.name for offer in host.launchers()}
    parts = [(f"executors.{name}", name, types) for name in settings.executors]
    parts += [(f"launchers.{name}", name, launchers) for name in settings.launchers]
    for part, name, known in parts:
        if name not in known:
            hint = did_you_mean(name, sorted(known)) or "is its plugin installed here?"
            write(sys.stderr, strip_controls(f"anyjob: {settings.source}: [{part}] is read by nobody; {hint}") + "\n")
    return host
