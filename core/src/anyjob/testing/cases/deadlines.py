"""Deadlines: kept, also where the worker is not."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping

from anyjob.executor.capabilities import DeadlineBy
from anyjob.outcome import Cause, Json, Strength
from anyjob.testing.cases.stops import gone, strong_enough
from anyjob.testing.crash import doomed
from anyjob.testing.fault import Fault, expect, lacks
from anyjob.testing.marks import Moment, at, die
from anyjob.testing.processes import alive
from anyjob.testing.rig import Finished, Rig
from anyjob.testing.suite import Suite
from anyjob.worker.order import RunOrder
from anyjob.worker.states import RunState

__all__ = ["DeadlineCases"]

_SECONDS = 1.0
_TRIED = (_SECONDS, 10 * _SECONDS)
"""Seconds until a deadline before which a worker has to have begun a run: a busy machine may need more than the first.
"""
_FAR = 60
_NEAR = 0.1
"""Seconds before a deadline in which a stop may come too late for it on a busy machine."""
_SHORT: Mapping[str, Json] = {"grace": 0.2}


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

    def test_a_deadline_in_the_past(self, rig: Rig) -> None:
        """A run that comes too late for its deadline does not go on: it is `timed_out`, started or not."""
        got = self._ends(rig, "sleeps", deadline=time.time() - 5)
        expect(got.outcome, Cause.TIMED_OUT, where="A run whose deadline has passed before its start")
        gone(got.order, got.outcome)

    def test_a_deadline_during_the_start(self, rig: Rig) -> None:
        """A deadline that passes while the run starts ends it all the same."""
        order = rig.order(rig.job(rig.sample("sleeps"), xattrs=_SHORT), deadline=time.time() + 0.4)
        deadline = order.deadline or 0

        def late() -> None:
            while time.time() < deadline:
                time.sleep(0.005)

        async def life() -> Finished:
            async with rig.worker() as worker:
                run = await rig.submit(worker, order)
                at(worker, Moment.STARTING, late)
                return await rig.finish(run)

        got = asyncio.run(life())
        expect(got.outcome, Cause.TIMED_OUT, where="A run whose deadline passed while it started")
        gone(order, got.outcome)

    def test_a_far_deadline_is_left_alone(self, rig: Rig) -> None:
        """A run that ends before its deadline ends as it would without one: the deadline is in epoch seconds."""
        name = "remembers" if rig.has("remembers") else "succeeds"
        order = rig.order(
            rig.job(rig.sample(name), Parameters=str(rig.folder / "effects")), deadline=time.time() + _FAR
        )

        async def life() -> Finished:
            async with rig.worker() as worker:
                return await rig.finish(await rig.submit(worker, order))

        expect(asyncio.run(life()).outcome, Cause.SUCCEEDED, where=f"A run with {_FAR} s up to its deadline")

    def test_a_run_may_obey_its_deadline(self, rig: Rig) -> None:
        """At its deadline a run is asked first, and has its grace to end by itself."""
        got = self._ends(rig, "obeys", grace=600, deadline=time.time() + _SECONDS)
        expect(got.outcome, Cause.TIMED_OUT, where="A run that obeys at its deadline")
        gone(got.order, got.outcome)

    def test_a_run_that_ignores_its_deadline(self, rig: Rig) -> None:
        """A run that takes no notice of its deadline is forced when its grace is over."""
        got = self._ends(rig, "ignores", deadline=time.time() + _SECONDS)
        expect(got.outcome, Cause.TIMED_OUT, where="A run that ignores its deadline")
        strong_enough(got.outcome, rig.promise.capabilities.proof)
        gone(got.order, got.outcome)

    def test_a_stop_before_the_deadline_stays_a_stop(self, rig: Rig) -> None:
        """A run that is stopped, and meets its deadline within its grace, ends as `stopped`: the stop came first."""
        job = rig.job(rig.sample("ignores" if rig.has("ignores") else "sleeps"), xattrs={"grace": 600})

        async def life(deadline: float) -> Finished | None:
            async with rig.worker() as worker:
                run = await rig.submit(worker, rig.order(job, deadline=deadline))
                await rig.until(
                    lambda: run.record.state in (RunState.RUNNING, RunState.ENDED), "start has not returned"
                )
                in_time = time.time() < deadline - _NEAR
                run.stop()
                await rig.until(lambda: time.time() > deadline or run.record.outcome, "The clock stands still")
                run.stop(force=True)
                got = await rig.finish(run)
                return got if in_time else None

        for seconds in (_SECONDS, 4.0, 16.0):
            got = asyncio.run(life(time.time() + seconds))
            if got is not None:
                break
        else:
            raise Fault("The run has not begun within 16 s.")
        expect(got.outcome, Cause.STOPPED, where="A run that was stopped before its deadline")

    def _ends(self, rig: Rig, name: str, *, deadline: float, grace: float = 0.2) -> Finished:
        order = rig.order(rig.job(rig.sample(name), xattrs={"grace": grace}), deadline=deadline)

        async def life() -> Finished:
            async with rig.worker() as worker:
                return await rig.finish(await rig.submit(worker, order))

        return asyncio.run(life())

    def test_deadline_without_a_worker(self, rig: Rig) -> None:
        """Where the capabilities promise it, a deadline is kept while no worker is there."""
        self._without_a_worker(rig, "sleeps")

    def test_deadline_without_a_worker_is_forced(self, rig: Rig) -> None:
        """Where deadlines are kept without a worker, a run that ignores its deadline is forced without one too."""
        if rig.promise.capabilities.proof is not Strength.PROVEN:
            lacks("its stops are not PROVEN")
        self._without_a_worker(rig, "ignores")

    def _without_a_worker(self, rig: Rig, name: str) -> None:
        by = rig.promise.capabilities.deadline
        if by is DeadlineBy.WORKER:
            lacks("its deadlines are kept by the worker, while it lives")
        order, deadline = self._killed_before_its_deadline(rig, name)

        async def look() -> None:
            said = f"The deadline has passed without a worker, and the run goes on; the capabilities promise {by.value}"
            await rig.until(lambda: time.time() > deadline and not alive(order.name), said)

        async def next_life() -> Finished:
            async with rig.worker() as worker:
                return await rig.resumed(worker, order)

        if rig.promise.capabilities.proof is Strength.PROVEN:
            asyncio.run(look())
        got = asyncio.run(next_life())
        expect(got.outcome, Cause.TIMED_OUT, where="A run whose deadline passed without a worker")

    def _killed_before_its_deadline(self, rig: Rig, name: str) -> tuple[RunOrder, float]:
        """A run that goes on while its worker is dead, and its deadline, epoch seconds."""

        async def doom() -> None:
            async with rig.worker() as worker:
                at(worker, Moment.RUNNING, die)
                await rig.finish(await rig.submit(worker, order))

        for seconds in _TRIED:
            deadline = time.time() + seconds
            order = rig.order(rig.job(rig.sample(name), xattrs={"grace": 0.2}), deadline=deadline)
            with doomed(doom, rig.patience) as process:
                if process.wait():
                    return order, deadline
        raise Fault(f"The run ended before its worker could be killed; the sample {name!r} does not go on.")
