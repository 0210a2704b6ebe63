"""Execute modes, pure: `plan` says which tasks an instance has, `fold` what their outcomes make of it.

One module a mode; the loop that runs tasks is the caller's.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from anyjob.job import ExecuteMode, Job
from anyjob.modes import broadcast, sharding, standalone
from anyjob.modes.mode import PLAIN, Mode, ModeRefused, TaskPlan, tuned

__all__ = ["MODES", "PLAIN", "Mode", "ModeRefused", "TaskPlan", "mode_of", "tuned"]

MODES: Mapping[ExecuteMode, Mode] = MappingProxyType(
    {
        ExecuteMode.STANDALONE: standalone.StandaloneMode(),
        ExecuteMode.BROADCAST: broadcast.BroadcastMode(),
        ExecuteMode.SHARDING: sharding.ShardingMode(),
    }
)
"""The modes that run."""


def mode_of(job: Job) -> Mode:
    """The mode of `job`. Raises ModeRefused for one that does not run yet."""
    mode = MODES.get(job.execute_mode)
    if mode is None:
        raise ModeRefused(job.name, job.execute_mode.value, [known.value for known in MODES])
    return mode
