"""What a job type promises, and which samples that obliges it to bring."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from anyjob.executor.capabilities import Capabilities, Limit
from anyjob.outcome import Strength
from anyjob.samples import Samples

__all__ = ["Promise", "description", "excused"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Promise:
    """What is known of a type by its sample `succeeds`: its capabilities, whether its runs are commands of a launcher,
    whether its jobs hold text in which placeholders are filled, and whether its runs write a log. The last is seen in a
    run, so it is asked only where it matters. `contract` is the number that it was written for."""

    capabilities: Capabilities
    command: bool
    fills: bool
    logs: Callable[[], bool]
    contract: int = 1


def _always(promise: Promise) -> str:
    del promise
    return ""


def _command(promise: Promise) -> str:
    return "" if promise.command else "its runs are no commands"


def _stops(promise: Promise) -> str:
    return "it only asks for stops" if promise.capabilities.proof is Strength.ASKED else ""


def _proves(promise: Promise) -> str:
    return "" if promise.capabilities.proof is Strength.PROVEN else "its stops are not PROVEN"


def _proven_command(promise: Promise) -> str:
    return _command(promise) or _proves(promise)


def _resumes(promise: Promise) -> str:
    return "" if promise.capabilities.resumes else "its runs do not outlive their worker"


def _logs(promise: Promise) -> str:
    return "" if promise.command or promise.logs() else "its sample 'succeeds' writes no log"


def _limits(name: Limit) -> Callable[[Promise], str]:
    return lambda promise: "" if name in promise.capabilities.limits else f"it enforces no limit of {name}"


_EXCUSES: Final[Mapping[str, Callable[[Promise], str]]] = MappingProxyType(
    {
        "succeeds": _always,
        "fails": _always,
        "sleeps": _always,
        "obeys": _stops,
        "ignores": _proves,
        "forks": _proven_command,
        "dies": _proven_command,
        "leaves": _proven_command,
        "remembers": _resumes,
        "counts": lambda promise: _resumes(promise) or _logs(promise),
        "floods": _logs,
        "long_line": _logs,
        "bad_bytes": _logs,
        "prints_placeholders": lambda promise: (
            _command(promise) or ("" if promise.fills else "its jobs only name code")
        ),
        "eats_memory": _limits("memory"),
        "starts_processes": _limits("pids"),
        "burns": _limits("cpu"),
    }
)
"""Who need not bring a sample. Those not named here show environment, arguments and files, and are owed by commands."""


_SINCE: Final[Mapping[str, int]] = MappingProxyType({})
"""The contract with which a sample came, of those that came after 1."""


def excused(name: str, promise: Promise) -> str:
    """Why the type need not bring the sample `name`; empty: it must."""
    since = _SINCE.get(name, 1)
    if since > promise.contract:
        return f"it is made for contract {promise.contract}, and that sample came with {since}"
    return _EXCUSES.get(name, _command)(promise)


def description(name: str) -> str | None:
    """What the source of Samples says of a field."""
    source = inspect.getsource(Samples)
    _, found, after = source.partition(f"    {name}: ")
    return after.split('"""')[1] if found else None
