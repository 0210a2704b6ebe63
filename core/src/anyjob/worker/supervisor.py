"""One run's way from acceptance to its end, through any number of worker processes."""

from __future__ import annotations

import asyncio
import logging
import time
import traceback
from collections.abc import Awaitable, Callable
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Protocol, TypeVar

from anyjob.errors import ContractBroken, PasteRefused, RunRefused, SecretMissing
from anyjob.executor.capabilities import DeadlineBy
from anyjob.executor.given import handle_flaw, outcome_flaw, theirs
from anyjob.executor.handle import Handle
from anyjob.job import BadJob
from anyjob.outcome import Cause, Evidence, Outcome, because, unknown
from anyjob.worker.book import RunBook
from anyjob.worker.face import RunFace
from anyjob.worker.guard import Guard
from anyjob.worker.ladder import StopLadder, brief, evidence_of, grace_left
from anyjob.worker.record import RunRecord
from anyjob.worker.secrets import mask_outcome, masks
from anyjob.worker.states import RunState, Step, next_step
from anyjob.worker.verdict import DEADLINE, STOP, given_up, never_started, settle

if TYPE_CHECKING:
    from anyjob.plugins.binding import Bound

__all__ = ["Owner", "Supervisor"]

T = TypeVar("T")

_log = logging.getLogger(__name__)
_AGAIN = 0.5
"""Seconds between tries to write the ledger."""


class Owner(Protocol):
    """What a supervisor needs of its worker."""

    @property
    def book(self) -> RunBook:
        """Where marks become durable."""
        ...

    @property
    def force_wait(self) -> float:
        """Seconds after FORCE in which `watch` must end; then the run ends with the stop's last report."""
        ...

    def prepare(self, face: RunFace, bound: Bound) -> list[str]:
        """Ask the policies; what they changed, a line each. Raises RunRefused."""
        ...

    def guard(self, face: RunFace) -> Guard:
        """What lets the shim keep the run's deadline while no worker is there."""
        ...

    def started(self, face: RunFace) -> None:
        """The run is about to be started; that is durable."""
        ...

    def ended(self, face: RunFace, outcome: Outcome) -> None:
        """The run is over and cleaned; its outcome is durable."""
        ...


class _Cut(Exception):
    """Ends the verb that is going, because of a stop."""


class Supervisor:
    """Drives one run. `task` ends with the run; cancelling it leaves the run going, for the next worker."""

    __slots__ = (
        "_bound",
        "_cut",
        "_cuttable",
        "_guarded",
        "_ladder",
        "_owner",
        "_preparing",
        "_timer",
        "face",
        "over",
        "record",
        "task",
    )

    def __init__(self, owner: Owner, record: RunRecord, face: RunFace, bound: Bound) -> None:
        self._owner, self.record, self.face, self._bound = owner, record, face, bound
        loop = asyncio.get_running_loop()
        self.over: asyncio.Future[Outcome] = loop.create_future()
        self._timer: asyncio.TimerHandle | None = None
        self._guarded: list[Evidence] = []
        self._cut = self._cuttable = self._preparing = False
        self._ladder = StopLadder(face, bound, owner.force_wait, self._cut_off, self._asked)
        self.task = loop.create_task(self._live())

    # ---------------------------------------------------------------- the way

    async def _live(self) -> None:
        if self.record.outcome is not None:
            # An earlier worker died between the end and the tidying up.
            await self.clean()
            self.over.set_result(self.record.outcome)
            return
        try:
            self._arm_deadline()
            if self.record.stop is not None:
                self._ladder.begin()
            outcome = await self._to_the_end()
        except asyncio.CancelledError:
            self._ladder.end()  # it would go on, and write into a ledger that is another's by then
            raise
        except Exception as error:  # noqa: BLE001 - a defect here must not leave a run without an end
            text = "".join(traceback.format_exception(error))
            outcome = unknown("worker", f"the worker failed while it supervised the run: {text[-2000:]}")
        finally:
            if self._timer is not None:
                self._timer.cancel()
        try:
            await self._end(outcome)
        except Exception as error:  # noqa: BLE001 - as above
            _log.exception("%s: the worker failed at the end of the run", self.record.order.name)
            # Without a word of what it failed on: that may be the hiding of secrets.
            text = f"the worker failed at the end of the run: {type(error).__name__}; its own log has more"
            end = self.record.outcome or unknown("worker", text)
            try:
                await self._over(end)
            except Exception:  # noqa: BLE001 - as above
                _log.exception("%s: its end is not durable; the next worker looks for it again", self.record.order.name)
                if not self.over.done():
                    self.over.set_result(end)

    async def _to_the_end(self) -> Outcome:
        if self.record.state is not RunState.ACCEPTED:
            await self._know_secrets()
        while True:
            match next_step(self.record.state, stopping=self.record.stop is not None):
                case Step.START:
                    got = await self._start()
                case Step.FIND:
                    got = await self._find()
                case Step.WATCH:
                    await self._hand_deadline()
                    got = await self._watch()
                case Step.END_STOPPED:
                    return never_started(self.record.stop or STOP)
                case Step.NOTHING:
                    raise ContractBroken("The worker", "it drove a run that is over", "Report this with the journal.")
            if isinstance(got, Outcome):
                kind = self._bound.binding.job_type
                return settle(got, self.record.stop, self._bound.capabilities, kind, self.record.order.deadline)
            if isinstance(got, Handle):
                await self._durable(partial(self._owner.book.handle, self.record, got))

    async def _prepare(self) -> Outcome | list[str]:
        """What policies changed, or why there is no start."""
        try:
            await self.face.resolve_secrets()
            changes = self._owner.prepare(self.face, self._bound)
        except SecretMissing as error:
            return because(Cause.BAD_CONFIG, "secrets", str(error))
        except RunRefused as refused:
            return because(Cause.REJECTED, "policy", str(refused))
        try:
            problems = await theirs(self._bound.preflight())
        except Exception as error:  # noqa: BLE001 - the executor is a stranger's code
            return Outcome(cause=Cause.START_FAILED, result=brief(error), evidence=[evidence_of("preflight", error)])
        if problems:
            said = [Evidence(source="preflight", text=str(problem)) for problem in problems]
            return Outcome(cause=Cause.DEPENDENCY_MISSING, result=str(problems[0]), evidence=said)
        return changes

    async def _start(self) -> Handle | Outcome | None:
        """None: cut off by a stop, so that `find` has to tell."""
        self._preparing = True
        try:
            prepared = await self._verb(self._prepare())
        except _Cut:
            return never_started(self.record.stop or STOP)
        finally:
            self._preparing = False
        if isinstance(prepared, Outcome):
            return prepared
        if self.record.state is RunState.ACCEPTED and self.record.stop is not None:
            return never_started(self.record.stop)
        await self._durable(partial(self._owner.book.starting, self.record, prepared))
        self._owner.started(self.face)
        try:
            got = await self._verb(self._bound.executor.start(self.face, self._bound.spec))
            return _begun("start", got)
        except _Cut:
            return None
        except (BadJob, SecretMissing, PasteRefused) as error:
            return because(Cause.BAD_CONFIG, "start", str(error))
        except Exception as error:  # noqa: BLE001 - the executor is a stranger's code
            return Outcome(cause=Cause.START_FAILED, result=brief(error), evidence=[evidence_of("start", error)])

    async def _find(self) -> Handle | Outcome | None:
        try:
            found = await theirs(self._bound.executor.find(self.face, self._bound.spec))
        except Exception as error:  # noqa: BLE001 - the executor is a stranger's code
            return Outcome(cause=Cause.UNKNOWN, evidence=[evidence_of("find", error)])
        if found is not None:
            return _begun("find", found)
        if self.record.stop is not None:
            return never_started(self.record.stop)
        return await self._start()

    async def _watch(self) -> Outcome:
        handle = self.record.handle
        assert handle is not None
        try:
            return _answered("watch", await self._verb(self._bound.executor.watch(self.face, self._bound.spec, handle)))
        except _Cut:
            return given_up(self.record.stop or STOP, self._ladder.last, self._owner.force_wait)
        except Exception as error:  # noqa: BLE001 - the executor is a stranger's code
            return Outcome(cause=Cause.UNKNOWN, evidence=[evidence_of("watch", error)])

    async def _verb(self, verb: Awaitable[T]) -> T:
        """Await, so that the ladder can cut it off. Raises _Cut then."""
        self._cuttable = True
        try:
            return await theirs(verb)
        except asyncio.CancelledError:
            if not self._cut:
                raise
            self._cut = False
            self.task.uncancel()
            raise _Cut from None
        finally:
            self._cuttable = False

    def _cut_off(self) -> None:
        # `find` is not cut off, however long it takes: without its answer nobody knows what there is to stop.
        if self._cuttable and not self.task.done():
            self._cut = True
            self.task.cancel()

    async def _end(self, outcome: Outcome) -> None:
        face, record = self.face, self.record
        if face.common.secrets:
            if record.state is not RunState.ACCEPTED:
                await self._know_secrets()
            outcome = mask_outcome(outcome, masks(face.secrets))
        if self._guarded:
            outcome = replace(outcome, evidence=[*outcome.evidence, *self._guarded])
        if record.policies:
            changes = [Evidence(source="policy", text=line) for line in record.policies]
            outcome = replace(outcome, evidence=[*outcome.evidence, *changes])
        try:
            face.close_log()
        except OSError as error:
            lost = Evidence(source="log", text=f"its last bytes could not be written: {error.strerror}")
            outcome = replace(outcome, evidence=[*outcome.evidence, lost])
        await self._over(outcome)

    async def _over(self, outcome: Outcome) -> None:
        """Make an end durable, and let everybody go who has to do with the run. May be called again."""
        if self.record.outcome is None:
            await self._durable(partial(self._owner.book.ended, self.record, outcome))
        self._ladder.end()
        if self._ladder.guard is not None:
            await self._ladder.guard.drop()
        await self.clean()
        if not self.over.done():
            self._owner.ended(self.face, outcome)
            self.over.set_result(outcome)

    async def _know_secrets(self) -> None:
        """Log and outcome hide what an earlier start of this run may have been given."""
        try:
            await self.face.resolve_secrets()
        except SecretMissing:
            pass  # what this worker cannot get it cannot tell either

    async def _durable(self, write: Callable[[], None]) -> None:
        """Write until it is written: on a full disk the run waits, because nothing that is known of it may get lost."""
        while True:
            try:
                return write()
            except OSError as error:
                _log.warning(
                    "%s: the worker's ledger cannot be written, trying again: %s", self.record.order.name, error
                )
                await asyncio.sleep(_AGAIN)

    async def clean(self) -> None:
        """The outcome is durable: let the executor tidy up."""
        try:
            await theirs(self._bound.executor.clean(self.face, self._bound.spec, self.record.handle))
        except Exception as error:  # noqa: BLE001 - the run is over and its outcome kept; tidying up must not change that
            try:
                self.face.log.write(f"[anyjob] cleaning up failed: {brief(error)}\n".encode())
                self.face.close_log()
            except OSError as full:
                _log.warning("%s: cleaning up failed: %s; its log has no room: %s", self.face.name, brief(error), full)

    # ---------------------------------------------------------------- stops

    def stop(self, why: str = STOP, *, force: bool = False) -> None:
        """Begin the stop ladder, durably. `force`: do not wait out the grace. Nothing happens once the run is over."""
        if self.record.state is RunState.ENDED:
            return
        if self.record.stop is None:
            self._owner.book.stop(self.record, why)
            if self._preparing:
                self._cut_off()  # nothing was begun, so there is nothing to wait for
        asked = self._ladder.begin()
        if force:
            asked.set()

    def _asked(self) -> None:
        try:
            self._owner.book.asked(self.record)
        except OSError as error:  # the stop itself is durable; a later worker would only begin the grace anew
            _log.warning("%s: the worker's ledger cannot be written: %s", self.record.order.name, error)

    @property
    def force_at(self) -> float | None:
        """When a stop becomes force, epoch seconds; None: it was not asked to end yet, or is over."""
        asked = self.record.asked
        return None if asked is None or self.record.outcome is not None else asked + self.face.grace

    def _arm_deadline(self) -> None:
        """The worker keeps it until the start, and for executors that leave it to the worker. The shim and remote
        systems keep theirs without it."""
        deadline = self.record.order.deadline
        if deadline is not None:
            wait = max(0.0, deadline - time.time())
            self._timer = asyncio.get_running_loop().call_later(wait, self._deadline_passed)

    def _deadline_passed(self) -> None:
        if self._preparing or self._ladder.guard is not None or self._bound.capabilities.deadline is DeadlineBy.WORKER:
            self.stop(DEADLINE)

    async def _hand_deadline(self) -> None:
        """Where the launcher has a command for it, the shim keeps the deadline for the time without a worker."""
        place, handle, deadline = self._bound.command_place, self.record.handle, self.record.order.deadline
        if place is None or handle is None or deadline is None or self._ladder.guard is not None:
            return
        try:
            argv = place.deadline_command(handle)
        except Exception as error:  # noqa: BLE001 - the launcher is a stranger's code, and the command may be well
            self._guarded = [evidence_of("deadline_command", error)]
            return
        if argv is None:
            return
        guard = self._ladder.guard = self._owner.guard(self.face)
        until = deadline if self.record.stop is None else time.time() + grace_left(self.face)
        self._guarded = await guard.arm(argv, until)
        if time.time() >= deadline:
            self.stop(DEADLINE)  # the timer came before there was a guard


def _begun(verb: str, got: object) -> Handle | Outcome:
    """A handle by which the run is found again, or its end."""
    if not isinstance(got, Handle):
        return _answered(verb, got)
    flaw = handle_flaw(got)
    return unknown(verb, f"the executor's {verb} gave {flaw}; what it began may go on") if flaw else got


def _answered(verb: str, got: object) -> Outcome:
    """The outcome that a verb gave; what is none must not be taken for "call me again"."""
    if isinstance(got, Outcome):
        flaw = outcome_flaw(got)
        return got if not flaw else unknown(verb, f"the executor's {verb} gave {flaw}")
    return unknown(verb, f"the executor's {verb} gave a {type(got).__name__}, which the contract does not know")
