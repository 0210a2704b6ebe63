"""A plugin that was found, and what became of it while the host loaded."""

from __future__ import annotations

import warnings
from collections.abc import Iterable
from dataclasses import dataclass

from anyjob.errors import AnyJobError
from anyjob.plugins.notices import ContractWarning, Notice
from anyjob.plugins.report import PluginReport, PluginState
from anyjob.plugins.types import ExecutorType, LauncherType
from anyjob.problem import plain

__all__ = ["Plugin", "failure"]

_SHOWN_CHARACTERS = 300
_OWN_CHARACTERS = 4000


@dataclass(slots=True, kw_only=True, eq=False)
class Plugin:
    """One plugin. `why` goes on after "plugin ... is not usable: " and has no full stop.

    `usable`: its hooks are called. Of a usable plugin a single type may still be in conflict.
    """

    name: str
    distribution: str
    version: str
    state: PluginState = PluginState.OK
    why: str = ""
    types: tuple[ExecutorType, ...] = ()
    launchers: tuple[LauncherType, ...] = ()
    hooks: tuple[str, ...] = ()
    notices: tuple[Notice, ...] = ()
    usable: bool = False

    @property
    def installed(self) -> str:
        """Its distribution with the version."""
        return f"{self.distribution} {self.version}"

    @property
    def label(self) -> str:
        """As messages name it."""
        return f"plugin {self.name!r} of {self.installed}"

    def fail(self, state: PluginState, why: str) -> None:
        """Record the first thing that went wrong; what follows from it is not news."""
        if not self.why:
            self.state, self.why = state, why

    def note(self, notices: Iterable[Notice]) -> None:
        """It uses what these are about. Each is said once."""
        for notice in notices:
            if notice not in self.notices:
                self.notices = (*self.notices, notice)
                warnings.warn(f"{self.label}: {notice}.", ContractWarning, stacklevel=2)

    def report(self) -> PluginReport:
        """For people."""
        return PluginReport(
            name=self.name,
            distribution=self.distribution,
            version=self.version,
            state=self.state,
            why=self.why and f"{self.why[0].upper()}{self.why[1:].rstrip('.')}.",
            types=tuple(sorted(kind.job_type for kind in self.types)),
            launchers=tuple(sorted(kind.name for kind in self.launchers)),
            hooks=self.hooks,
            notices=tuple(f"{str(notice)[0].upper()}{str(notice)[1:]}." for notice in self.notices),
        )


def failure(error: BaseException) -> str:
    """An exception on one line, as a cause is written."""
    said = plain(str(error).strip().replace("\n", " "))
    text = f"{type(error).__name__}: {said}" if said else type(error).__name__
    # Our own errors say what to do at their end.
    most = _OWN_CHARACTERS if isinstance(error, AnyJobError) else _SHOWN_CHARACTERS
    return text if len(text) <= most else text[: most - 3] + "..."
