"""What a new executor's package is called: its distribution, its module, its classes."""

from __future__ import annotations

import re
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from typing import TYPE_CHECKING, Final

from anyjob.plugins.names import is_name
from anyjob.plugins.wellknown import PACKAGES
from anyjob.scaffold.refused import ScaffoldRefused

if TYPE_CHECKING:
    from anyjob.plugins import PluginHost

__all__ = ["PackageNames"]

_TAKEN_MODULES: Final = frozenset({"anyjob_job"})
"""Modules that are there for the code of jobs, also where nothing is installed."""
_TAKEN_CLASSES: Final = frozenset({"CommandExecutor"})
"""Names that the template's modules import."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PackageNames:
    """Every spelling of one NAME.

    NAME itself is the JobType. The module never is NAME alone, so that a type may be called `email` or `lambda`.
    """

    job_type: str

    @classmethod
    def of(cls, name: str, host: PluginHost) -> PackageNames:
        """The names for a type that nobody has. Raises ScaffoldRefused."""
        names = cls(job_type=name)
        why = _illegal(name) or _taken(names, host)
        if why:
            raise ScaffoldRefused("NAME", name, why)
        return names

    @property
    def distribution(self) -> str:
        """As package tools know it."""
        return f"anyjob-{self.job_type}"

    @property
    def module(self) -> str:
        """As Python imports it."""
        return f"anyjob_{re.sub(r'[.-]', '_', self.job_type)}"

    @property
    def prefix(self) -> str:
        """How the names of its classes begin."""
        words = "".join(f"{word[:1].upper()}{word[1:]}" for word in re.split(r"[._-]+", self.job_type))
        return words if words.isidentifier() and f"{words}Executor" not in _TAKEN_CLASSES else f"Job{words}"


def _illegal(name: str) -> str:
    if not is_name(name):
        return "is no name; use a-z, 0-9, '.', '_' and '-', a letter or digit first"
    if not name[-1].isalnum():
        return "cannot end a distribution's name; let it end with a letter or a digit"
    return ""


def _taken(names: PackageNames, host: PluginHost) -> str:
    name = names.job_type
    if name in PACKAGES:
        return f"is the JobType of {PACKAGES[name]}; take another word"
    for offer in host.types():
        if name in (offer.kind.job_type, *offer.kind.aliases):
            return f"is a JobType of {offer.plugin.label} already; take another word"
    for plugin in host.report():
        if name in (plugin.name, *plugin.types):
            return f"is claimed by plugin {plugin.name!r} of {plugin.distribution} already; take another word"
    try:
        installed = version(names.distribution)
    except PackageNotFoundError:
        pass
    else:
        return f"is taken: {names.distribution} {installed} is installed; take another word, or uninstall it"
    if names.module in _TAKEN_MODULES or find_spec(names.module) is not None:
        return f"is taken: there is a module {names.module} already; take another word"
    return ""
