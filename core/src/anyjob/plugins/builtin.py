"""What core brings itself, offered by the same values as a plugin's."""

from __future__ import annotations

from typing import Final

from anyjob.plugins.plugin import Plugin
from anyjob.plugins.types import LauncherType
from anyjob.version import VERSION

__all__ = ["DEFAULT_LAUNCHER", "LOCAL", "core"]

DEFAULT_LAUNCHER: Final = "local"

LOCAL: Final = LauncherType(
    name=DEFAULT_LAUNCHER,
    launcher="anyjob.worker.local.launcher:LocalLauncher",
    options="anyjob.worker.local.options:LocalOptions",
    title="on this node",
)


def core(local: LauncherType) -> Plugin:
    """Core as a plugin. Its launcher cannot be claimed by anybody else."""
    return Plugin(name="core", distribution="anyjob", version=VERSION, launchers=(local,), usable=True)
