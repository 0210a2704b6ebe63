"""What would hold and limit a run on this machine, asked of the shim's own code without a shim."""

from __future__ import annotations

import os
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from anyjob.worker.shim import groups, mounts
from anyjob.worker.shim.limits import Limiter

__all__ = ["Enforcement", "enforcement"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Enforcement:
    """`held_by`: what proves the end of a run's processes; `why`: the reason when that is no group.

    `limits`: what keeps each limit; one that is missing is kept by nobody.
    """

    held_by: str
    limits: Mapping[str, str] = field(default_factory=dict[str, str])
    why: str = ""


def enforcement(cgroup: Literal["auto", "off"]) -> Enforcement:
    """Tried out with a group that is removed again: rights and mounts do not tell what the kernel will grant."""
    if cgroup == "off":
        return _without("cgroups are switched off by worker.cgroup")
    folders = mounts.own_groups()
    base = folders.get("")
    if base is None:
        return _without("no cgroup v2 hierarchy is mounted")
    root = os.path.join(base, f"anyjob-explain-{secrets.token_hex(4)}")
    try:
        os.mkdir(root)
    except OSError as error:
        return _without(f"no groups can be made below {base}: {error.strerror}")
    try:
        limiter = Limiter(root, folders)
        found = limiter.facts()
        limiter.close()
    finally:
        groups.remove(root)
    return Enforcement(held_by=groups.Group.by, limits={"memory": "rlimits, for each process", **found})


def _without(why: str) -> Enforcement:
    return Enforcement(
        held_by="a subreaper of its own, else a scan of its session",
        limits={"memory": "rlimits, for each process"},
        why=why,
    )
