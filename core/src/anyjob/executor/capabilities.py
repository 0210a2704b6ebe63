"""What an executor can promise for a job."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Literal, TypeAlias

from anyjob.outcome import Strength

__all__ = ["Capabilities", "DeadlineBy", "Health", "Limit", "Phase"]

Limit: TypeAlias = Literal["memory", "cpu", "pids"]


class Phase(StrEnum):
    """Which part of an instance a run does. `PRE` and `POST` frame a broadcast, `REDUCE` ends a map."""

    PROCESS = "PROCESS"
    PRE = "PRE"
    POST = "POST"
    REDUCE = "REDUCE"


class DeadlineBy(StrEnum):
    """Who ends a run at its deadline: the `SHIM` and the `REMOTE` also without a worker, the `WORKER` only while it
    lives."""

    SHIM = "SHIM"
    REMOTE = "REMOTE"
    WORKER = "WORKER"


@dataclass(frozen=True, slots=True, kw_only=True)
class Capabilities:
    """What is promised for one spec. A job that asks for a limit, phase or mode that is denied here is refused when
    it is created.

    `deadline`: who ends a run at it. `proof` is the strength of a stop report; `resumes` whether a run outlives its
    worker; `limits` those that are enforced; `phases` those that a run may be; `maps` whether it may add tasks.
    """

    deadline: DeadlineBy = DeadlineBy.WORKER
    proof: Strength = Strength.ASKED
    resumes: bool = False
    limits: frozenset[Limit] = frozenset()
    phases: frozenset[Phase] = frozenset({Phase.PROCESS})
    maps: bool = False

    def joined(self, place: Capabilities) -> Capabilities:
        """For a command: phases and maps are the executor's (maps only if the place brings files back), all else is
        the place's."""
        return Capabilities(
            deadline=place.deadline,
            proof=place.proof,
            resumes=place.resumes,
            limits=place.limits,
            phases=self.phases,
            maps=self.maps and place.maps,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Health:
    """Whether an executor can work here.

    `state` undetected: what it needs is not on this machine; unhealthy: it is, and does not work. `why`, for people:
    what was found or is missing, then what to do about it; one line, no full stop.
    """

    state: Literal["undetected", "unhealthy", "healthy"]
    why: str = ""
