"""Deadlines: kept, also where the worker is not."""

from __future__ import annotations

import asyncio
import time

from anyjob.executor.capabilities import DeadlineBy
from anyjob.outcome import Cause, Strength
from anyjob.testing.cases.stops import gone, strong_enough
from anyjob.testing.crash import doomed
from anyjob.testing.fault import check, lacks
from anyjob.testing.marks import Moment, at, die
from anyjob.testing.processes import alive
from anyjob.testing.rig import Finished, Rig, expect
from anyjob.testing.suite import Suite

__all__ = ["DeadlineCases"]

_SECONDS = 1.0


class DeadlineCases(Suite):
    """A job does not outlive its deadline."""

    def test_deadline(self, rig: Rig) -> None:
        """A run that goes on past its deadline is ended, as `timed_out`."""
        order = rig.order(rig.job(rig.sample("sleeps"), xattrs={"grace": 0.2}), deadline=time.time() + _SECONDS)

        async def life() -> Finished:
            async with rig.worker() as worker:
                run = await rig.submit(worker, order)
                await rig.until(
                    lambda: run.record.outcome is not None,
                    "The deadline has passed and the run goes on: nobody ended it",
                )
                return await rig.finish(run)

        got = asyncio.run(life())
        expect(got.outcome, Cause.TIMED_OUT, where="A run that goes on past its deadline")
        strong_enough(got.outcome, rig.promise.capabilities.proof)
        gone(order, got.outcome)

    def test_deadline_without_a_worker(self, rig: Rig) -> None:
        """Where the capabilities promise it, a deadline is kept while no worker is there."""
        by = rig.promise.capabilities.deadline
        if by is DeadlineBy.WORKER:
            lacks("its deadlines are kept by the worker, while it lives")
        deadline = time.time() + _SECONDS
        order = rig.order(rig.job(rig.sample("sleeps"), xattrs={"grace": 0.2}), deadline=deadline)

        async def doom() -> None:
            async with rig.worker() as worker:
                at(worker, Moment.RUNNING, die)
                await rig.finish(await rig.submit(worker, order))

        async def look() -> None:
            said = f"The deadline has passed without a worker, and the run goes on; the capabilities promise {by.value}"
            await rig.until(lambda: time.time() > deadline and not alive(order.name), said)

        async def next_life() -> Finished:
            async with rig.worker() as worker:
                return await rig.resumed(worker, order)

        with doomed(doom, rig.patience) as process:
            check(
                process.wait(), "The run ended before its worker could be killed; the sample 'sleeps' does not sleep."
            )
        if rig.promise.capabilities.proof is Strength.PROVEN:
            asyncio.run(look())
        got = asyncio.run(next_life())
        expect(got.outcome, Cause.TIMED_OUT, where="A run whose deadline passed without a worker")
