"""What one look at a started flow shows.

Sources: DataWorks API 2020-05-18, GetDag and GetInstance, "Status"; DataWorks API 2024-05-18, GetWorkflowInstance and
GetTaskInstance, "Status".
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final

from anyjob.outcome import Json
from anyjob.problem import short
from anyjob_dataworks.faults import CallFault, Trouble

__all__ = ["Node", "Phase", "Sight", "phase_of", "status_in"]


class Phase(StrEnum):
    """How far something is. A state that is not known counts as `RUNNING`: nothing is called over on a guess."""

    WAITING = "waiting"
    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"

    @property
    def over(self) -> bool:
        """Whether it will not change by itself any more."""
        return self in (Phase.SUCCEEDED, Phase.FAILED)


_LONGEST: Final = 40
"""Characters of a status or note; it stands in a line of the log."""

_PHASES: Final[Mapping[str, Phase]] = {
    "CREATED": Phase.WAITING,
    "NOTRUN": Phase.WAITING,
    "WAITTIME": Phase.WAITING,
    "WAITRESOURCE": Phase.WAITING,
    "WAITTRIGGER": Phase.WAITING,
    "RUNNING": Phase.RUNNING,
    "CHECKING": Phase.RUNNING,
    "CHECKINGCONDITION": Phase.RUNNING,
    "SUCCESS": Phase.SUCCEEDED,
    "FAILURE": Phase.FAILED,
}


def phase_of(status: str) -> Phase:
    """Of a status in the words of either API (`NOT_RUN`, `NotRun`)."""
    return _PHASES.get(status.replace("_", "").upper(), Phase.RUNNING)


def status_in(said: Mapping[str, Any], action: str) -> str:
    """The status of a flow. Raises CallFault where none stands: that says nothing of the flow."""
    status = said.get("Status")
    if not isinstance(status, str) or not status:
        raise CallFault(Trouble.BROKEN, action, "the answer holds no status")
    return short(status, _LONGEST)


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    """One node's instance. `run` counts its reruns; `note`: what else the service says of it."""

    id: int
    name: str
    status: str
    run: int = 1
    note: str = ""

    @property
    def phase(self) -> Phase:
        """How far it is, by the service's word for it."""
        return phase_of(self.status)

    @property
    def who(self) -> str:
        """For people, on one line whatever the service's users have called it."""
        return f"{short(self.name)} ({self.id})" if self.name else str(self.id)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sight:
    """`status` is the flow's own word; `by` where it was read. `kept`: what was learned and is to be kept for later
    looks. `refused`: the service could not make the flow's instance, and why."""

    status: str
    by: str
    nodes: Sequence[Node] = ()
    kept: Mapping[str, Json] = field(default_factory=dict[str, Json])
    refused: str = ""

    @property
    def over(self) -> bool:
        """Whether the flow has ended by its own word, and none of its nodes goes on all the same."""
        return phase_of(self.status).over and not any(node.phase is Phase.RUNNING for node in self.nodes)

    @property
    def succeeded(self) -> bool:
        """Whether the service calls the whole flow a success."""
        return phase_of(self.status) is Phase.SUCCEEDED

    @property
    def done(self) -> int:
        """Nodes that have ended."""
        return sum(node.phase.over for node in self.nodes)
