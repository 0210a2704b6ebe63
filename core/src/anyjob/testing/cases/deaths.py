"""The worker dies; the job does not."""

from __future__ import annotations

import asyncio
import json
import time
from pathlib import Path

import pytest

from anyjob.outcome import Cause
from anyjob.samples import Sample
from anyjob.testing.cases.logs import counted
from anyjob.testing.cases.stops import gone
from anyjob.testing.crash import doomed
from anyjob.testing.fault import Fault, check, expect, lacks
from anyjob.testing.marks import Moment, at, die
from anyjob.testing.rig import Finished, Rig
from anyjob.testing.suite import Suite
from anyjob.worker.order import RunOrder
from anyjob.worker.worker import Worker

__all__ = ["DeathCases"]

_SOME = 20
"""Numbers after which a worker that watches a run count is killed."""

_OF_HANDLES = (Moment.STARTED, Moment.RUNNING)
_KEPT = [moment for moment in Moment if moment is not Moment.STOPPING]


class DeathCases(Suite):
    """`kill -9` of the worker at every step of a run, then a new worker on the same state folder.

    Where the capabilities promise that runs resume, nothing is lost and nothing starts twice. Elsewhere a run ends as
    `unknown` with evidence, or is called again where the executor allows that.
    """

    @pytest.mark.parametrize("moment", _KEPT, ids=lambda moment: moment.name.lower())
    def test_worker_killed(self, rig: Rig, moment: Moment) -> None:
        """Whenever the worker is killed, the next one brings the run to its one true end."""
        order, effects = self._remembering(rig)

        async def doom() -> None:
            async with rig.worker() as worker:
                at(worker, moment, die)
                await rig.finish(await rig.submit(worker, order))

        with doomed(doom, rig.patience) as process:
            killed = process.wait()
        # A run that was over with its start never comes to a handle.
        check(killed or moment in _OF_HANDLES, f"The worker was not killed: the run never was {moment.name.lower()}.")
        self._one_true_end(rig, order, effects, moment.name.lower())

    def test_worker_killed_while_the_job_works(self, rig: Rig) -> None:
        """A worker that is killed from outside, in the middle of the work."""
        order, effects = self._remembering(rig)

        async def life() -> None:
            async with rig.worker() as worker:
                await rig.finish(await rig.submit(worker, order))

        with doomed(life, rig.patience) as process:
            until = time.monotonic() + rig.patience
            while not process.gone() and not (self.side_effects(effects) or _handle_kept(rig)):
                check(time.monotonic() < until, f"The run has not begun within {rig.patience:g} s.")
                time.sleep(0.005)
            process.kill()
        self._one_true_end(rig, order, effects, "working")

    def test_worker_closed_while_the_job_works(self, rig: Rig) -> None:
        """A worker that is closed, for an upgrade, leaves its runs to the next one."""
        if not rig.has("remembers") and not rig.promise.capabilities.resumes:
            lacks("its runs die with their worker, and it has no sample remembers")
        order, effects = self._remembering(rig)

        async def life() -> None:
            async with rig.worker() as worker:
                await rig.running(await rig.submit(worker, order))

        asyncio.run(life())
        self._one_true_end(rig, order, effects, "closed")

    def test_an_accepted_stop_outlives_the_worker(self, rig: Rig) -> None:
        """A stop that was accepted is carried out by the next worker: it wins over every recovery."""
        order = rig.order(rig.job(rig.sample("sleeps"), xattrs={"grace": 0.2}))

        async def doom() -> None:
            async with rig.worker() as worker:
                at(worker, Moment.STOPPING, die)
                run = await rig.submit(worker, order)
                await rig.running(run)
                run.stop()
                await rig.finish(run)

        async def next_life() -> Finished:
            async with rig.worker() as worker:
                return await rig.resumed(worker, order)

        with doomed(doom, rig.patience) as process:
            check(
                process.wait(), "The run ended before its worker could be killed; the sample 'sleeps' does not sleep."
            )
        got = asyncio.run(next_life())
        causes = [Cause.STOPPED] if rig.promise.capabilities.resumes else [Cause.STOPPED, Cause.UNKNOWN]
        expect(got.outcome, *causes, where="A run whose stop outlived its worker")
        gone(order, got.outcome)

    def test_a_stop_while_the_next_worker_looks(self, rig: Rig) -> None:
        """A stop that comes while the next worker asks `find` ends the run: it is neither lost nor overtaken."""
        order = rig.order(rig.job(rig.sample("sleeps"), xattrs={"grace": 0.2}))

        async def doom() -> None:
            async with rig.worker() as worker:
                at(worker, Moment.STARTED, die)
                await rig.finish(await rig.submit(worker, order))

        async def next_life() -> Finished:
            async with rig.worker() as worker:
                run = worker.live[order.name]
                run.stop()
                return await rig.resumed(worker, order)

        with doomed(doom, rig.patience) as process:
            check(
                process.wait(), "The run ended before its worker could be killed; the sample 'sleeps' does not sleep."
            )
        got = asyncio.run(next_life())
        causes = [Cause.STOPPED] if rig.promise.capabilities.resumes else [Cause.STOPPED, Cause.UNKNOWN]
        expect(got.outcome, *causes, where="A run that is stopped while the next worker looks for it")
        gone(order, got.outcome)

    def test_worker_killed_within_the_grace(self, rig: Rig) -> None:
        """A worker that dies between ASK and FORCE leaves the stop to the next one, which carries it to its end."""
        name = "ignores" if rig.has("ignores") else "sleeps"
        sample = rig.sample(name)
        order = rig.order(rig.job(sample, xattrs={"grace": 600}))

        async def doom() -> None:
            async with rig.worker() as worker:
                run = await rig.submit(worker, order)
                await (rig.ready(run, sample) if name == "ignores" else rig.running(run))
                run.stop()
                await self._asked(rig, worker)
                die()

        async def next_life() -> Finished:
            async with rig.worker() as worker:
                worker.live[order.name].stop(force=True)
                return await rig.resumed(worker, order)

        with doomed(doom, rig.patience) as process:
            check(process.wait(), "The worker was not killed.")
        got = asyncio.run(next_life())
        causes = [Cause.STOPPED] if rig.promise.capabilities.resumes else [Cause.STOPPED, Cause.UNKNOWN]
        expect(got.outcome, *causes, where="A run whose worker died within the grace")
        gone(order, got.outcome)

    async def _asked(self, rig: Rig, worker: Worker) -> None:
        """Wait until ASK has been put: another run's whole length is more than one call takes."""
        await rig.finish(await rig.submit(worker, rig.order(rig.job(rig.sample("succeeds")))))

    def test_worker_killed_again_and_again(self, rig: Rig) -> None:
        """Three workers die one after the other over one run; the fourth sees its one true end."""
        order, effects = self._remembering(rig)

        async def first() -> None:
            async with rig.worker() as worker:
                at(worker, Moment.STARTED, die)
                await rig.finish(await rig.submit(worker, order))

        async def further() -> None:
            async with rig.worker() as worker:
                # On a busy machine the job may be over by now: none of these may write down its end.
                at(worker, Moment.ENDING, die)
                for _ in range(5):
                    await asyncio.sleep(0)
                die()

        with doomed(first, rig.patience) as process:
            process.wait()
        for _ in range(2):
            with doomed(further, rig.patience) as process:
                check(process.wait(), "A worker that was to be killed at once was not.")
        self._one_true_end(rig, order, effects, "three times over")

    def test_a_run_that_ends_without_a_worker(self, rig: Rig) -> None:
        """A run that ends while no worker is there has its whole outcome when the next one comes."""
        if not rig.promise.capabilities.resumes:
            lacks("its runs do not outlive their worker")
        order, effects = self._remembering(rig)

        async def doom() -> None:
            async with rig.worker() as worker:
                at(worker, Moment.RUNNING, die)
                await rig.finish(await rig.submit(worker, order))

        with doomed(doom, rig.patience) as process:
            process.wait()
        until = time.monotonic() + rig.patience
        while f"{order.name} end" not in self.side_effects(effects):
            check(time.monotonic() < until, "The worker was killed, and the job has not gone on to its end.")
            time.sleep(0.005)
        self._one_true_end(rig, order, effects, "when the job ended")

    def test_the_log_goes_on_after_a_death(self, rig: Rig) -> None:
        """What a run writes while its worker dies and another comes stands in its log once, in its order."""
        if not rig.promise.capabilities.resumes:
            lacks("its runs do not outlive their worker")
        sample = rig.sample("counts")
        order = rig.order(rig.job(sample))

        async def doom() -> None:
            async with rig.worker() as worker:
                run = await rig.submit(worker, order)
                await rig.until(lambda: len(rig.log(order).split()) > _SOME, "The run has not begun to count")
                die()
                await rig.finish(run)

        async def next_life() -> Finished:
            async with rig.worker() as worker:
                return await rig.resumed(worker, order)

        with doomed(doom, rig.patience) as process:
            check(process.wait(), "The run ended before its worker could be killed; the sample 'counts' is too quick.")
        got = asyncio.run(next_life())
        expect(got.outcome, Cause.SUCCEEDED, where="A run whose worker was killed while it counted")
        counted(sample, got.log, "after a worker's death")

    # ---------------------------------------------------------------- what all of them share

    def _remembering(self, rig: Rig) -> tuple[RunOrder, Path]:
        effects = rig.folder / "effects"
        if not rig.has("remembers") and not rig.promise.capabilities.resumes:
            return rig.order(rig.job(rig.sample("succeeds"))), effects
        sample: Sample = rig.sample("remembers")
        return rig.order(rig.job(sample, Parameters=str(effects))), effects

    def _one_true_end(self, rig: Rig, order: RunOrder, effects: Path, when: str) -> None:
        async def life() -> Finished:
            async with rig.worker() as worker:
                return await rig.resumed(worker, order)

        got = asyncio.run(life())
        again = asyncio.run(life())
        check(
            got.outcome.to_json() == again.outcome.to_json(),
            f"The run ended {got.said}, and for the next worker {again.said}: an end is never opened again.",
        )
        where = f"A run whose worker was gone ({when})"
        if rig.promise.capabilities.resumes:
            expect(got.outcome, Cause.SUCCEEDED, where=where)
        else:
            expect(got.outcome, Cause.SUCCEEDED, Cause.UNKNOWN, where=where)
        if got.outcome.cause is Cause.UNKNOWN:
            check(got.outcome.evidence, f"{where} ended `unknown` without evidence: say what is known.")
        if not rig.has("remembers"):
            return
        done = self.side_effects(effects)
        begun = done.count(f"{order.name} begin")
        if rig.promise.capabilities.resumes:
            check(begun == 1, f"{where} had its side effect {begun} times, not once: find did not know of the start.")
            check(f"{order.name} end" in done, f"{where} is called over and has not done its last act: {done}")
        elif got.outcome.cause is Cause.UNKNOWN and begun > 1:
            raise Fault(f"{where} had its side effect {begun} times and ended `unknown`: it was called again unasked.")


def _handle_kept(rig: Rig) -> bool:
    try:
        lines = (rig.state / "worker.jsonl").read_text().splitlines()
    except FileNotFoundError:
        return False
    return any(json.loads(line)["m"] == "handle" for line in lines if line.endswith("}"))
