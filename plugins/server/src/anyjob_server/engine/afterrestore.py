"""The first start after a restore: what has fired since the backup is not known, so nothing of it fires again."""

from __future__ import annotations

from typing import Final

from sqlalchemy import Connection

from anyjob.outcome import Cause, Outcome, because
from anyjob_server.engine.clock import Clock
from anyjob_server.engine.errors import Reason
from anyjob_server.engine.loaded import Loaded, Shelf
from anyjob_server.store import jobs, meta, reasons
from anyjob_server.store.reasons import ReasonRow
from anyjob_server.store.store import Store
from anyjob_server.timing.misfire import missed
from anyjob_server.timing.timeline import Fire

__all__ = ["is_first", "let_pass", "lost_sight"]

_CHUNK: Final = 500
_TEXT: Final = (
    "the database was put back to an earlier state, so whether this fired is not known; it does not fire again"
)


def is_first(store: Store) -> bool:
    """Whether no server has started since a restore. Raises StoreLost."""
    return store.read_now(lambda c: meta.get(c, meta.RESTORED)) is not None


def lost_sight() -> Outcome:
    """The end of an instance that had not ended in the backup, and that the worker's folder does not know."""
    text = "the database was put back to a state in which this had not ended; what became of it since is not known"
    return because(Cause.UNKNOWN, "server", text)


async def let_pass(store: Store, shelf: Shelf, clock: Clock) -> None:
    """Times that have passed leave a reason, and jobs fire from now on; then the restore is over. Nothing fires yet,
    and every end is written. Cut off anywhere, it is begun again by the next start. Raises StoreFull, StoreLost."""
    now = clock.now()
    late = [(job, at) for job, at, _, _ in store.read_now(jobs.due) if at <= now]
    for start in range(0, len(late), _CHUNK):
        some = dict(late[start : start + _CHUNK])
        nexts, said = dict[int, int | None](), list[ReasonRow]()
        for job, loaded in (await shelf.fetch([*some])).items():
            if not loaded.timeline.chained:  # a cycle has no time of its own that could have fired
                nexts[job] = _passed(loaded, some[job], now, said)

        def keep(c: Connection, nexts: dict[int, int | None] = nexts, said: list[ReasonRow] = said) -> None:
            jobs.set_next(c, nexts.items())
            reasons.add(c, said)

        await store.write(keep)
    await store.write(lambda c: meta.drop(c, meta.RESTORED))


def _passed(loaded: Loaded, at: int, now: int, said: list[ReasonRow]) -> int | None:
    answer = missed(loaded.timeline, at - 1, now, -1)
    if answer.skipped:
        first, last = answer.first or at, answer.last or at
        row = ReasonRow(
            job=loaded.row.id, at=first, last=last, schedule_time=last, kind=Reason.MISFIRE, text=_TEXT,
            count=answer.skipped,
        )  # fmt: skip
        said.append(row)
    return answer.next.schedule_time if isinstance(answer.next, Fire) else None
