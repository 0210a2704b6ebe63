"""The verbs one by one, in orders that a worker comes to only by crashes and stops."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeAlias

from anyjob.executor.base import Stage
from anyjob.executor.function import FunctionExecutor
from anyjob.executor.handle import Handle
from anyjob.outcome import Cause, Json, Outcome, Strength
from anyjob.samples import Sample
from anyjob.testing.cases.stops import gone
from anyjob.testing.fault import Fault, check, expect, lacks, told
from anyjob.testing.hand import Hand, by_hand
from anyjob.testing.processes import alive
from anyjob.testing.rig import Rig
from anyjob.testing.suite import Suite

__all__ = ["HandCases"]

_Case: TypeAlias = Callable[[Hand], Awaitable[None]]

_TURNS = (0, 1, 2, 5, 20)
"""Turns of the loop after which a watch is cancelled."""


class HandCases(Suite):
    """What a verb owes whoever calls it out of turn."""

    def test_a_cancelled_watch_is_called_anew(self, rig: Rig) -> None:
        """`watch` may be cancelled at any await, any number of times: the run goes on, and the next watch sees its
        end."""
        order = rig.order(rig.job(rig.sample("sleeps"), xattrs={"grace": 0.2}))

        async def life() -> None:
            async with rig.worker() as worker, by_hand(rig, worker, order) as hand:
                await hand.start()
                for turns in _TURNS:
                    watch = asyncio.ensure_future(hand.watching())
                    for _ in range(turns):
                        await asyncio.sleep(0)
                    await _cancelled(rig, watch)
                end = asyncio.ensure_future(hand.watching())
                # A run that went with its watch has shown by the end of another.
                await rig.finish(await rig.submit(worker, rig.order(rig.job(rig.sample("succeeds")))))
                check(not end.done(), "When its watch is cancelled the run ends; leave it going.")
                await hand.stop(Stage.FORCE)
                outcome = await rig.within(end, "After five cancelled watches a sixth does not see the run's end")
                gone(order, outcome)

        asyncio.run(life())

    def test_watch_after_the_end(self, rig: Rig) -> None:
        """A run that is over and not yet cleaned is watched again after a crash: it has the same end."""
        self._resumes(rig)
        sample = rig.sample("succeeds")

        async def life() -> None:
            async with rig.worker() as worker, by_hand(rig, worker, rig.order(rig.job(sample))) as hand:
                await hand.start()
                first, second = await hand.watch(), await hand.watch()
                same = (first.cause, first.code, first.result) == (second.cause, second.code, second.result)
                check(same, f"The run ended {told(first)}; watched again it ended {told(second)}.")
                await hand.clean()

        asyncio.run(life())

    def test_find_of_a_run_that_goes_on(self, rig: Rig) -> None:
        """`find` gives a handle by which a run that goes on can be watched and stopped."""

        async def case(hand: Hand) -> None:
            found = await hand.find()
            if not isinstance(found, Handle):
                what = told(found) if isinstance(found, Outcome) else "None, so that it would be started again"
                raise Fault(f"find says of a run that goes on: {what}.")
            hand.handle = Handle.from_json(found.to_json())
            end = asyncio.ensure_future(hand.watching())
            await hand.stop(Stage.FORCE)
            outcome = await rig.within(end, "By the handle that find gave, the run's end is not seen")
            gone(hand.order, outcome)

        self._by_hand(rig, rig.sample("sleeps"), case)

    def test_find_of_a_run_that_has_ended(self, rig: Rig) -> None:
        """`find` knows of a run that has ended and is not yet cleaned: None would start it a second time."""
        self._resumes(rig)
        effects = rig.folder / "effects"

        async def case(hand: Hand) -> None:
            await rig.until(
                lambda: f"{hand.order.name} end" in self.side_effects(effects), "The sample 'remembers' has not ended"
            )
            # Between its last act and its end there is no more than the length of another run.
            await rig.finish(await rig.submit(hand.worker, rig.order(rig.job(rig.sample("succeeds")))))
            found = await hand.find()
            check(found is not None, "find says None of a run that has ended: the worker would start it again.")
            if isinstance(found, Handle):
                hand.handle = found
                found = await hand.watch()
            if isinstance(found, Outcome):
                expect(found, Cause.SUCCEEDED, where="A run that is found after its end")
            await hand.clean()

        self._by_hand(rig, rig.sample("remembers"), case, Parameters=str(effects))

    def test_find_during_a_stop(self, rig: Rig) -> None:
        """A run that was asked to stop is still found: None would call it never started."""
        self._resumes(rig)

        async def case(hand: Hand) -> None:
            await hand.stop(Stage.ASK)
            check(await hand.find() is not None, "find says None of a run that was asked to stop.")
            await hand.stop(Stage.FORCE)
            gone(hand.order, await hand.watch())

        self._by_hand(rig, rig.sample("sleeps"), case)

    def test_stop_without_a_watch(self, rig: Rig) -> None:
        """`stop` acts by itself, also when nobody watches; a watch that comes later sees the end."""

        async def case(hand: Hand) -> None:
            await hand.stop(Stage.ASK)
            await hand.stop(Stage.FORCE)
            if rig.promise.capabilities.proof is Strength.PROVEN:
                await rig.until(
                    lambda: not alive(hand.order.name),
                    "FORCE was put, nobody watches, and processes of the run live on",
                )
            gone(hand.order, await hand.watch())

        self._by_hand(rig, rig.sample("sleeps"), case)

    def test_ask_after_force(self, rig: Rig) -> None:
        """FORCE may come first, and ASK after it: the run ends all the same."""

        async def case(hand: Hand) -> None:
            end = asyncio.ensure_future(hand.watching())
            await hand.stop(Stage.FORCE)
            await hand.stop(Stage.ASK)
            gone(hand.order, await rig.within(end, "FORCE before ASK: the run has not ended"))
            await hand.stop(Stage.ASK)

        self._by_hand(rig, rig.sample("sleeps"), case)

    def test_stop_says_how_things_stand(self, rig: Rig) -> None:
        """The report of `stop` is what is known at that moment: nothing is PROVEN of a run that is still there."""
        sample = rig.sample("ignores" if rig.has("ignores") else "sleeps")

        async def case(hand: Hand) -> None:
            end = asyncio.ensure_future(hand.watching())
            if rig.has("ignores"):
                await rig.said(hand.order, sample)
            for stage in Stage:
                report = await hand.stop(stage)
                check(report.by.strip(), f"The report of stop({stage.value}) does not say by what it knows; fill `by`.")
                if report.strength is Strength.PROVEN:
                    left = alive(hand.order.name)
                    check(not left, f"stop({stage.value}) says PROVEN by {report.by}, and alive are: {left}")
            await rig.within(end, "After ASK and FORCE the run has not ended")

        self._by_hand(rig, sample, case)

    def test_clean_of_a_run_that_never_started(self, rig: Rig) -> None:
        """A run that was stopped before its start is cleaned too: there is no handle, and nothing to clean."""
        order = rig.order(rig.job(rig.sample("succeeds")))

        async def life() -> None:
            async with rig.worker() as worker, by_hand(rig, worker, order) as hand:
                await hand.clean()
                found = await hand.find()
                # A call leaves nothing behind by which its begin could be told: that is `resume`'s.
                if rig.promise.capabilities.resumes and not isinstance(hand.bound.executor, FunctionExecutor):
                    check(found is None, "After clean, find finds it.")

        asyncio.run(life())

    def test_clean_leaves_the_next_start_alone(self, rig: Rig) -> None:
        """Cleaning an older start of a task takes nothing from a newer one that goes on."""
        job = rig.job(rig.sample("succeeds"))
        older = rig.order(job, fence=1)
        going = rig.job(rig.sample("sleeps"), xattrs={"grace": 0.2})
        newer = rig.order(going, fence=2, instance=older.instance)

        async def life() -> None:
            async with rig.worker() as worker, by_hand(rig, worker, older) as hand:
                await hand.start()
                await hand.watch()
                run = await rig.submit(worker, newer)
                await rig.running(run)
                await hand.clean()
                # A clean that took both has shown by the end of further runs: on a busy machine one is over before a
                # killed process has had its turn to die.
                for _ in range(2):
                    await rig.finish(await rig.submit(worker, rig.order(job)))
                outcome = run.record.outcome
                if outcome is not None:
                    raise Fault(f"Cleaning an older start ended the newer one of the same task: {told(outcome)}.")
                run.stop(force=True)
                expect((await rig.finish(run)).outcome, Cause.STOPPED, where="A run that goes on until it is stopped")

        asyncio.run(life())

    # ---------------------------------------------------------------- what all of them share

    def _resumes(self, rig: Rig) -> None:
        if not rig.promise.capabilities.resumes:
            lacks("its runs do not outlive their worker")

    def _by_hand(self, rig: Rig, sample: Sample, case: _Case, **fields: Json) -> None:
        order = rig.order(rig.job(sample, xattrs={"grace": 0.2}, **fields))

        async def life() -> None:
            async with rig.worker() as worker, by_hand(rig, worker, order) as hand:
                await hand.start()
                await case(hand)

        asyncio.run(life())


async def _cancelled(rig: Rig, watch: asyncio.Future[Outcome]) -> None:
    watch.cancel()
    try:
        outcome = await rig.within(watch, "A watch that is cancelled has not returned")
    except asyncio.CancelledError:
        return
    except Fault:
        raise
    except Exception as error:
        raise Fault(f"A watch that is cancelled fails: {error!r}") from error
    raise Fault(f"A watch that is cancelled gives an outcome, while the run goes on: {told(outcome)}.")
