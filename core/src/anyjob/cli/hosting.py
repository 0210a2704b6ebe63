"""The plugin host of a command: light, since every command that a plugin brings needs it before it is even found."""

from __future__ import annotations

import sys
from collections.abc import Collection, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from anyjob.cli.logtext import strip_controls
from anyjob.cli.streams import write

if TYPE_CHECKING:
    from anyjob.plugins import PluginHost
    from anyjob.problem import Problem
    from anyjob.settings import Readers, Settings

__all__ = ["all_problems", "checked_host", "load_host", "readers"]


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


def checked_host(settings: Settings) -> PluginHost:
    """As `load_host`, for whoever takes jobs from others: no table is wrong. Raises BadSettings with every Problem.

    Only the models of tables that are written are imported.
    """
    from anyjob.errors import BadSettings
    from anyjob.settings import UNREAD, problems_of

    host = load_host(settings)
    written = {f"executors.{name}" for name in settings.executors} | {
        f"launchers.{name}" for name in settings.launchers
    }
    if problems := problems_of(settings, readers(host, {*written, *UNREAD})):
        raise BadSettings(settings.source, problems)
    return host


def all_problems(settings: Settings) -> Sequence[Problem]:
    """What plugins find wrong with their tables: whoever mends a file should hear of everything at once."""
    from anyjob.errors import BadSettings
    from anyjob.plugins import PluginHost
    from anyjob.settings import problems_of

    try:
        return problems_of(settings, readers(PluginHost.load(settings.plugins, source=settings.source)))
    except BadSettings as error:
        return error.problems


def readers(host: PluginHost, wanted: Collection[str] | None = None) -> Readers:
    """The tables that plugins read, or those of them that are `wanted`.

    One whose model cannot be imported is left out, and its plugin says why.
    """
    from anyjob.plugins.types import resolve

    found: dict[str, Any] = {}
    kinds = [(f"executors.{offer.kind.job_type}", offer.kind.settings) for offer in host.types()]
    kinds += [(f"launchers.{offer.kind.name}", offer.kind.settings) for offer in host.launchers()]
    kinds += [(offer.kind.part, offer.kind.settings) for offer in host.commands() if offer.kind.part]
    for part, target in kinds:
        if wanted is not None and part not in wanted:
            continue
        with suppress(Exception, SystemExit):  # importing runs the plugin's code
            found[part] = resolve(target)
    return found
