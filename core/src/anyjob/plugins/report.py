"""What became of every plugin."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

__all__ = ["PluginReport", "PluginState"]


class PluginState(StrEnum):
    """What became of a plugin.

    `BLOCKED` by the settings and never imported; `BROKEN` by a failure of its own; `REFUSED` because it breaks a rule
    of the host; `CONFLICT`: another distribution claims the same name, which is used from neither.
    """

    OK = "ok"
    BLOCKED = "blocked"
    BROKEN = "broken"
    CONFLICT = "conflict"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True, kw_only=True)
class PluginReport:
    """One plugin as `anyjob plugins` shows it.

    `name` is its entry point's, `distribution` and `version` what it was installed from. `state`: what became of it,
    `why` in one sentence, empty when all is well. `types`, `launchers` and `hooks` are the names that it brings.
    `notices`: what of the contract it uses that has a better name, or that will go, a sentence each.
    """

    name: str
    distribution: str
    version: str
    state: PluginState
    why: str = ""
    types: tuple[str, ...] = ()
    launchers: tuple[str, ...] = ()
    hooks: tuple[str, ...] = ()
    notices: tuple[str, ...] = ()
