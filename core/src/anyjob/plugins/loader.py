"""Finding and importing plugins: what is wrong with one is recorded, and harms no other."""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Iterable, Iterator
from importlib.metadata import Distribution, distributions
from typing import TypeAlias, TypeVar

from anyjob.plugins.fence import fence
from anyjob.plugins.hooks import Hooks
from anyjob.plugins.names import is_name
from anyjob.plugins.notices import notices_of
from anyjob.plugins.plugin import Plugin, failure
from anyjob.plugins.report import PluginState
from anyjob.plugins.settings import PluginSettings, canonical
from anyjob.plugins.types import ExecutorType, LauncherType

__all__ = ["GROUP", "Candidate", "installed", "load"]

GROUP = "anyjob"
"""The entry point group of plugins."""

Candidate: TypeAlias = tuple[Plugin, Callable[[], object]]
"""A plugin that was found, and the call that imports it."""

T = TypeVar("T")

_log = logging.getLogger(__name__)


def load(hooks: Hooks, settings: PluginSettings, candidates: Iterable[Candidate], own: Collection[str]) -> list[Plugin]:
    """Import what may be imported and register what may be used with `hooks`; every candidate's plugin, by name.

    `own` are the names of core's launchers, which nobody else may claim.

    pluggy's own loader is not used: of two distributions with one entry point name it takes one silently, and it stops
    at the first that fails.
    """
    found = sorted(candidates, key=lambda candidate: (candidate[0].name, candidate[0].installed))
    plugins = [plugin for plugin, _ in found]
    for plugin in plugins:
        if why := settings.blocks(plugin.name, plugin.distribution):
            plugin.fail(PluginState.BLOCKED, why)
        elif not is_name(plugin.name):
            plugin.fail(PluginState.REFUSED, "its entry point name is no name; use a-z, 0-9, '.', '_' and '-'")
    _settle_names([plugin for plugin in plugins if not plugin.why])
    for plugin, imported in found:
        if not plugin.why:
            _adopt(hooks, plugin, imported, own)
    return plugins


def _adopt(hooks: Hooks, plugin: Plugin, imported: Callable[[], object], own: Collection[str]) -> None:
    try:
        module = imported()
    except (Exception, SystemExit) as error:  # noqa: BLE001 - importing runs the plugin's code
        _log.warning("%s could not be imported", plugin.label, exc_info=True)
        plugin.fail(PluginState.BROKEN, f"it could not be imported: {failure(error)}")
        return
    try:
        if why := fence(getattr(module, "CONTRACT", 1)) or hooks.fault(module):
            plugin.fail(PluginState.REFUSED, why)
            return
        plugin.hooks = hooks.register(plugin.name, module)
    except Exception as error:  # noqa: BLE001 - looking at a plugin's attributes runs its code too
        plugin.fail(PluginState.BROKEN, f"it could not be registered: {failure(error)}")
        return
    plugin.types = _collected(hooks, plugin, "anyjob_executors", ExecutorType)
    plugin.launchers = _collected(hooks, plugin, "anyjob_launchers", LauncherType)
    for kind in (*plugin.types, *plugin.launchers):
        if why := fence(kind.contract):
            plugin.fail(PluginState.REFUSED, why)
    for kind in plugin.launchers:
        if kind.name in own:
            plugin.fail(PluginState.REFUSED, f"launcher {kind.name!r} is core's own and cannot be replaced")
    contracts = (getattr(module, "CONTRACT", 1), *(kind.contract for kind in (*plugin.types, *plugin.launchers)))
    plugin.note(notices_of(plugin.hooks, contracts))
    plugin.usable = not plugin.why
    if not plugin.usable:
        hooks.unregister(plugin.name)


def _collected(hooks: Hooks, plugin: Plugin, hook: str, kind: type[T]) -> tuple[T, ...]:
    made: list[T] = []
    for call in hooks.implementations(hook):
        if call.plugin != plugin.name:
            continue
        try:
            for item in call() or ():
                if not isinstance(item, kind):
                    raise TypeError(f"it gave {type(item).__name__}, not {kind.__name__}")
                made.append(item)
        except Exception as error:  # noqa: BLE001 - a plugin's code may raise anything
            plugin.fail(PluginState.BROKEN, f"its {hook} failed: {failure(error)}")
    return tuple(made)


def _settle_names(plugins: Iterable[Plugin]) -> None:
    by_name: dict[str, list[Plugin]] = {}
    for plugin in plugins:
        by_name.setdefault(plugin.name, []).append(plugin)
    for name, claims in by_name.items():
        for plugin in claims if len(claims) > 1 else ():
            others = " and ".join(other.installed for other in claims if other is not plugin)
            plugin.fail(PluginState.CONFLICT, f"the plugin name {name!r} is also claimed by {others}; neither is used")


def installed() -> Iterator[Candidate]:
    """The plugins of every installed distribution."""
    seen: set[str] = set()
    for distribution in distributions():
        try:
            entries = [entry for entry in distribution.entry_points if entry.group == GROUP]
            if not entries:
                continue
            name, version = _identity(distribution)
        except Exception:  # noqa: BLE001 - metadata that cannot be read is a stranger's, and names no plugin
            _log.warning("the metadata of an installed distribution cannot be read: %s", distribution, exc_info=True)
            continue
        if canonical(name) in seen:  # a second copy further down sys.path is not what would be imported
            continue
        seen.add(canonical(name))
        for entry in entries:
            yield Plugin(name=entry.name, distribution=name, version=version), entry.load


def _identity(distribution: Distribution) -> tuple[str, str]:
    metadata = distribution.metadata
    return str(metadata["Name"] or "unnamed"), str(metadata["Version"] or "unknown")
