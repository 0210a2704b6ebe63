"""Many runs at one time: none learns of another."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from collections.abc import Sequence

from anyjob.outcome import Cause
from anyjob.testing.cases.stops import gone, strong_enough
from anyjob.testing.crash import doomed
from anyjob.testing.fault import Fault, cause_of, check, expect, told
from anyjob.testing.rig import Finished, Rig
from anyjob.testing.suite import Suite
from anyjob.worker.states import RunState
from anyjob.worker.worker import LiveRun, Worker

__all__ = ["CrowdCases"]


class CrowdCases(Suite):
    """Runs side by side."""

    def test_two_hundred_at_once(self, rig: Rig) -> None:
        """Two hundred runs at one time each end with their own cause and their own result."""
        good = rig.sample("echoes" if rig.has("echoes") or rig.promise.command else "succeeds")
        bad = rig.sample("fails")
        cause, jobs = cause_of(bad), [rig.job(good), rig.job(bad)]

        async def life() -> list[Finished]:
            async with rig.worker() as worker:
                runs: list[LiveRun] = []
                for number in range(self.crowd):
                    order = rig.order(jobs[number % 2], instance_parameters=f"number {number}")
                    runs.append(await rig.submit(worker, order))
                return await rig.finish_all(runs)

        for number, got in enumerate(asyncio.run(life())):
            if number % 2:
                expect(got.outcome, cause, where=f"Run {number} of {self.crowd} at once, 'fails',")
                continue
            expect(got.outcome, Cause.SUCCEEDED, where=f"Run {number} of {self.crowd} at once")
            wanted = f"number {number}" if good is rig.samples.echoes else good.result
            if wanted is not None:
                said = f"Run {number} of {self.crowd} at once has the result {got.outcome.result!r}, not {wanted!r}."
                check(got.outcome.result == wanted, said)

    def test_twenty_stops_at_once(self, rig: Rig) -> None:
        """Twenty runs that are stopped in one moment are all gone."""

        async def life() -> list[Finished]:
            async with rig.worker() as worker:
                runs = await self._sleepers(rig, worker)
                for run in runs:
                    run.stop(force=True)
                return await rig.finish_all(runs)

        for got in asyncio.run(life()):
            expect(got.outcome, Cause.STOPPED, where=f"One of {self.many} runs that are stopped at once")
            strong_enough(got.outcome, rig.promise.capabilities.proof)
            gone(got.order, got.outcome)

    def test_starts_go_on_while_others_stop(self, rig: Rig) -> None:
        """Runs start and end well while others are stopped; each keeps its own end."""
        job = rig.job(rig.sample("succeeds"))

        async def life() -> tuple[list[Finished], list[Finished]]:
            async with rig.worker() as worker:
                going = await self._sleepers(rig, worker)
                short: list[LiveRun] = []
                for run in going:
                    run.stop(force=True)
                    short.append(await rig.submit(worker, rig.order(job)))
                return await rig.finish_all(going), await rig.finish_all(short)

        stopped, short = asyncio.run(life())
        for got in stopped:
            expect(got.outcome, Cause.STOPPED, where="A run that is stopped while others start")
        for got in short:
            expect(got.outcome, Cause.SUCCEEDED, where="A run that starts while others are stopped")

    def test_a_stop_takes_one_run(self, rig: Rig) -> None:
        """Two instances of one job are two runs: a stop of one leaves the other alone."""
        job = rig.job(rig.sample("sleeps"), xattrs={"grace": 0.2})
        short = rig.job(rig.sample("succeeds"))

        async def life() -> None:
            async with rig.worker() as worker:
                runs = [await rig.submit(worker, rig.order(job)) for _ in range(2)]
                for run in runs:
                    await rig.running(run)
                runs[0].stop(force=True)
                expect((await rig.finish(runs[0])).outcome, Cause.STOPPED, where="A run that is stopped")
                # A stop that took both has shown by the end of another run.
                await rig.finish(await rig.submit(worker, rig.order(short)))
                outcome = runs[1].record.outcome
                if outcome is not None:
                    raise Fault(f"The stop of one instance ended another of the same job: {told(outcome)}.")
                runs[1].stop(force=True)
                expect((await rig.finish(runs[1])).outcome, Cause.STOPPED, where="The second run, when it is stopped")

        asyncio.run(life())

    def test_side_effects_happen_once_in_a_crowd(self, rig: Rig) -> None:
        """Twenty runs at one time have their side effects once each."""
        effects = rig.folder / "effects"
        job = rig.job(rig.sample("remembers"), Parameters=str(effects))

        async def life() -> list[Finished]:
            async with rig.worker() as worker:
                runs = [await rig.submit(worker, rig.order(job)) for _ in range(self.many)]
                return await rig.finish_all(runs)

        got = asyncio.run(life())
        self._once_each(got, self.side_effects(effects), f"One of {self.many} runs at once")

    def test_many_runs_outlive_their_worker(self, rig: Rig) -> None:
        """Twenty runs whose worker is killed in the middle of their work all come to their one end."""
        effects = rig.folder / "effects"
        job = rig.job(rig.sample("remembers"), Parameters=str(effects))
        orders = [rig.order(job) for _ in range(self.many)]

        async def doom() -> None:
            async with rig.worker() as worker:
                for order in orders:
                    await rig.submit(worker, order)
                    await asyncio.sleep(0)
                    if orders.index(order) == self.many // 2:
                        await rig.until(lambda: self.side_effects(effects), "None of the runs has begun")
                os.kill(os.getpid(), signal.SIGKILL)

        async def life() -> list[Finished]:
            async with rig.worker() as worker:
                return [await rig.resumed(worker, order) for order in orders]

        with doomed(doom, rig.patience) as process:
            check(process.wait(), "The worker was not killed.")
        got = asyncio.run(life())
        if rig.promise.capabilities.resumes:
            self._once_each(got, self.side_effects(effects), f"One of {self.many} runs whose worker was killed")
        for one in got:
            where = f"One of {self.many} runs whose worker was killed"
            expect(one.outcome, Cause.SUCCEEDED, Cause.UNKNOWN, where=where)

    def test_two_workers_side_by_side(self, rig: Rig) -> None:
        """Two workers on one machine, and in one process, do not meet: executors keep nothing in their module."""
        sample = rig.sample("succeeds")
        job, going = rig.job(sample), rig.job(rig.sample("sleeps"), xattrs={"grace": 0.2})

        async def life() -> None:
            async with rig.worker() as first:
                run = await rig.submit(first, rig.order(going))
                await rig.running(run)
                async with second.worker() as other:
                    got = await second.finish(await second.submit(other, second.order(job)))
                    expect(got.outcome, Cause.SUCCEEDED, where="A run of a second worker")
                # A close that took both has shown by the end of another run.
                got = await rig.finish(await rig.submit(first, rig.order(job)))
                expect(got.outcome, Cause.SUCCEEDED, where="A run after a second worker was there")
                outcome = run.record.outcome
                if outcome is not None:
                    raise Fault(f"When a second worker closed, a run of the first ended: {told(outcome)}.")
                run.stop(force=True)
                expect((await rig.finish(run)).outcome, Cause.STOPPED, where="The first worker's run")

        with rig.beside("second") as second:
            asyncio.run(life())

    def test_the_loop_is_never_blocked(self, rig: Rig) -> None:
        """Verbs give the loop back: one that waits in a plain call stops every other run of the worker."""
        job = rig.job(rig.sample("sleeps"), xattrs={"grace": 0.2})
        sign = rig.folder / "turned"

        async def doom() -> None:
            async with rig.worker() as worker:
                run = await rig.submit(worker, rig.order(job))
                while run.record.state is not RunState.RUNNING:  # noqa: ASYNC110 - every turn of the loop is wanted
                    await asyncio.sleep(0)
                for _ in range(100):
                    await asyncio.sleep(0)
                sign.touch()
                run.stop(force=True)
                await run.outcome()

        with doomed(doom, rig.patience) as process:
            until = time.monotonic() + rig.patience
            while not process.gone() and not sign.exists():
                check(time.monotonic() < until, "start or watch blocks the worker's loop: await, or go to a thread.")
                time.sleep(0.005)
            process.wait()

    # ---------------------------------------------------------------- what all of them share

    async def _sleepers(self, rig: Rig, worker: Worker) -> list[LiveRun]:
        job = rig.job(rig.sample("sleeps"), xattrs={"grace": 0.2})
        runs = [await rig.submit(worker, rig.order(job)) for _ in range(self.many)]
        for run in runs:
            await rig.running(run)
        return runs

    def _once_each(self, got: Sequence[Finished], done: list[str], where: str) -> None:
        for one in got:
            expect(one.outcome, Cause.SUCCEEDED, where=where)
            begun = done.count(f"{one.order.name} begin")
            check(begun == 1, f"{where} had its side effect {begun} times, not once.")
            check(f"{one.order.name} end" in done, f"{where} is called over and has not done its last act.")
