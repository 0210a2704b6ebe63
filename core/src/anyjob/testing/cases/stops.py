"""Stops: the ladder, and what is left after it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from typing import Any, Final

import pytest

from anyjob.executor.base import Stage
from anyjob.executor.given import stop_flaw
from anyjob.outcome import Cause, Json, Outcome, Strength
from anyjob.testing.fault import Fault, check, expect, lacks, told
from anyjob.testing.marks import Moment, at
from anyjob.testing.processes import alive
from anyjob.testing.rig import Finished, Rig
from anyjob.testing.suite import Suite
from anyjob.worker.order import RunOrder

__all__ = ["StopCases", "gone", "strong_enough"]

_STRENGTHS: Final = [Strength.ASKED, Strength.REPORTED, Strength.PROVEN]
_LONG: Final[Mapping[str, Json]] = {"grace": 60}
_SHORT: Final[Mapping[str, Json]] = {"grace": 0.2}


def strong_enough(outcome: Outcome, promised: Strength) -> None:
    """Raises Fault unless the stop is known as surely as the capabilities promise."""
    stop = outcome.stop
    if stop is None:
        raise Fault(f"The outcome of a stopped run has no stop report: {told(outcome)}.")
    check(stop.by.strip(), f"The stop report says {stop.strength.value} and not by what it is known; fill `by`.")
    said = f"The stop is only {stop.strength.value} ({stop.by}, survivors: {list(stop.survivors)})"
    check(
        _STRENGTHS.index(stop.strength) >= _STRENGTHS.index(promised),
        f"{said}; the capabilities promise {promised.value}.",
    )


def gone(order: RunOrder, outcome: Outcome, *marks: str) -> None:
    """Raises Fault when the stop is called PROVEN and processes of the run are alive."""
    if outcome.stop is not None and outcome.stop.strength is Strength.PROVEN:
        left = alive(order.name, *marks)
        check(not left, f"The stop says PROVEN by {outcome.stop.by}, and processes of the run are alive: {left}")


def _journal(rig: Rig) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (rig.state / "worker.jsonl").read_text().splitlines()]


class StopCases(Suite):
    """A stopped run is gone, or it is said who says so."""

    def test_stop_before_the_start(self, rig: Rig) -> None:
        """A run that is stopped before its start never starts, and that is PROVEN."""
        effects = rig.folder / "effects"
        name = "remembers" if rig.has("remembers") else "succeeds"
        job = rig.job(rig.sample(name), Parameters=str(effects))

        async def life() -> Outcome:
            async with rig.worker() as worker:
                run = await rig.submit(worker, rig.order(job))
                run.stop()  # the run's own task has not had a turn yet
                return (await rig.finish(run)).outcome

        outcome = asyncio.run(life())
        expect(outcome, Cause.STOPPED, where="A run that is stopped before its start")
        strong_enough(outcome, Strength.PROVEN)
        check(not self.side_effects(effects), "A run that was stopped before its start has started.")

    def test_stop_while_starting(self, rig: Rig) -> None:
        """A stop that comes while `start` runs waits for it, then stops what it began."""
        self._stop_in_the_start(rig, _LONG | {"grace": 2})

    def test_stop_while_starting_without_grace(self, rig: Rig) -> None:
        """A start that a stop cuts off leaves nothing that `find` does not know."""
        self._stop_in_the_start(rig, {"grace": 0})

    def _stop_in_the_start(self, rig: Rig, xattrs: Mapping[str, Json]) -> None:
        order = rig.order(rig.job(rig.sample("sleeps"), xattrs=xattrs))
        other = rig.job(rig.sample("succeeds"))

        async def life() -> Outcome:
            async with rig.worker() as worker:
                # Once before and once after, so that neither a slow first start nor a late one of this run hides.
                await rig.finish(await rig.submit(worker, rig.order(other)))
                at(worker, Moment.STARTING, lambda: worker.live[order.name].stop(force=False))
                outcome = (await rig.finish(await rig.submit(worker, order))).outcome
                await rig.finish(await rig.submit(worker, rig.order(other)))
                gone(order, outcome)
                return outcome

        outcome = asyncio.run(life())
        expect(outcome, Cause.STOPPED, where="A run that is stopped while it starts")
        strong_enough(outcome, rig.promise.capabilities.proof)

    def test_a_run_that_obeys(self, rig: Rig) -> None:
        """A run that ends when it is asked ends as `stopped`, as surely as the capabilities promise, unforced."""
        sample = rig.sample("obeys")
        order = rig.order(rig.job(sample, xattrs=_LONG))

        async def life() -> Outcome:
            async with rig.worker() as worker:
                run = await rig.submit(worker, order)
                await rig.ready(run, sample)
                run.stop()
                return (await rig.finish(run)).outcome

        outcome = asyncio.run(life())
        expect(outcome, Cause.STOPPED, where="A run that obeys a stop")
        strong_enough(outcome, rig.promise.capabilities.proof)
        gone(order, outcome)

    def test_a_run_that_ignores_the_stop_is_forced(self, rig: Rig) -> None:
        """A run that takes no notice of ASK is ended by FORCE."""
        sample = rig.sample("ignores")
        order = rig.order(rig.job(sample, xattrs=_SHORT))

        async def life() -> Outcome:
            async with rig.worker() as worker:
                run = await rig.submit(worker, order)
                await rig.ready(run, sample)
                run.stop()
                return (await rig.finish(run)).outcome

        outcome = asyncio.run(life())
        expect(outcome, Cause.STOPPED, where="A run that ignores the stop")
        strong_enough(outcome, rig.promise.capabilities.proof)
        gone(order, outcome)

    @pytest.mark.parametrize("moment", [Moment.STARTED, Moment.RUNNING], ids=lambda moment: moment.name.lower())
    def test_stop_between_start_and_watch(self, rig: Rig, moment: Moment) -> None:
        """A stop that comes when `start` has returned and nothing is watched yet is carried out as any other."""
        order = rig.order(rig.job(rig.sample("sleeps"), xattrs=_SHORT))

        async def life() -> Outcome:
            async with rig.worker() as worker:
                run = await rig.submit(worker, order)
                at(worker, moment, run.stop)
                return (await rig.finish(run)).outcome

        outcome = asyncio.run(life())
        expect(outcome, Cause.STOPPED, where=f"A run that is stopped when it is {moment.name.lower()}")
        strong_enough(outcome, rig.promise.capabilities.proof)
        gone(order, outcome)

    def test_what_a_stopped_run_wrote_is_kept(self, rig: Rig) -> None:
        """The log of a run that was forced holds all that it said before: it is what its owner looks for."""
        name = "ignores" if rig.has("ignores") else "obeys"
        sample = rig.sample(name)
        if not sample.ready:
            lacks(f"its sample {name!r} says nothing in its log")

        async def life() -> Finished:
            async with rig.worker() as worker:
                run = await rig.submit(worker, rig.order(rig.job(sample, xattrs=_SHORT)))
                await rig.ready(run, sample)
                before = rig.log(run)
                run.stop(force=True)
                got = await rig.finish(run)
                check(got.log.startswith(before), f"Before the stop the log held {before!r}; now it is {got.log!r}.")
                return got

        expect(asyncio.run(life()).outcome, Cause.STOPPED, where="A run that is stopped")

    def test_stop_may_be_repeated(self, rig: Rig) -> None:
        """`stop` may be called any number of times, at every stage: each call answers with a report."""
        job = rig.job(rig.sample("sleeps"), xattrs=_SHORT)

        async def life() -> Outcome:
            async with rig.worker() as worker:
                run = await rig.submit(worker, rig.order(job))
                handle = await rig.running(run)
                bound, face = worker.host.dispatch(job), rig.face(worker, run.record.order)
                run.stop()
                for stage in (Stage.ASK, Stage.ASK, Stage.FORCE, Stage.FORCE):
                    call = bound.executor.stop(face, bound.spec, handle, stage)
                    flaw = stop_flaw(await rig.verb(call, f"stop({stage.value}), when it is called again,"))
                    check(not flaw, f"stop({stage.value}) gave {flaw}.")
                run.stop(force=True)
                return (await rig.finish(run)).outcome

        expect(asyncio.run(life()), Cause.STOPPED, where="A run that is stopped several times")

    def test_stop_while_ending(self, rig: Rig) -> None:
        """A stop that meets a run in its last act ends it once: as stopped, or as it would have ended."""
        effects = rig.folder / "effects"
        name = "remembers" if rig.has("remembers") else "succeeds"
        order = rig.order(rig.job(rig.sample(name), xattrs=_LONG, Parameters=str(effects)))

        async def life() -> Finished:
            async with rig.worker() as worker:
                run = await rig.submit(worker, order)
                await rig.until(
                    lambda: f"{order.name} end" in self.side_effects(effects) or run.record.outcome is not None,
                    f"The sample {name!r} has not come to its end",
                )
                run.stop()
                return await rig.finish(run)

        got = asyncio.run(life())
        expect(got.outcome, Cause.SUCCEEDED, Cause.STOPPED, where="A run that a stop meets in its last act")
        if got.outcome.cause is Cause.STOPPED:
            strong_enough(got.outcome, rig.promise.capabilities.proof)
        gone(order, got.outcome)
        ends = [line for line in _journal(rig) if line["m"] == "ended" and line["run"] == order.name]
        check(len(ends) == 1, f"The run has ended {len(ends)} times: {ends}")

    def test_stop_of_an_ended_run_changes_nothing(self, rig: Rig) -> None:
        """A stop that comes after the end leaves the outcome as it is; `stop` answers all the same."""
        job = rig.job(rig.sample("succeeds"))

        async def life() -> tuple[Finished, Finished]:
            async with rig.worker() as worker:
                run = await rig.submit(worker, rig.order(job))
                first = await rig.finish(run)
                run.stop(force=True)
                bound, face = worker.host.dispatch(job), rig.face(worker, run.record.order)
                if run.record.handle is not None:
                    for stage in Stage:
                        call = bound.executor.stop(face, bound.spec, run.record.handle, stage)
                        await rig.verb(call, f"stop({stage.value}) of an ended run")
                return first, await rig.finish(run)

        first, second = asyncio.run(life())
        expect(first.outcome, Cause.SUCCEEDED, where="The sample 'succeeds'")
        check(first.outcome == second.outcome, f"A stop after the end made {first.said} to {second.said}.")

    def test_nothing_lives_after_a_proven_stop(self, rig: Rig) -> None:
        """Processes that fork twice, leave the session, wipe their environment and ignore TERM are gone after PROVEN,
        or named as survivors."""
        sample = rig.sample("forks")
        order = rig.order(rig.job(sample, xattrs=_SHORT, Parameters=f"mark-{rig.folder.name}-{id(rig):x}"))
        mark = order.job.parameters

        async def life() -> Outcome:
            async with rig.worker() as worker:
                run = await rig.submit(worker, order)
                await rig.ready(run, sample)
                check(len(alive(order.name, mark)) > 1, "The sample 'forks' has no processes beside its own.")
                run.stop()
                return (await rig.finish(run)).outcome

        outcome = asyncio.run(life())
        expect(outcome, Cause.STOPPED, where="A run with processes that hide")
        gone(order, outcome, mark)
        strong_enough(outcome, rig.promise.capabilities.proof)
