"""Whether a type can work here: health and preflight."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest

from anyjob.executor.capabilities import Health
from anyjob.problem import Problem
from anyjob.testing.fault import Fault, check
from anyjob.testing.rig import Rig
from anyjob.testing.suite import Suite

__all__ = ["HealthCases"]

_AT_ONCE = 5


class HealthCases(Suite):
    """Asked beside the runs, at any time, and never in their way."""

    def test_health_answers(self, rig: Rig) -> None:
        """Where runs work, health is `healthy`."""
        for said in _asked(rig):
            check(said.state == "healthy", f"Runs work here, and health says {said.state}: {said.why}")

    def test_health_answers_where_things_are_missing(self, rig: Rig) -> None:
        """On a worker that has nothing on its PATH, health answers all the same: one of three words, and why."""
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("PATH", "/nowhere")
            _asked(rig)

    def test_health_beside_a_run(self, rig: Rig) -> None:
        """Health is asked while runs go on, also again before it has answered."""
        job = rig.job(rig.sample("sleeps"), xattrs={"grace": 0.2})

        async def life() -> None:
            async with rig.worker() as worker:
                run = await rig.submit(worker, rig.order(job))
                await rig.running(run)
                executor = worker.host.dispatch(job).executor
                for said in await asyncio.gather(
                    *(rig.verb(executor.health(), "health, asked several times at once,") for _ in range(_AT_ONCE))
                ):
                    _sound(said)
                check(run.record.outcome is None, "The run ended when health was asked.")
                run.stop(force=True)
                await rig.finish(run)

        asyncio.run(life())

    def test_preflight_finds_nothing_wrong(self, rig: Rig) -> None:
        """`preflight` of a job that runs here finds nothing missing, as often as it is asked."""
        job = rig.job(rig.sample("succeeds"))

        async def life() -> list[Sequence[object]]:
            async with rig.worker() as worker:
                await rig.finish(await rig.submit(worker, rig.order(job)))
                bound = worker.host.dispatch(job)
                return [list(await rig.verb(bound.executor.preflight(bound.spec), "preflight")) for _ in range(2)]

        for problems in asyncio.run(life()):
            for problem in problems:
                check(isinstance(problem, Problem), f"preflight gave {problem!r}, not a Problem.")
            check(not problems, f"The job runs here, and preflight says: {problems}")


def _asked(rig: Rig) -> list[Health]:
    job = rig.job(rig.sample("succeeds"))

    async def life() -> list[Health]:
        async with rig.worker() as worker:
            await rig.finish(await rig.submit(worker, rig.order(job)))  # from here on the executor is served
            bound = worker.host.dispatch(job)
            said = [await rig.verb(bound.executor.health(), "health")]
            if bound.place is not None:
                said.append(await rig.verb(bound.place.launcher.health(), "The launcher's health"))
            return said

    found = asyncio.run(life())
    for said in found:
        _sound(said)
    return found


def _sound(said: object) -> None:
    if not isinstance(said, Health):
        raise Fault(f"health gave {said!r}, not a Health.")
    check(said.state in ("undetected", "unhealthy", "healthy"), f"health gave the state {said.state!r}.")
    check(said.why or said.state == "healthy", f"health says {said.state} and not why.")
