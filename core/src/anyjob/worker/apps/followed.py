"""A run whose program tells of it: what the program says goes into the run."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from anyjob.errors import AnyJobError, ContractBroken
from anyjob.outcome import Evidence, Outcome, StopReport, Strength, unknown
from anyjob.problem import Problem
from anyjob.run import Run
from anyjob.worker.apps.codec import Body, read
from anyjob.worker.apps.faults import AnswerRefused, BadMessage
from anyjob.worker.apps.messages import Checkpoint, Log, Map, Progress, Result

__all__ = ["Followed", "FollowedRuns", "capped", "capped_stop"]

_AGAIN = 0.5
"""Seconds between tries to write a log for which there is no space."""


class Followed:
    """One run. `outcome` is set once the program says that it is over. `teller`: the process, or the connection to
    it, that was asked to tell of it."""

    def __init__(self, run: Run, who: str, sources: Sequence[str]) -> None:
        self.run, self._who, self._sources = run, who, sources
        self.teller: object | None = None
        self.retire = False
        self.outcome: asyncio.Future[Outcome] = asyncio.get_running_loop().create_future()

    async def take(self, kind: str, body: Body) -> Mapping[str, Any] | None:
        """One message about the run; None: such a message is not known.

        Raises AppFault for one that cannot be used, and AnswerRefused.
        """
        match kind:
            case "log":
                await self._log(read(self._who, Log, body))
            case "progress":
                said = read(self._who, Progress, body)
                self.run.progress(said.done, said.total)
            case "checkpoint":
                await self._refusing(kind, self.run.checkpoint(read(self._who, Checkpoint, body).data))
            case "map":
                mapped = read(self._who, Map, body)
                await self._refusing(kind, self.run.map(mapped.items, mapped.name, mapped.key))
            case "result":
                self._result(body)
            case _:
                return None
        return {}

    async def _log(self, said: Log) -> None:
        if said.source and said.source not in self._sources:
            remedy = f"is none of its sources: {', '.join(self._sources)}"
            raise BadMessage(self._who, "log", Problem(field="source", value=said.source, remedy=remedy))
        while True:
            try:
                if said.cursor:
                    return self.run.log.feed(said.data, said.source, said.cursor)
                return self.run.log.write(said.data)
            except OSError:  # no space left: nothing that was written may get lost, so the program waits
                await asyncio.sleep(_AGAIN)

    async def _refusing(self, kind: str, work: Any) -> None:
        try:
            await work
        except ContractBroken as error:  # it is the job's code that asked for it, not the executor
            raise AnswerRefused(self._who, kind, f"{error.said}. {error.remedy}") from error
        except AnyJobError as error:
            raise AnswerRefused(self._who, kind, str(error)) from error

    def _result(self, body: Body) -> None:
        """The end of this run. What cannot be read ends it too: it is over, and how is not known."""
        try:
            said = read(self._who, Result, body)
            outcome, self.retire = capped(said.outcome), said.retire
        except BadMessage as bad:
            outcome = unknown("result", str(bad))
        self.over(outcome)

    def over(self, outcome: Outcome) -> Outcome:
        """From now on nothing that is said of the run counts. Gives its outcome, the first that was said."""
        if not self.outcome.done():
            self.outcome.set_result(outcome)
        return self.outcome.result()


class FollowedRuns:
    """The runs of one program, by name."""

    def __init__(self, sources: Sequence[str]) -> None:
        self._sources = sources
        self.runs: dict[str, Followed] = {}

    def follow(self, run: Run, who: str) -> Followed:
        """The run as messages find it; a new face of a run takes the place of an older one."""
        known = self.runs.get(run.name)
        if known is None or known.run is not run:
            known = self.runs[run.name] = Followed(run, who, self._sources)
        return known

    def drop(self, name: str) -> Followed | None:
        """Follow the run no longer."""
        return self.runs.pop(name, None)

    async def told(self, who: str, kind: str, body: Body) -> Mapping[str, Any] | None:
        """A message of the program. Only of runs that are followed and not over: nothing else is its business.

        Raises AnswerRefused.
        """
        name = body.get("run")
        followed = self.runs.get(name) if isinstance(name, str) else None
        if followed is None or followed.outcome.done():
            if "id" in body and name is not None:
                raise AnswerRefused(who, kind, f"run {name!r} is not going on here")
            return None
        return await followed.take(kind, body)


def capped(outcome: Outcome) -> Outcome:
    """The outcome with a stop report of at most REPORTED."""
    return outcome if outcome.stop is None else replace(outcome, stop=capped_stop(outcome.stop))


def capped_stop(stop: StopReport) -> StopReport:
    """At most REPORTED: what a program outside calls proved nobody here has seen."""
    if stop.strength is not Strength.PROVEN:
        return stop
    note = Evidence(source="worker", text="it said PROVEN, which cannot be checked")
    return replace(stop, strength=Strength.REPORTED, evidence=[*stop.evidence, note])
