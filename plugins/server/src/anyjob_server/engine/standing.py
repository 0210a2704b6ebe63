"""How the whole server stands at this moment: what `anyjob status` shows."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

from anyjob_server.engine.health import HealthBook
from anyjob_server.engine.hold import By
from anyjob_server.engine.limits import Gate
from anyjob_server.engine.room import Room
from anyjob_server.engine.roster import Active, Roster
from anyjob_server.engine.why import behind
from anyjob_server.store import enabled, outbox
from anyjob_server.store.errors import StoreLost, lost
from anyjob_server.store.outbox import Unsent
from anyjob_server.store.store import Store

__all__ = ["OfType", "Standing", "Waits", "look"]


@dataclass(frozen=True, slots=True, kw_only=True)
class OfType:
    """A type that has enabled jobs. `state`: the executor's word, healthy, unhealthy or undetected, and `why`."""

    job_type: str
    state: str
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Waits:
    """An instance that may not start yet, and behind what, in words."""

    active: Active
    behind: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """`halt`: why nothing new begins; empty when it does. `held`: by what, where that is why. The longest that goes
    on comes first. `alerts`: None where the database cannot be asked."""

    halt: str
    held: By
    types: Sequence[OfType]
    running: Sequence[Active]
    waiting: Sequence[Waits]
    alerts: Unsent | None


async def look(store: Store, roster: Roster, gate: Gate, room: Room, health: HealthBook) -> Standing:
    """What memory says, and what the types say of themselves: of none where the database cannot be asked."""
    halt = room.halt
    try:
        names, alerts = await store.read(lambda c: (enabled.types(c), outbox.standing(c)))
    except StoreLost as error:
        halt, names = halt or lost(error.where, error.why), []
        alerts = None
    said = await asyncio.gather(*(health.of("executor", name) for name in sorted(names)))
    going = [one for one in sorted(roster.by_id.values(), key=lambda one: one.id) if not one.ending]
    return Standing(
        halt=halt,
        held=room.hold.by,
        types=[
            OfType(job_type=name, state=one.state, why=one.why) for name, one in zip(sorted(names), said, strict=True)
        ],
        running=[one for one in going if one.admitted],
        waiting=[Waits(active=one, behind=behind(one, gate, room)) for one in going if not one.admitted],
        alerts=alerts,
    )
