"""Plugins: how they are found, what they may bring, and the host that dispatches jobs to them.

For plugin authors: `hookspecs` (the hooks, each with an example), `types` (what they return), `draft` (what a policy
may change), `executables` (executors in other languages). For the rest of anyjob: `host`, the only way in; `binding`,
what it answers; `report` and `observers`.
Within: `loader`, `hooks` and `fence` (discovery, pluggy, the contract's number), `notices` (what of it is deprecated),
`registry` (names and claims), `objects` (imports and instances), `resolver` (a job read against its plugin),
`policies`.
"""

from anyjob.plugins.binding import Binding, Bound, BoundLauncher, BoundPlace
from anyjob.plugins.draft import DraftChange, RunDraft
from anyjob.plugins.executables import executable_type
from anyjob.plugins.fence import CONTRACT
from anyjob.plugins.hookspecs import HookSpecs, hookimpl
from anyjob.plugins.host import PluginHost
from anyjob.plugins.notices import ContractWarning
from anyjob.plugins.observers import ObserverReport, Observers
from anyjob.plugins.registry import Offer
from anyjob.plugins.report import PluginReport, PluginState
from anyjob.plugins.settings import PluginSettings
from anyjob.plugins.types import CommandType, ExecutorType, InstanceChange, LauncherType

__all__ = [
    "CONTRACT",
    "Binding",
    "Bound",
    "BoundLauncher",
    "BoundPlace",
    "CommandType",
    "ContractWarning",
    "DraftChange",
    "ExecutorType",
    "HookSpecs",
    "InstanceChange",
    "LauncherType",
    "ObserverReport",
    "Observers",
    "Offer",
    "PluginHost",
    "PluginReport",
    "PluginSettings",
    "PluginState",
    "RunDraft",
    "executable_type",
    "hookimpl",
]
