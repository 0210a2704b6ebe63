"""What is written of instances: everything that comes together goes into the store together."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Final

from sqlalchemy import Connection

from anyjob_server.engine.clock import Clock
from anyjob_server.store import instances, jobs, outbox, reasons
from anyjob_server.store.errors import StoreFull, StoreLost
from anyjob_server.store.outbox import OutboxRow
from anyjob_server.store.reasons import ReasonRow
from anyjob_server.store.store import Store
from anyjob_server.store.transitions import Transition

__all__ = ["Beside", "Note", "Pen"]

_LATER: Final = 0.1
"""Seconds that a start may wait for its end: then both are one write."""
_AGAIN: Final = 1.0
"""Seconds until what could not be written is tried again."""

_log = logging.getLogger(__name__)

Beside = Callable[[Connection], Iterable[OutboxRow]]
"""What else is to be told of a change; asked inside its transaction, only when it was carried out."""


@dataclass(slots=True, kw_only=True)
class Note:
    """One change of one instance, and what goes with it.

    `nexts` and `gone` are of its job: when it fires next, and that it is over. `then` is called on the loop when all of
    it is durable, with whether the instance changed.
    """

    transition: Transition
    beside: list[Beside] = field(default_factory=list[Beside])
    reasons: list[ReasonRow] = field(default_factory=list[ReasonRow])
    nexts: list[tuple[int, int | None]] = field(default_factory=list[tuple[int, int | None]])
    gone: list[int] = field(default_factory=list[int])
    then: Callable[[bool], None] | None = None


class Pen:
    """Writes notes in turns of the loop, one write at a time. On a full disk they wait: nothing of them is lost."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store, self._clock = store, clock
        self._soon: list[Note] = []
        self._late: dict[int, Note] = {}
        self._reasons: list[ReasonRow] = []
        self._wake = asyncio.Event()
        self._timer: asyncio.TimerHandle | None = None
        self._busy = False
        self._quiet = asyncio.Event()
        self._quiet.set()

    def soon(self, note: Note) -> None:
        """Write it at once. What waited of the same instance goes before it, or is taken in."""
        earlier = self._late.pop(note.transition.id, None)
        if earlier is not None:
            note.transition = _joined(earlier.transition, note.transition)
            note.beside = [*earlier.beside, *note.beside]
            if earlier.then is not None:
                note.then = _both(earlier.then, note.then)
        self._soon.append(note)
        self._stir()

    def late(self, note: Note) -> None:
        """Write it in a moment, unless something else comes of the same instance meanwhile."""
        self._late[note.transition.id] = note
        if self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(_LATER, self._due)

    def reason(self, *rows: ReasonRow) -> None:
        """Keep reasons of firings that made no instance."""
        self._reasons += rows
        self._stir()

    def _due(self) -> None:
        self._timer = None
        self._soon += self._late.values()
        self._late.clear()
        self._stir()

    def _stir(self) -> None:
        self._quiet.clear()
        self._wake.set()

    async def flushed(self) -> None:
        """Wait until everything that was given is durable."""
        if self._timer is not None:
            self._timer.cancel()
            self._due()
        await self._quiet.wait()

    async def run(self) -> None:
        """Write, until cancelled."""
        while True:
            await self._wake.wait()
            self._wake.clear()
            await asyncio.sleep(0)  # what else this turn of the loop brings
            notes, said = self._soon, self._reasons
            self._soon, self._reasons = [], []
            if notes or said:
                await self._keep(notes, said)
            if not self._soon and not self._reasons:
                self._quiet.set()

    async def _keep(self, notes: list[Note], said: list[ReasonRow]) -> None:
        try:
            changed = await self._written(notes, said)
        except Exception:  # noqa: BLE001 - a defect in one change must not end the writing of all
            if len(notes) + bool(said) <= 1:
                # It stays as it is in the store; the worker still knows the end, and the next start takes it up.
                _log.exception("a change cannot be written: %s", notes or said)
                return
            for note in notes:  # one that is at fault must not keep the others
                await self._keep([note], [])
            if said:
                await self._keep([], said)
            return
        seen = set[int]()
        for note in notes:
            one = note.transition
            self._store.recent.moved(one, surely=one.id in changed and one.id not in seen)
            seen.add(one.id)
        for note in notes:
            if note.then is not None:
                note.then(note.transition.id in changed)

    async def _written(self, notes: list[Note], said: list[ReasonRow]) -> set[int]:
        def change(c: Connection) -> set[int]:
            return _write(c, notes, said, self._clock.now())

        while True:
            try:
                return await self._store.write(change)
            except (StoreFull, StoreLost) as error:
                # A change whose fate is not known may be made again: it finds itself done and changes nothing.
                _log.warning("%s Trying again.", error)
                await asyncio.sleep(_AGAIN)


def _write(c: Connection, notes: list[Note], said: list[ReasonRow], now: int) -> set[int]:
    changed: set[int] = set()
    rest = notes
    while rest:  # at most one change for each instance at one time
        turn: dict[int, Note] = {}
        later: list[Note] = []
        for note in rest:
            if note.transition.id in turn:
                later.append(note)
            else:
                turn[note.transition.id] = note
        done = instances.transition(c, [note.transition for note in turn.values()])
        changed |= done
        for number in done:
            note = turn[number]
            for beside in note.beside:
                outbox.add(c, list(beside(c)))
        rest = later
    own = [note for note in notes if note.transition.id in changed]
    reasons.add(c, [*(row for note in notes for row in note.reasons), *said])
    jobs.set_next(c, [one for note in own for one in note.nexts])
    gone = [one for note in own for one in note.gone]
    if gone:
        jobs.delete(c, gone, now)
    return changed


def _joined(first: Transition, then: Transition) -> Transition:
    """The second, with what the first would have set, from where the first may come."""
    return Transition(
        id=then.id,
        to=then.to,
        expect=tuple(dict.fromkeys([*first.expect, *then.expect])),
        values={**first.values, **then.values},
    )


def _both(first: Callable[[bool], None], then: Callable[[bool], None] | None) -> Callable[[bool], None]:
    def both(changed: bool) -> None:  # noqa: FBT001 - a callback
        first(changed)
        if then is not None:
            then(changed)

    return both
