"""What a worker is asked to run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, cast

from anyjob.executor.capabilities import Phase
from anyjob.job import Job
from anyjob.outcome import Json
from anyjob.plugins.binding import Binding
from anyjob.run import Shard
from anyjob.status import TriggerType

__all__ = ["RunOrder", "run_name"]


def run_name(instance: int, task: int, fence: int) -> str:
    """The name of one start, DNS-safe, unique as far as instance numbers are."""
    return f"aj-{instance:x}-{task}-{fence}"


@dataclass(frozen=True, slots=True, kw_only=True)
class RunOrder:
    """One start of one attempt of a task: everything that a worker must know to do it, and to go on with it after a
    crash.

    Times are epoch milliseconds, `deadline` epoch seconds. `binding` None: the worker's host binds the job when it
    accepts it.
    """

    job: Job
    job_id: int = 0
    instance: int
    task: int = 0
    task_name: str = ""
    attempt: int = 0
    fence: int = 1
    phase: Phase = Phase.PROCESS
    shard: Shard | None = None
    payload: Json = None
    upstream: Json = None
    results: Json = None
    """How the tasks before this one ended, for `POST`: a list of {task, status, result}."""
    instance_parameters: str = ""
    schedule_time: int = 0
    data_time: int = 0
    trigger: TriggerType = TriggerType.API
    deadline: float | None = None
    binding: Binding | None = None
    name: str = ""

    def __post_init__(self) -> None:
        if not self.name:
            object.__setattr__(self, "name", run_name(self.instance, self.task, self.fence))

    @property
    def key(self) -> str:
        """The same for every start of this attempt."""
        return f"aj-{self.instance:x}-{self.task}-a{self.attempt}"

    def to_json(self) -> dict[str, Json]:
        """For the journal, without the job, which is written once for all its runs. Defaults are left out."""
        said: dict[str, Json] = {"instance": self.instance, "fence": self.fence}
        for name in _PLAIN:
            value = getattr(self, name)
            if value or (value is not None and name in _ANY):
                said[name] = value
        if self.phase is not Phase.PROCESS:
            said["phase"] = self.phase.value
        if self.shard is not None:
            said["shard"] = [self.shard.id, self.shard.parameter, self.shard.total]
        if self.deadline is not None:
            said["deadline"] = self.deadline
        said["trigger"] = int(self.trigger)
        return said

    @classmethod
    def from_json(cls, job: Job, said: Mapping[str, Any]) -> RunOrder:
        """What `to_json` wrote, with the job it was for."""
        plain = {name: said[name] for name in (*_PLAIN, "deadline", "instance", "fence") if name in said}
        shard = cast("list[Any] | None", said.get("shard"))
        return cls(
            job=job,
            phase=Phase(said.get("phase", "PROCESS")),
            shard=None if shard is None else Shard(id=shard[0], parameter=shard[1], total=shard[2]),
            trigger=TriggerType(said["trigger"]),
            **plain,
        )


_ANY = frozenset({"payload", "upstream", "results"})
"""Values of any kind: 0 and "" are not nothing."""

_PLAIN = (
    "job_id",
    "task",
    "task_name",
    "attempt",
    "payload",
    "upstream",
    "results",
    "instance_parameters",
    "schedule_time",
    "data_time",
)
