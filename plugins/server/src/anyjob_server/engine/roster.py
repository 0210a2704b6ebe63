"""The instances that have not ended."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field

from anyjob.status import InstanceStatus
from anyjob_server.engine.loaded import Loaded
from anyjob_server.store.instances import InstanceRow

__all__ = ["Active", "Roster"]


@dataclass(slots=True, kw_only=True, eq=False)
class Active:
    """One of them, from the decision to fire until its end is durable.

    `row` is as it was inserted, `status` as it stands in the store, or soon will. Two things must have come together
    before it starts: `durable` (its row is) and `admitted` (the limits let it in). `begun`: epoch ms at which its first
    run was accepted; `ended` (epoch ms): of its end. `stopped`: who stopped it, empty: nobody; `stopped_at`: when
    (epoch ms), None where an older version was asked. `late`: that it takes too long has been told. `last`: its job
    goes with its end. `settled`: the worker has it, or it is over.
    """

    row: InstanceRow
    loaded: Loaded
    status: InstanceStatus
    durable: bool = False
    admitted: bool = False
    fired: bool = False
    ending: bool = False
    begun: int | None = None
    ended: int | None = None
    stopped: str = ""
    stopped_at: int | None = None
    late: bool = False
    last: bool = False
    settled: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def id(self) -> int:
        """The instance's number."""
        return self.row.id


class Roster:
    """By id and by job."""

    def __init__(self) -> None:
        self.by_id: dict[int, Active] = {}
        self._by_job: dict[int, dict[int, Active]] = {}

    def add(self, active: Active) -> None:
        """It is going from now on."""
        self.by_id[active.id] = active
        self._by_job.setdefault(active.row.job, {})[active.id] = active

    def remove(self, active: Active) -> None:
        """Its end is durable. Nothing happens for one that is not there."""
        if self.by_id.pop(active.id, None) is not None:
            own = self._by_job[active.row.job]
            del own[active.id]
            if not own:
                del self._by_job[active.row.job]

    def of(self, job: int) -> list[Active]:
        """Those of a job, the oldest first."""
        return list(self._by_job.get(job, {}).values())

    def has(self, job: int) -> bool:
        """Whether an instance of the job is going."""
        return job in self._by_job
