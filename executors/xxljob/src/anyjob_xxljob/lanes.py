"""Which runs of a job go on at which executor: for block strategies, and to know who is busy.

Source: XXL-JOB, ExecutorBlockStrategyEnum and ExecutorBizImpl.run.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field

from anyjob_xxljob.calls import Place

__all__ = ["Lanes"]


@dataclass(slots=True)
class _Lane:
    runs: dict[str, int] = field(default_factory=dict[str, int])
    """Names of runs, in the order in which they came, with their jobIds."""
    changed: asyncio.Event = field(default_factory=asyncio.Event)


class Lanes:
    """One lane for each job and executor. Only runs of this worker are known."""

    def __init__(self) -> None:
        self._lanes: dict[tuple[str, Place], _Lane] = {}
        self._of_run: dict[str, list[tuple[str, Place]]] = {}
        self._covered: set[str] = set()

    def enter(self, job: str, place: Place, run: str, job_id: int) -> None:
        """The run goes there, or waits to."""
        lane = self._lanes.setdefault((job, place), _Lane())
        if run not in lane.runs:
            lane.runs[run] = job_id
            self._of_run.setdefault(run, []).append((job, place))

    def leave(self, run: str) -> None:
        """The run is over."""
        self._covered.discard(run)
        for key in self._of_run.pop(run, []):
            lane = self._lanes[key]
            lane.runs.pop(run, None)
            lane.changed.set()
            lane.changed = asyncio.Event()
            if not lane.runs:
                del self._lanes[key]

    def others(self, job: str, place: Place, run: str = "") -> dict[str, int]:
        """The other runs of the job there, with their jobIds."""
        lane = self._lanes.get((job, place))
        return {} if lane is None else {name: job_id for name, job_id in lane.runs.items() if name != run}

    async def first(self, job: str, place: Place, run: str) -> None:
        """Wait until the runs that came before are over."""
        lane = self._lanes[job, place]
        while next(iter(lane.runs)) != run:
            await lane.changed.wait()

    def cover(self, run: str) -> None:
        """A later run of the job took the place of this one."""
        self._covered.add(run)

    def covered(self, run: str) -> bool:
        """Whether a later run of the job took its place."""
        return run in self._covered
