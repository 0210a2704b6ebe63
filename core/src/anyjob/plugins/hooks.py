"""The pluggy manager of a host. Nothing else touches pluggy, whose calls are untyped."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Final

from pluggy import PluginManager

from anyjob.nearest import nearest
from anyjob.plugins.hookspecs import PROJECT, HookSpecs

__all__ = ["Hooks", "Implementation"]

_HOOKS: Final = {
    name: tuple(inspect.signature(spec).parameters)[1:]
    for name, spec in vars(HookSpecs).items()
    if name.startswith(f"{PROJECT}_")
}


@dataclass(frozen=True, slots=True)
class Implementation:
    """One plugin's implementation of a hook."""

    plugin: str
    function: Callable[..., Any]
    positional: tuple[str, ...]
    named: tuple[str, ...]

    def __call__(self, **given: object) -> Any:
        """Call it with those of the hook's arguments that it takes. Raises whatever it raises."""
        named = {name: given[name] for name in self.named if name in given}
        return self.function(*[given[name] for name in self.positional], **named)


class Hooks:
    """Registered plugins and their implementations, by plugin name: the order of registration means nothing."""

    def __init__(self) -> None:
        self._manager = PluginManager(PROJECT)
        self._manager.add_hookspecs(HookSpecs)

    def fault(self, plugin: object) -> str:
        """Why the plugin must not be registered, as one sentence without a full stop; empty when nothing is wrong."""
        if inspect.isclass(plugin):
            return "its entry point names a class; name a module or an object"
        return next(self._faults(plugin), "")

    def register(self, name: str, plugin: object) -> tuple[str, ...]:
        """Make its implementations known; returns the names of their hooks."""
        self._manager.register(plugin, name=name)
        return tuple(sorted(hook.name for hook in self._manager.get_hookcallers(plugin) or ()))

    def unregister(self, name: str) -> None:
        """Call none of its implementations from now on."""
        self._manager.unregister(name=name)

    def implementations(self, hook: str) -> list[Implementation]:
        """Those of one hook, in the order of the plugins' names."""
        found = getattr(self._manager.hook, hook).get_hookimpls()
        made = [Implementation(i.plugin_name, i.function, tuple(i.argnames), tuple(i.kwargnames)) for i in found]
        return sorted(made, key=lambda implementation: implementation.plugin)

    def _faults(self, plugin: object) -> Iterator[str]:
        for name in dir(plugin):
            options = self._manager.parse_hookimpl_opts(plugin, name)
            if options is None:
                if name in _HOOKS and inspect.isroutine(inspect.getattr_static(plugin, name)):
                    yield f"its {name} is not marked with @hookimpl, so it would never be called"
                continue
            hook = options["specname"] or name
            if hook not in _HOOKS:
                if not options["optionalhook"]:
                    near = nearest(hook, _HOOKS, limit=1)
                    hint = f"the nearest is {near[0]}" if near else f"the hooks are {', '.join(_HOOKS)}"
                    yield f"it implements {hook}, which is no hook of anyjob; {hint}"
                continue
            if options["wrapper"] or options["hookwrapper"]:
                yield f"its {name} is a wrapper; implementations are called one by one, so write a plain function"
            yield from _argument_faults(name, hook, getattr(plugin, name))


def _argument_faults(name: str, hook: str, function: Callable[..., Any]) -> Iterator[str]:
    if inspect.iscoroutinefunction(function) or inspect.isasyncgenfunction(function):
        yield f"its {name} is async; hooks are plain functions"
    for parameter in inspect.signature(function).parameters.values():
        if parameter.default is not parameter.empty or parameter.kind in (
            parameter.VAR_POSITIONAL,
            parameter.VAR_KEYWORD,
        ):
            continue
        if parameter.kind is parameter.KEYWORD_ONLY:
            yield f"its {name} takes {parameter.name!r} by keyword only; hooks are called by position"
        elif parameter.name not in _HOOKS[hook]:
            offered = ", ".join(_HOOKS[hook]) or "no argument"
            yield f"its {name} takes {parameter.name!r}, which the hook does not give; it gives {offered}"
