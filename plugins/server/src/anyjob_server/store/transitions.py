"""Where an instance may go from where it stands, as data.

Source: SchedulerX worker for Go, processor/instance_status.go.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Final

from anyjob.status import InstanceStatus
from anyjob_server.store.errors import NeverAllowed
from anyjob_server.store.statement import Fields

__all__ = ["ALLOWED", "OPEN", "Transition"]

_WAITING, _POOL, _RUNNING = InstanceStatus.WAITING, InstanceStatus.POOL, InstanceStatus.RUNNING
_SUCCESS, _FAILED, _PAUSED = InstanceStatus.SUCCESS, InstanceStatus.FAILED, InstanceStatus.PAUSED
_SKIPPED, _REMOVED = InstanceStatus.SKIPPED, InstanceStatus.REMOVED

ALLOWED: Final[Mapping[InstanceStatus, frozenset[InstanceStatus]]] = {
    _WAITING: frozenset({_POOL, _RUNNING, _SUCCESS, _FAILED, _PAUSED, _SKIPPED, _REMOVED}),
    _POOL: frozenset({_WAITING, _RUNNING, _SUCCESS, _FAILED, _PAUSED, _SKIPPED, _REMOVED}),
    _RUNNING: frozenset({_WAITING, _SUCCESS, _FAILED, _PAUSED}),  # waiting: for the next attempt
    _PAUSED: frozenset({_WAITING, _POOL, _RUNNING, _SUCCESS, _FAILED, _SKIPPED, _REMOVED}),
    _FAILED: frozenset({_SUCCESS}),  # SetJobInstanceSuccess, and nothing else, changes an end
    _SUCCESS: frozenset(),
    _SKIPPED: frozenset(),
    _REMOVED: frozenset(),
}
"""From each state to which. An end never reopens."""

OPEN: Final = tuple(status for status in ALLOWED if not status.finished)
"""The states that are no end."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Transition:
    """A change of an instance that is carried out only if it stands at one of `expect`.

    `values`: further columns to set (`end_time`, `result`, ...). An instance that stands at `to` already may be
    expected there: then only the values change. Raises NeverAllowed when no instance may go that way.
    """

    id: int
    to: InstanceStatus
    expect: Collection[InstanceStatus]
    values: Fields = field(default_factory=dict[str, object])

    def __post_init__(self) -> None:
        wrong = [
            status
            for status in self.expect
            if status not in ALLOWED or not (self.to in ALLOWED[status] or (status in OPEN and status == self.to))
        ]
        if wrong or not self.expect:
            raise NeverAllowed(self.to, wrong)
