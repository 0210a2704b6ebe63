"""The worker dies; the job does not."""

from __future__ import annotations

import asyncio
import json
import time
from pathlib import Path

import pytest

from anyjob.outcome import Cause
from anyjob.samples import Sample
from anyjob.testing.cases.stops import gone
from anyjob.testing.crash import doomed
from anyjob.testing.fault import Fault, check, lacks
from anyjob.testing.marks import Moment, at, die
from anyjob.testing.rig import Finished, Rig, expect
from anyjob.testing.suite import Suite
from anyjob.worker.order import RunOrder

__all__ = ["DeathCases"]

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
