"""The `[plugins]` part of the settings."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

__all__ = ["PluginSettings", "canonical"]


class PluginSettings(BaseModel):
    """Which plugins may be loaded; one that may not is not imported.

    An entry is the name of a plugin or of its distribution. `allow` None: all. `deny` wins. Without the plugins of
    `require` nothing runs: a policy that could not be loaded would otherwise be silently missing. `executables` are
    TOML files that make executables executors (docs/protocol.md), or folders of them; relative paths count from the
    folder of the settings.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True)

    allow: Annotated[tuple[str, ...] | None, Field(description="the only plugins that may be loaded")] = None
    deny: Annotated[tuple[str, ...], Field(description="plugins that must not be loaded")] = ()
    require: Annotated[tuple[str, ...], Field(description="plugins without which nothing runs")] = ()

    executables: Annotated[
        tuple[Path, ...], Field(description="TOML files of executables that are executors, or folders of them")
    ] = ()

    def blocks(self, plugin: str, distribution: str) -> str:
        """Why the plugin must not be loaded; empty when it may."""
        names = {canonical(plugin), canonical(distribution)}
        if names & {canonical(entry) for entry in self.deny}:
            return "it is blocked by [plugins] deny in the settings"
        if self.allow is not None and not names & {canonical(entry) for entry in self.allow}:
            return "it is not listed under [plugins] allow in the settings"
        return ""


def canonical(name: str) -> str:
    """A distribution's name as packaging tools compare it: `Anyjob_Shell` is `anyjob-shell`."""
    return re.sub(r"[-_.]+", "-", name).lower()
