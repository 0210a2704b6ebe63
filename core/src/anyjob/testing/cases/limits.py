"""Limits: enforced where they are promised, refused where they are not."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Final

from anyjob.executor.capabilities import Limit
from anyjob.job import BadJob
from anyjob.outcome import Cause, Json
from anyjob.samples import Sample
from anyjob.testing.fault import Fault, check, expect, lacks, told
from anyjob.testing.rig import Finished, Rig
from anyjob.testing.suite import Suite

__all__ = ["LimitCases"]

_LIMITS: Final[Mapping[Limit, Json]] = {"memory": "48Mi", "cpu": 0.2, "pids": 10}


class LimitCases(Suite):
    """What a run may use at most."""

    def test_limits_that_are_denied_are_refused(self, rig: Rig) -> None:
        """A job that asks for a limit which its type does not enforce is refused when it is created, by field."""
        denied: list[Limit] = [name for name in _LIMITS if name not in rig.promise.capabilities.limits]
        for name in denied:
            job = rig.job(rig.sample("succeeds"), xattrs={"limits": {name: _LIMITS[name]}})
            try:
                rig.host().bind(job)
            except BadJob as refused:
                fields = [problem.field for problem in refused.problems]
                check(fields == [f"XAttrs.limits.{name}"], f"A limit of {name} is refused for {fields}.")
            else:
                raise Fault(f"The capabilities deny a limit of {name}, and a job that asks for it is taken.")

    def test_memory_limit(self, rig: Rig) -> None:
        """A run that uses more memory than it may ends as `out_of_memory`, and a run that may have it does not."""
        free, limited = self._both(rig, "eats_memory", "memory")
        expect(free.outcome, Cause.SUCCEEDED, where="The sample 'eats_memory' without a limit")
        if not _admitted(limited):
            expect(limited.outcome, Cause.OUT_OF_MEMORY, where=f"A run that may use {_LIMITS['memory']} and uses more")
        check(not limited.outcome.ok, f"A limit of {_LIMITS['memory']} memory is promised, and a run used 100 MB.")

    def test_the_broken_limit_is_named(self, rig: Rig) -> None:
        """A run that ends for its memory has evidence of it: not a signal 9 that anybody may have sent."""
        _, got = self._both(rig, "eats_memory", "memory")
        if not _admitted(got):
            expect(got.outcome, Cause.OUT_OF_MEMORY, where=f"A run that may use {_LIMITS['memory']} and uses more")
        check(got.outcome.evidence, f"The run used more memory than it may, and no evidence says so: {got.said}")

    def test_a_limit_hits_nobody_else(self, rig: Rig) -> None:
        """When one run breaks its limit, a run beside it goes on, and the next one without a limit has none."""
        sample = self._sample(rig, "eats_memory", "memory")
        limited = rig.job(sample, xattrs={"limits": {"memory": _LIMITS["memory"]}})
        going = rig.job(rig.sample("sleeps"), xattrs={"grace": 0.2})

        async def life() -> Finished:
            async with rig.worker() as worker:
                beside = await rig.submit(worker, rig.order(going))
                await rig.running(beside)
                await rig.finish(await rig.submit(worker, rig.order(limited)))
                free = await rig.finish(await rig.submit(worker, rig.order(rig.job(sample))))
                outcome = beside.record.outcome
                if outcome is not None:
                    raise Fault(f"When another run broke its limit, the run beside it ended: {told(outcome)}.")
                beside.stop(force=True)
                expect((await rig.finish(beside)).outcome, Cause.STOPPED, where="The run beside")
                return free

        expect(asyncio.run(life()).outcome, Cause.SUCCEEDED, where="A run without a limit, after one with a limit,")

    def test_pids_limit(self, rig: Rig) -> None:
        """A run cannot have more processes than it may."""
        free, limited = self._both(rig, "starts_processes", "pids")
        expect(free.outcome, Cause.SUCCEEDED, where="The sample 'starts_processes' without a limit")
        if not _admitted(limited):
            check(not limited.outcome.ok, f"A limit of {_LIMITS['pids']} pids is promised, and a run had 40.")

    def test_cpu_limit(self, rig: Rig) -> None:
        """A run gets no more processor time than it may."""
        sample = self._sample(rig, "burns", "cpu")
        limited = rig.run(rig.job(sample, xattrs={"limits": {"cpu": _LIMITS["cpu"]}}))
        expect(limited.outcome, Cause.SUCCEEDED, where="The sample 'burns' with a limit")
        used, wall = (float(part) for part in limited.outcome.result.split())
        if not _admitted(limited):
            # A busy machine makes the share smaller, never larger.
            said = f"A limit of {_LIMITS['cpu']} cpu is promised, and a run used {used:g} s in {wall:g} s."
            check(used < 0.6 * wall, said)

    def _sample(self, rig: Rig, name: str, limit: Limit) -> Sample:
        if limit not in rig.promise.capabilities.limits:
            lacks(f"it enforces no limit of {limit}")
        return rig.sample(name)

    def _both(self, rig: Rig, name: str, limit: Limit) -> tuple[Finished, Finished]:
        sample = self._sample(rig, name, limit)
        job = rig.job(sample, xattrs={"limits": {limit: _LIMITS[limit]}})
        return rig.once(f"limit of {limit}", lambda: (rig.run(rig.job(sample)), rig.run(job)))


def _admitted(got: Finished) -> bool:
    """Whether the outcome says itself that this machine cannot enforce the limit as it should."""
    return any(item.source == "limits" for item in got.outcome.evidence)
