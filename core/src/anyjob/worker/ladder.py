"""The stop ladder: ASK, the job's grace, FORCE, and then the verb that waits is given up."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from anyjob.errors import AnyJobError
from anyjob.executor.base import Stage
from anyjob.executor.given import stop_flaw, theirs
from anyjob.outcome import Evidence, StopReport, Strength
from anyjob.worker.states import RunState

if TYPE_CHECKING:
    from anyjob.plugins.binding import Bound
    from anyjob.worker.face import RunFace
    from anyjob.worker.guard import Guard

__all__ = ["StopLadder", "brief", "evidence_of", "grace_left"]

_LOOK = 0.01
"""Seconds between two looks at how far the run has come."""


class StopLadder:
    """How one run is stopped. `cut_off` ends the verb that waits for it, where that may be ended.

    `asked` is called once it was asked, unless an earlier worker had asked: the grace goes on from then, so that a
    restart puts no force off. `last` is what the executor said last. `guard` is whoever keeps the deadline beside, once
    there is one.
    """

    __slots__ = ("_asked", "_bound", "_climbing", "_cut_off", "_face", "_force", "_force_wait", "guard", "last")

    def __init__(
        self,
        face: RunFace,
        bound: Bound,
        force_wait: float,
        cut_off: Callable[[], None],
        asked: Callable[[], None],
    ) -> None:
        """`force_wait`: seconds after FORCE until the run is given up."""
        self._asked = asked
        self._face, self._bound, self._force_wait, self._cut_off = face, bound, force_wait, cut_off
        self._climbing: asyncio.Task[None] | None = None
        self._force: asyncio.Event | None = None
        self.guard: Guard | None = None
        self.last = StopReport(strength=Strength.ASKED, by="nothing was asked yet")

    def begin(self) -> asyncio.Event:
        """Once, whoever comes first: who stops the run, or who takes it up with a stop that an earlier worker accepted.
        To set what is returned skips the grace."""
        if self._force is not None:
            return self._force
        self._force = asyncio.Event()
        self._face.begin_stop()
        self._climbing = asyncio.get_running_loop().create_task(self._climb(self._force))
        return self._force

    def end(self) -> None:
        """The run is over."""
        if self._climbing is not None:
            self._climbing.cancel()

    async def _climb(self, force: asyncio.Event) -> None:
        grace, record = self._face.grace, self._face.record
        if record.state is RunState.STARTING and not await self._reached(RunState.RUNNING, grace, force):
            self._cut_off()
            await self._reached(RunState.RUNNING, None, None)
        if record.state is RunState.ACCEPTED:
            return  # the driver sees the stop before it starts anything
        if self.guard is not None:
            # Before the asking: on a busy machine that takes longer than the shim waits for a living worker.
            await self.guard.put_off(time.time() + grace_left(self._face))
        await self._ask(Stage.ASK)
        if record.asked is None:
            self._asked()
        left = grace_left(self._face)
        if self.guard is not None:
            await self.guard.put_off(time.time() + left)
        try:
            async with asyncio.timeout(left):
                await force.wait()
        except TimeoutError:
            pass
        await self._ask(Stage.FORCE)
        await asyncio.sleep(self._force_wait)
        self._cut_off()

    async def _reached(self, state: RunState, seconds: float | None, force: asyncio.Event | None) -> bool:
        """Wait until the run has come to `state`. False when `seconds` or `force` came first."""
        until = None if seconds is None else time.monotonic() + seconds
        while self._face.record.state is not state:
            if (until is not None and time.monotonic() >= until) or (force is not None and force.is_set()):
                return False
            await asyncio.sleep(_LOOK)
        return True

    async def _ask(self, stage: Stage) -> None:
        handle = self._face.record.handle
        if handle is None:
            return
        try:
            said = await theirs(self._bound.executor.stop(self._face, self._bound.spec, handle, stage))
            if flaw := stop_flaw(said):
                raise TypeError(f"it gave {flaw}")
            self.last = said
        except Exception as error:  # noqa: BLE001 - the executor is a stranger's code, and the ladder must go on
            self.last = StopReport(
                strength=Strength.ASKED, by=f"stop({stage.value}) failed", evidence=[evidence_of("stop", error)]
            )


def grace_left(face: RunFace) -> float:
    """Seconds until the force: of the whole grace, where the run was not asked yet. A clock that was put back does not
    make more of it."""
    asked = face.record.asked
    return face.grace if asked is None else min(face.grace, max(0.0, asked + face.grace - time.time()))


def brief(error: BaseException) -> str:
    """What an executor raised, on one line: errors of ours say what they are."""
    return f"{type(error).__name__}: {error}" if not isinstance(error, AnyJobError) else str(error)


def evidence_of(verb: str, error: BaseException) -> Evidence:
    """That a verb of an executor raised."""
    return Evidence(source=verb, text=brief(error))
