"""One run that is followed to its end."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from time import monotonic
from typing import TYPE_CHECKING, Final

from anyjob.outcome import Evidence, Json, Outcome, StopReport, Strength
from anyjob_dataworks.api import NotThere
from anyjob_dataworks.ends import bad, lost, over, stop_report
from anyjob_dataworks.faults import CallFault, Trouble
from anyjob_dataworks.nodelogs import NodeLogs, Piece
from anyjob_dataworks.nodestates import NodeStates
from anyjob_dataworks.sight import Sight

if TYPE_CHECKING:
    from anyjob.run import Run
    from anyjob_dataworks.api import Api, Ask, Known, StopSaid
    from anyjob_dataworks.plan import Plan
    from anyjob_dataworks.poller import Door, Poller
    from anyjob_dataworks.settings import DataworksSettings
    from anyjob_dataworks.spec import DataworksSpec

__all__ = ["Follow"]

_SOON: Final = 0.5
_SOON_PRACTICE: Final = 0.05
_SEARCH_PRACTICE: Final = 2.0
_GROWTH: Final = 1.5
_LATE_LOGS: Final = 3
"""Further looks at an ended flow whose logs could not be read."""


class Follow:
    """`known` is what is known of the started flow; empty of ids when the start was not answered."""

    def __init__(
        self,
        run: Run,
        spec: DataworksSpec,
        settings: DataworksSettings,
        plan: Plan,
        api: Api,
        known: Known,
        poller: Poller,
        door: Door,
    ) -> None:
        self._run, self._spec, self._settings = run, spec, settings
        self._plan, self._api, self._poller, self._door = plan, api, poller, door
        self._known: dict[str, Json] = {**known}
        self._logs = NodeLogs(api, plan, run.log, settings.log)
        self._states = None if spec.log == "output" else NodeStates(run.log)
        self._stopped: set[int] = set()
        self._refused: tuple[str, ...] = ()
        self._hurry = asyncio.Event()
        self.absent = False
        """Whether a search was answered to its end, and found nothing."""

    @property
    def practice(self) -> bool:
        """Whether it is on the practice server."""
        return self._door.practice

    @property
    def found(self) -> bool:
        """Whether an id of the started flow is known."""
        return any(self._known.get(name) for name in ("dag", "operation", "instances"))

    # ---------------------------------------------------------------- watch

    async def to_the_end(self) -> Outcome:
        """Look until it is over."""
        self._run.on_stop(self._hurry.set)
        if not self.found:
            unknown = await self.search()
            if unknown is not None:
                return unknown
        usual = self._spec.poll or (0.1 if self._door.practice else self._settings.poll)
        soon = _SOON_PRACTICE if self._door.practice else _SOON
        pause, heard, late = min(soon, usual), monotonic(), 0
        fault: CallFault | None = None
        while True:
            try:
                sight, pieces = await self._poller.run(self._door, self._look)
            except CallFault as error:
                if fault is None:
                    self._say(f"looking at it fails, and goes on: {error}")
                fault = error
                if monotonic() - heard > self._settings.patience:
                    said = f"every look has failed for {self._settings.patience:g} s"
                    return lost(said, self._plan, self._api.name(self._known), fault)
            else:
                if fault is not None:
                    self._say("it can be looked at again")
                heard, fault = monotonic(), None
                await self._seen(sight, pieces)
                if sight.refused:
                    return over(self._plan, "", sight, {}, stopping=self._run.stopping)
                if sight.over:
                    late += 1
                    if late > _LATE_LOGS or self._spec.log == "states" or (late > 1 and not self._logs.faults):
                        return self._over(sight)
                    self._logs.more(sight.nodes)  # the end of a log may come after that of its node
                    pause = min(soon, usual)
                else:
                    late = 0
                    if self._run.stopping:
                        await self._stop_nodes(sight)
            await self._wait(pause)
            pause = min(pause * _GROWTH, usual)

    def _look(self, ask: Ask) -> tuple[Sight, list[Piece]]:
        """In a thread."""
        sight = self._api.look(self._plan, self._known, ask)
        if self._spec.log == "states":
            return sight, []
        return sight, self._logs.pull(ask, self._logs.due(sight.nodes))

    async def _seen(self, sight: Sight, pieces: Sequence[Piece]) -> None:
        """Back on the loop: keep and show what a look gave."""
        if sight.kept:
            self._known |= sight.kept
            await self._run.checkpoint({**_saved(self._run), **sight.kept})
        # What goes on is told of before its words, what has ended behind them.
        if self._states is not None:
            self._states.tell([node for node in sight.nodes if not node.phase.over])
        await self._logs.feed(pieces)
        if self._states is not None:
            self._states.tell(sight.nodes)
        if sight.nodes:
            self._run.progress(sight.done, len(sight.nodes))

    def _over(self, sight: Sight) -> Outcome:
        name = self._api.name(self._known)
        outcome = over(self._plan, name, sight, self._logs.tails, stopping=self._run.stopping)
        if not self._logs.faults:
            return outcome
        more = [Evidence(source="log", text=f"node {node}: {why}") for node, why in list(self._logs.faults.items())[:5]]
        return replace(outcome, evidence=[*outcome.evidence, *more])

    async def _wait(self, seconds: float) -> None:
        """Until the next look; a stop hurries it once."""
        try:
            async with asyncio.timeout(seconds):
                await self._hurry.wait()
            self._hurry.clear()
        except TimeoutError:
            pass

    def _say(self, text: str) -> None:
        if self._states is not None:
            self._run.log.write(f"[anyjob] {text}\n".encode())

    # ---------------------------------------------------------------- a start that was not answered

    async def search(self) -> Outcome | None:
        """Look for the flow by its mark. None: it is found."""
        plan = self._plan
        said = "the request to start it was sent and not answered"
        if not plan.mark:
            return lost(f"{said}, and XAttrs.mark is false, so it cannot be looked for", plan, "", None)
        practice = self._door.practice
        until = monotonic() + (min(_SEARCH_PRACTICE, self._settings.search) if practice else self._settings.search)
        pause = _SOON_PRACTICE if practice else _SOON
        fault: CallFault | None = None
        while True:
            fault = None
            try:
                found = await self._poller.run(self._door, lambda ask: self._api.find(plan, self._known, ask))
            except NotThere as error:
                return bad(str(error))
            except CallFault as error:
                found, fault = None, error
            if found is not None:
                self._known |= found
                await self._run.checkpoint({**_saved(self._run), **found})
                self._say(f"the start was not answered; {self._api.name(self._known)} carries the mark {plan.mark}")
                return None
            if monotonic() >= until or (fault is not None and not fault.passing):
                self.absent = fault is None
                return lost(f"{said}, and nothing that carries the mark {plan.mark} is found", plan, "", fault)
            await self._wait(pause)
            pause = min(pause * 2, 10.0)

    # ---------------------------------------------------------------- stop

    async def stop(self) -> StopReport:
        """Ask the service to end what has not ended, and say how things stand."""
        if not self.found:
            text = "its start was not answered, and it is not found yet"
            return StopReport(strength=Strength.ASKED, by="nothing to stop is known", survivors=[text])
        try:
            sight = await self._poller.run(self._door, lambda ask: self._api.look(self._plan, self._known, ask))
            self._known |= sight.kept
            if sight.refused or sight.over:
                return stop_report(sight, self._api.name(self._known))
            self._stopped.clear()
            await self._stop_nodes(sight)
        except CallFault as fault:
            survivors = [self._api.name(self._known)]
            evidence = [Evidence(source=fault.action, text=fault.told)]
            return StopReport(
                strength=Strength.ASKED, by="the stop could not be asked for", evidence=evidence, survivors=survivors
            )
        self._hurry.set()
        survivors = [f"node {node.who}: {node.status}" for node in sight.nodes if not node.phase.over]
        evidence = [Evidence(source="stop", text=line) for line in self._refused]
        return StopReport(
            strength=Strength.ASKED,
            by=f"{self._api.name(self._known)}: stop asked for",
            evidence=evidence,
            survivors=survivors or [self._api.name(self._known)],
        )

    async def _stop_nodes(self, sight: Sight) -> None:
        """Those that no stop was taken for yet: some may have begun after the first."""
        going = {node.id for node in sight.nodes if not node.phase.over}
        if sight.nodes and not going - self._stopped:
            return
        try:
            said: StopSaid = await self._poller.run(
                self._door, lambda ask: self._api.stop(self._plan, self._known, sight, ask)
            )
        except CallFault as fault:
            if fault.trouble is not Trouble.THROTTLED:
                self._refused = (str(fault),)
            return
        self._stopped |= said.taken
        self._refused = said.refused


def _saved(run: Run) -> dict[str, Json]:
    return {**run.saved} if isinstance(run.saved, dict) else {}
