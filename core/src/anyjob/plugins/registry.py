"""Names and who claims them: job types with their aliases, and launchers."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from threading import RLock
from typing import Generic, TypeVar

from anyjob.errors import PluginBroken, PluginConflict, UnknownJobType
from anyjob.plugins.fence import fence
from anyjob.plugins.hooks import Implementation
from anyjob.plugins.plugin import Plugin, failure
from anyjob.plugins.report import PluginState
from anyjob.plugins.types import ExecutorType, LauncherType
from anyjob.plugins.wellknown import PACKAGES

__all__ = ["Claims", "Offer", "Registry"]

K = TypeVar("K")


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer(Generic[K]):
    """A job type, launcher or command (`kind`), and the `plugin` that brings it."""

    kind: K
    plugin: Plugin


class Claims(Generic[K]):
    """One table of names.

    A plugin that could not be loaded claims its own name, so that nobody else runs its jobs unnoticed.
    """

    def __init__(self, what: str) -> None:
        self.what = what
        self._claims: dict[str, list[tuple[Plugin, Offer[K] | None]]] = {}
        self._blocked: dict[str, Plugin] = {}

    def add(self, name: str, plugin: Plugin, kind: K | None) -> None:
        """Note that the plugin claims the name; `kind` None: it cannot serve it."""
        if plugin.state is PluginState.BLOCKED:
            self._blocked.setdefault(name, plugin)
            return
        offer = Offer(kind=kind, plugin=plugin) if kind is not None and plugin.usable else None
        self._claims.setdefault(name, []).append((plugin, offer))

    def names(self) -> list[str]:
        """Those that can be used."""
        return sorted(name for name in self._claims if self._only(name))

    def offers(self) -> list[Offer[K]]:
        """What can be used, once each, by name."""
        return list({id(offer.kind): offer for name in self.names() if (offer := self._only(name))}.values())

    def tell(self) -> None:
        """Record every conflict with the plugins that it is between."""
        for name, claims in self._claims.items():
            for plugin, _ in claims if len(claims) > 1 else ():
                others = " and ".join(sorted({other.label for other, _ in claims if other is not plugin}))
                why = f"{self.what} {name!r} is also claimed by {others or 'itself'}; neither is used"
                plugin.fail(PluginState.CONFLICT, why)

    def get(self, name: str, job_type: str) -> Offer[K] | None:
        """Who serves the name; None: nobody claims it. `job_type` is that of the job that asks.

        Raises PluginConflict, or PluginBroken for a claim that cannot be honoured.
        """
        claims = self._claims.get(name)
        if claims is None:
            blocked = self._blocked.get(name)
            if blocked is not None:
                raise broken(job_type, blocked, blocked.why)
            return None
        if len(claims) > 1:
            raise PluginConflict(self.what, name, [plugin.label for plugin, _ in claims])
        ((plugin, offer),) = claims
        if offer is None:
            raise broken(job_type, plugin, plugin.why)
        return offer

    def _only(self, name: str) -> Offer[K] | None:
        claims = self._claims[name]
        return claims[0][1] if len(claims) == 1 else None


class Registry:
    """Both tables, filled from loaded plugins, and the families that `anyjob_find_executor` serves."""

    def __init__(self, plugins: Iterable[Plugin], builtin: Plugin, find: Iterable[Implementation]) -> None:
        self.executors = Claims[ExecutorType]("JobType")
        self.launchers = Claims[LauncherType]("Launcher")
        self._find = tuple(find)
        self._found: dict[str, Offer[ExecutorType]] = {}
        self._lock = RLock()  # a plugin that is asked may ask back
        self._plugins = {plugin.name: plugin for plugin in plugins if plugin.usable}
        own = {kind.name for kind in builtin.launchers}
        for plugin in (builtin, *plugins):
            self._claim(plugin, set() if plugin is builtin else own)
        self.executors.tell()
        self.launchers.tell()

    def executor(self, job_type: str) -> Offer[ExecutorType]:
        """Who runs the type. Raises UnknownJobType, PluginConflict or PluginBroken."""
        offer = self._found.get(job_type) or self.executors.get(job_type, job_type)
        if offer is None:
            with self._lock:
                offer = self._found.get(job_type) or self._ask(job_type)
                self._found[job_type] = offer
        return offer

    def _claim(self, plugin: Plugin, taken: set[str]) -> None:
        for kind in plugin.types:
            for name in {kind.job_type, *kind.aliases}:
                self.executors.add(name, plugin, kind)
        for kind in (kind for kind in plugin.launchers if kind.name not in taken):
            self.launchers.add(kind.name, plugin, kind)
        if not plugin.usable:
            if not any(plugin.name in (kind.job_type, *kind.aliases) for kind in plugin.types):
                self.executors.add(plugin.name, plugin, None)
            if plugin.name not in taken and all(plugin.name != kind.name for kind in plugin.launchers):
                self.launchers.add(plugin.name, plugin, None)

    def _ask(self, job_type: str) -> Offer[ExecutorType]:
        answers: list[Offer[ExecutorType]] = []
        failed: list[tuple[Plugin, str]] = []
        for call in self._find:
            plugin = self._plugins[call.plugin]
            try:
                kind = call(job_type=job_type)
                if kind is not None:
                    answers.append(Offer(kind=_checked(kind, job_type), plugin=plugin))
            except Exception as error:  # noqa: BLE001 - a plugin's code may raise anything
                failed.append((plugin, f"its anyjob_find_executor failed: {failure(error)}"))
        if len(answers) > 1:
            raise PluginConflict("JobType", job_type, [offer.plugin.label for offer in answers])
        for plugin, why in failed:
            raise broken(job_type, plugin, why)
        if not answers:
            raise UnknownJobType(job_type, self.executors.names(), package=PACKAGES.get(job_type))
        return answers[0]


def broken(job_type: str, plugin: Plugin, why: str) -> PluginBroken:
    """The error of a plugin that cannot serve a job of the type."""
    return PluginBroken(job_type, plugin.name, plugin.installed, why.rstrip("."))


def _checked(kind: object, job_type: str) -> ExecutorType:
    if not isinstance(kind, ExecutorType):
        raise TypeError(f"it gave {type(kind).__name__}, not ExecutorType")
    if job_type not in (kind.job_type, *kind.aliases):
        raise ValueError(f"asked for {job_type!r}, it gave {kind.job_type!r}")
    if why := fence(kind.contract):
        raise ValueError(f"{job_type!r}: {why}")
    return kind
