"""What the verbs owe the runtime between a run's start and its end."""

from __future__ import annotations

import asyncio
import json
from typing import cast

from anyjob.executor.function import FunctionExecutor
from anyjob.executor.handle import HANDLE_LIMIT, Handle
from anyjob.outcome import Cause, Outcome, unknown
from anyjob.run import CallRun
from anyjob.spec import Spec
from anyjob.testing.fault import Fault, check, expect, told
from anyjob.testing.rig import Rig
from anyjob.testing.suite import Suite
from anyjob.worker.states import RunState

__all__ = ["VerbCases"]


class VerbCases(Suite):
    """start, watch, find and clean."""

    def test_start_returns_while_the_job_goes_on(self, rig: Rig) -> None:
        """`start` begins the run and returns; waiting for the end is `watch`'s."""
        job = rig.job(rig.sample("sleeps"), xattrs={"grace": 0.2})

        async def life() -> None:
            async with rig.worker() as worker:
                run = await rig.submit(worker, rig.order(job))
                await rig.until(
                    lambda: run.record.state in (RunState.RUNNING, RunState.ENDED),
                    "start waits for the end: it has not returned",
                )
                outcome = run.record.outcome
                if run.record.handle is None and outcome is not None:
                    raise Fault(
                        f"start waited for the end of a job that goes on, and gave its outcome: {told(outcome)}."
                    )
                run.stop(force=True)
                await rig.finish(run)

        asyncio.run(life())

    def test_the_handle_is_small_and_plain(self, rig: Rig) -> None:
        """A handle is at most 4 KB of JSON and comes back from it unchanged: it is written for every run."""
        job = rig.job(rig.sample("sleeps"), xattrs={"grace": 0.2})

        async def life() -> None:
            async with rig.worker() as worker:
                run = await rig.submit(worker, rig.order(job))
                await rig.until(
                    lambda: run.record.state in (RunState.RUNNING, RunState.ENDED), "start has given no handle"
                )
                handle, outcome = run.record.handle, run.record.outcome
                if handle is None:
                    assert outcome is not None
                    raise Fault(f"start has given no handle that can be kept: {told(outcome)}.")
                run.stop(force=True)
                await rig.finish(run)
            said = json.dumps(handle.to_json())
            check(
                len(said.encode()) <= 2 * HANDLE_LIMIT, f"The handle takes {len(said)} bytes; keep names, not contents."
            )
            back = Handle.from_json(json.loads(said)).to_json()
            check(back == handle.to_json(), f"The handle changes on its way through JSON: {handle} became {back}.")

        asyncio.run(life())

    def test_watch_waits_for_the_end(self, rig: Rig) -> None:
        """When `watch` returns, the job has done its last act."""
        if not rig.has("remembers"):
            # What is going on can be stopped; an end of its own would be no stop.
            job = rig.job(rig.sample("sleeps"), xattrs={"grace": 0.2})

            async def stopped() -> None:
                async with rig.worker() as worker:
                    run = await rig.submit(worker, rig.order(job))
                    await rig.running(run)
                    run.stop(force=True)
                    got = await rig.finish(run)
                    expect(got.outcome, Cause.STOPPED, where="A job that goes on until it is stopped")

            asyncio.run(stopped())
            return
        effects = rig.folder / "effects"
        order = rig.order(rig.job(rig.sample("remembers"), Parameters=str(effects)))

        async def life() -> None:
            async with rig.worker() as worker:
                got = await rig.finish(await rig.submit(worker, order))
                expect(got.outcome, Cause.SUCCEEDED, where="The sample 'remembers'")
                done = self.side_effects(effects)
                check(f"{order.name} end" in done, f"watch returned before the end: the job had only done {done}.")

        asyncio.run(life())

    def test_find_of_a_run_that_never_started(self, rig: Rig) -> None:
        """`find` says None of what surely never started, or `unknown`: never a handle that is watched for ever."""
        job = rig.job(rig.sample("succeeds"))

        async def life() -> None:
            async with rig.worker() as worker:
                await rig.finish(await rig.submit(worker, rig.order(job)))  # from here on the executor is served
                order, bound = rig.order(job), worker.host.dispatch(job)
                # As after a crash between the mark and `start`.
                record = worker.book.accept(order, bound.binding)
                worker.book.starting(record, [])
                face = rig.face(worker, order, record)
                found = await rig.verb(bound.executor.find(face, bound.spec), "find")
                # A function whose `resume` says None is called by `watch`, now for the first time.
                calls = _calls_of(bound.executor)
                if isinstance(found, Handle):
                    worker.book.handle(record, found)
                    watch = bound.executor.watch(face, bound.spec, found)
                    found = await rig.within(
                        watch, "find gave a handle for a run that never started, and its watch has not ended"
                    )
                face.close_log()
                worker.book.ended(record, unknown("suite", "the case drove the run itself"))
                if isinstance(found, Outcome) and not (order.name in calls and found.ok):
                    expect(found, Cause.UNKNOWN, where="A run that never started")
                    check(found.evidence, "find says `unknown` without evidence; say why it cannot be known.")

        asyncio.run(life())

    def test_clean_may_be_repeated(self, rig: Rig) -> None:
        """`clean` comes again after a crash, and also for a run that never had a handle."""
        job = rig.job(rig.sample("succeeds"))

        async def life() -> None:
            async with rig.worker() as worker:
                run = await rig.submit(worker, rig.order(job))
                await rig.finish(run)
                bound, face = worker.host.dispatch(job), rig.face(worker, run.record.order)
                for handle in (run.record.handle, run.record.handle, None):
                    await rig.verb(bound.executor.clean(face, bound.spec, handle), "clean, when it is called again,")

        asyncio.run(life())

    def test_an_older_start_is_kept_apart(self, rig: Rig) -> None:
        """Two starts of one attempt have one key and two names, and whatever is done to the older touches it alone."""
        job = rig.job(rig.sample("sleeps"), xattrs={"grace": 0.2})
        older = rig.order(job, fence=1)
        newer = rig.order(job, fence=2, instance=older.instance)
        check(older.key == newer.key, f"Two starts of one attempt have the keys {older.key} and {newer.key}.")
        check(older.name != newer.name, f"Two starts of one task have the name {older.name}.")

        async def life() -> None:
            async with rig.worker() as worker:
                old, new = await rig.submit(worker, older), await rig.submit(worker, newer)
                await rig.running(old)
                await rig.running(new)
                old.stop(force=True)
                expect((await rig.finish(old)).outcome, Cause.STOPPED, where="A run that is stopped")
                # The next look at the newer comes after the older's end; a stop that took both has shown by then.
                again = await rig.submit(worker, rig.order(rig.job(rig.sample("succeeds"))))
                await rig.finish(again)
                outcome = new.record.outcome
                if outcome is not None:
                    raise Fault(f"Stopping an older start ended the newer one of the same task: {told(outcome)}.")
                new.stop(force=True)
                got = await rig.finish(new)
                expect(got.outcome, Cause.STOPPED, where="A run that goes on until it is stopped")

        asyncio.run(life())

    def test_progress_is_seen(self, rig: Rig) -> None:
        """How far a run has come can be seen, at the latest when it has ended."""
        job = rig.job(rig.sample("progresses"))

        async def life() -> None:
            async with rig.worker() as worker:
                run = await rig.submit(worker, rig.order(job))
                expect((await rig.finish(run)).outcome, Cause.SUCCEEDED, where="The sample 'progresses'")
                check(run.progress == (3, 3), f"The run said at last that 3 of 3 is done; seen was {run.progress}.")

        asyncio.run(life())

    def test_outputs_come_back(self, rig: Rig) -> None:
        """What a run returns in structured form is in the outcome."""
        sample = rig.sample("returns_outputs")
        check(sample.outputs, "The sample 'returns_outputs' does not say which outputs it returns.")
        got = rig.run(rig.job(sample))
        expect(got.outcome, Cause.SUCCEEDED, where="The sample 'returns_outputs'")
        said = f"The job returned {dict(sample.outputs)}; the outcome holds {dict(got.outcome.outputs)}."
        check(got.outcome.outputs == sample.outputs, said)


def _calls_of(executor: object) -> list[str]:
    """The names of the runs for which the executor is called from now on; for good none, where it is no function."""
    calls: list[str] = []
    if isinstance(executor, FunctionExecutor):
        function = cast("FunctionExecutor[Spec]", executor)
        own = function.call

        def call(run: CallRun, spec: Spec) -> Outcome:
            calls.append(run.name)
            return own(run, spec)

        vars(function)["call"] = call
    return calls
