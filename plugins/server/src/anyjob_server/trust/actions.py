"""The words of what can be asked of the server, for policies and the audit log."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

__all__ = ["ACTIONS", "RUNS_CODE", "known_pattern"]

ACTIONS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "job.create": "make a job",
        "job.update": "change a job, its script too",
        "job.delete": "take a job away",
        "job.enable": "let its time fire a job",
        "job.disable": "keep its time from firing a job",
        "job.execute": "run a job now, also again, or for days that are past",
        "job.read": "see jobs, their scripts, and why they do not run",
        "instance.read": "see instances and their results",
        "instance.log": "read what runs wrote",
        "instance.stop": "stop an instance",
        "instance.set": "call a failed instance a success",
        "alert.read": "see whom to tell of what, with their addresses",
        "group.create": "make an app group",
        "group.update": "change an app group",
        "group.delete": "take an app group away",
        "group.read": "see app groups",
        "namespace.create": "make a namespace",
        "namespace.update": "change a namespace",
        "namespace.delete": "take a namespace away",
        "namespace.read": "see namespaces",
        "worker.read": "see workers",
        "region.read": "see regions",
        "key.create": "make an access key",
        "key.revoke": "revoke an access key",
        "key.read": "see which access keys there are",
    }
)
"""Each action and what it is. An operation of the API names one."""

RUNS_CODE: Final = frozenset({"job.create", "job.update", "job.execute", "job.enable"})
"""Those by which somebody's code comes to run: they are asked with the job's type, user, launcher and privileges."""

_KINDS: Final = frozenset(name.partition(".")[0] for name in ACTIONS)


def known_pattern(pattern: str) -> bool:
    """Whether it is an action, `KIND.*` or `*`."""
    return pattern == "*" or pattern in ACTIONS or (pattern.endswith(".*") and pattern[:-2] in _KINDS)
