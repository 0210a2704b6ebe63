"""One run whose verbs a case calls itself, in the order in which it wants them called."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncGenerator, Awaitable
from contextlib import asynccontextmanager
from typing import cast

from anyjob.executor.base import Stage
from anyjob.executor.given import stop_flaw
from anyjob.executor.handle import Handle
from anyjob.outcome import Outcome, StopReport, unknown
from anyjob.plugins import Bound
from anyjob.testing.fault import Fault, told
from anyjob.testing.rig import Rig
from anyjob.worker.face import RunFace
from anyjob.worker.order import RunOrder
from anyjob.worker.record import RunRecord
from anyjob.worker.states import RunState
from anyjob.worker.worker import Worker

__all__ = ["Hand", "by_hand"]


class Hand:
    """A run that a worker lends its services to and does not drive.

    Every verb waits at most the rig's patience, and an exception of the executor becomes a Fault that names the verb.
    """

    def __init__(self, rig: Rig, worker: Worker, order: RunOrder, bound: Bound, record: RunRecord) -> None:
        self.rig, self.order, self.record = rig, order, record
        self.worker, self.bound = worker, bound
        self.face: RunFace = rig.face(worker, order, record)
        self.handle: Handle | None = None

    async def start(self) -> Handle:
        """Begin it. Raises Fault when it is over at once."""
        await self.face.resolve_secrets()
        self.worker.book.starting(self.record, [])
        got = await self.rig.verb(self.bound.executor.start(self.face, self.bound.spec), "start")
        if not isinstance(got, Handle):
            raise Fault(f"start gave no handle of a job that goes on: {_shown(got)}.")
        self.worker.book.handle(self.record, got)
        # As the next worker would have it.
        self.handle = Handle.from_json(got.to_json())
        return self.handle

    async def watch(self) -> Outcome:
        """What `watch` gives, with the handle that the run has. Raises Fault when it is no Outcome, or comes too
        late."""
        got = await self.rig.verb(self.watching(), "watch")
        if not isinstance(cast("object", got), Outcome):
            raise Fault(f"watch gave a {type(got).__name__}, not an Outcome.")
        return got

    def watching(self) -> Awaitable[Outcome]:
        """The call of `watch` itself, to be cancelled."""
        assert self.handle is not None
        return self.bound.executor.watch(self.face, self.bound.spec, self.handle)

    async def stop(self, stage: Stage) -> StopReport:
        """Set `run.stopping`, if it is not, and call `stop`. Raises Fault when it gives no StopReport, or that too
        late."""
        assert self.handle is not None
        if not self.face.stopping:
            self.face.begin_stop()
        call = self.bound.executor.stop(self.face, self.bound.spec, self.handle, stage)
        got = await self.rig.verb(call, f"stop({stage.value})")
        if flaw := stop_flaw(got):
            raise Fault(f"stop({stage.value}) gave {flaw}.")
        return got

    async def find(self) -> Handle | Outcome | None:
        """What `find` says of the run as it is now. Raises Fault when that comes too late."""
        return await self.rig.verb(self.bound.executor.find(self.face, self.bound.spec), "find")

    async def clean(self) -> None:
        """Call `clean`, with the handle if the run has one. Raises Fault when it takes too long."""
        await self.rig.verb(self.bound.executor.clean(self.face, self.bound.spec, self.handle), "clean")


@asynccontextmanager
async def by_hand(rig: Rig, worker: Worker, order: RunOrder) -> AsyncGenerator[Hand]:
    """A run of the order. What goes on at the block's end is forced to stop."""
    # The executor is served with the first run of its type.
    await rig.finish(await rig.submit(worker, rig.order(rig.job(rig.sample("succeeds")))))
    bound = worker.host.dispatch(order.job, order.binding)
    hand = Hand(rig, worker, order, bound, worker.book.accept(order, bound.binding))
    try:
        yield hand
    finally:
        if hand.record.state is RunState.RUNNING:
            with contextlib.suppress(Fault):
                await hand.stop(Stage.FORCE)
                await hand.clean()
        hand.face.close_log()
        if hand.record.state is RunState.ACCEPTED:
            worker.book.starting(hand.record, [])
        worker.book.ended(hand.record, unknown("suite", "the case drove the run itself"))


def _shown(got: object) -> str:
    return told(got) if isinstance(got, Outcome) else f"a {type(got).__name__}"
