"""What a job type promises, and which samples that obliges it to bring."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from anyjob.executor.capabilities import Capabilities, Limit
from anyjob.outcome import Strength

__all__ = ["Promise", "excused"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Promise:
    """The capabilities of a type for its sample `succeeds`, and whether its runs are commands of a launcher."""

    capabilities: Capabilities
    command: bool


def _always(promise: Promise) -> str:
    del promise
    return ""


def _command(promise: Promise) -> str:
    return "" if promise.command else "its runs are no commands"


def _stops(promise: Promise) -> str:
    return "it only asks for stops" if promise.capabilities.proof is Strength.ASKED else ""


def _proves(promise: Promise) -> str:
    return "" if promise.capabilities.proof is Strength.PROVEN else "its stops are not PROVEN"


def _resumes(promise: Promise) -> str:
    return "" if promise.capabilities.resumes else "its runs do not outlive their worker"


def _limits(name: Limit) -> Callable[[Promise], str]:
    return lambda promise: "" if name in promise.capabilities.limits else f"it enforces no limit of {name}"


_EXCUSES: Final[Mapping[str, Callable[[Promise], str]]] = MappingProxyType(
    {
        "succeeds": _always,
        "fails": _always,
        "sleeps": _always,
        "obeys": _stops,
        "ignores": _proves,
        "forks": lambda promise: _command(promise) or _proves(promise),
        "remembers": _resumes,
        "eats_memory": _limits("memory"),
        "starts_processes": _limits("pids"),
        "burns": _limits("cpu"),
    }
)


def excused(name: str, promise: Promise) -> str:
    """Why the type need not bring the sample `name`; empty: it must."""
    return _EXCUSES.get(name, _command)(promise)
