"""How runs end: cause, code, result and evidence."""

from __future__ import annotations

import asyncio
import json

from anyjob.outcome import Cause, Outcome
from anyjob.testing.fault import check
from anyjob.testing.rig import Finished, Rig, expect, told
from anyjob.testing.suite import Suite
from anyjob.worker.worker import LiveRun

__all__ = ["EndingCases"]

_CROWD = 200


class EndingCases(Suite):
    """Every end has its cause."""

    def test_success(self, rig: Rig) -> None:
        """A job that ends well is `succeeded`, with its result."""
        sample = rig.sample("succeeds")
        got = rig.run(rig.job(sample))
        expect(got.outcome, Cause.SUCCEEDED, where="The sample 'succeeds'")
        if sample.result is not None:
            said = f"The result of the sample 'succeeds' is {sample.result!r}; the outcome says {got.outcome.result!r}."
            check(got.outcome.result == sample.result, said)

    def test_failure(self, rig: Rig) -> None:
        """A job that ends badly keeps its cause and its own code: they are what its owner looks at first."""
        sample = rig.sample("fails")
        check(sample.cause not in (None, Cause.SUCCEEDED), "The sample 'fails' names no cause of failure.")
        got = rig.run(rig.job(sample))
        assert sample.cause is not None
        expect(got.outcome, sample.cause, where="The sample 'fails'")
        code = got.outcome.code
        check(code == sample.code, f"The job failed with code {sample.code}; the outcome says {code}: it is swallowed.")

    def test_outcomes_survive_their_journal(self, rig: Rig) -> None:
        """What a later worker reads of an outcome is what this one had."""
        orders = [rig.order(rig.job(rig.sample(name))) for name in ("succeeds", "fails")]

        async def lives() -> None:
            async with rig.worker() as worker:
                first = [(await rig.finish(await rig.submit(worker, order))).outcome for order in orders]
            for outcome in first:
                read = Outcome.from_json(json.loads(json.dumps(outcome.to_json())))
                check(read.to_json() == outcome.to_json(), f"The outcome changes on its way through JSON: {outcome}")
            async with rig.worker() as worker:
                again = [(await rig.resumed(worker, order)).outcome for order in orders]
            for before, after in zip(first, again, strict=True):
                check(before.to_json() == after.to_json(), f"{told(before)} became {told(after)} in the next worker.")

        asyncio.run(lives())

    def test_a_missing_dependency_is_named(self, rig: Rig) -> None:
        """What the node lacks is `dependency_missing`, and is named: trying again without a change is pointless."""
        sample = rig.sample("missing_dependency")
        got = rig.run(rig.job(sample))
        expect(got.outcome, Cause.DEPENDENCY_MISSING, where="The sample 'missing_dependency'")
        check(sample.names and sample.names in got.said, f"The outcome does not name {sample.names!r}: {got.said}")

    def test_two_hundred_at_once(self, rig: Rig) -> None:
        """Two hundred runs at one time each end with their own cause and their own result."""
        good = rig.sample("echoes" if rig.has("echoes") or rig.promise.command else "succeeds")
        bad = rig.sample("fails")
        jobs = [rig.job(good), rig.job(bad)]

        async def life() -> list[Finished]:
            async with rig.worker() as worker:
                runs: list[LiveRun] = []
                for number in range(_CROWD):
                    order = rig.order(jobs[number % 2], instance_parameters=f"number {number}")
                    runs.append(await rig.submit(worker, order))
                return [await rig.finish(run) for run in runs]

        for number, got in enumerate(asyncio.run(life())):
            if number % 2:
                assert bad.cause is not None
                expect(got.outcome, bad.cause, where=f"Run {number} of {_CROWD} at once, 'fails',")
                continue
            expect(got.outcome, Cause.SUCCEEDED, where=f"Run {number} of {_CROWD} at once")
            wanted = f"number {number}" if good is rig.samples.echoes else good.result
            if wanted is not None:
                said = f"Run {number} of {_CROWD} at once has the result {got.outcome.result!r}, not {wanted!r}."
                check(got.outcome.result == wanted, said)
