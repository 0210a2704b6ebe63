"""What a normal end leaves behind."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeAlias

from anyjob.outcome import Cause
from anyjob.testing.fault import check, expect
from anyjob.testing.processes import alive
from anyjob.testing.rig import Rig
from anyjob.testing.suite import Suite
from anyjob.worker.order import RunOrder
from anyjob.worker.worker import LiveRun, Worker

__all__ = ["LeftoverCases"]

_Release: TypeAlias = Callable[[], object]
"""Lets the process that was left behind end."""


class LeftoverCases(Suite):
    """A job ends well and has left a process. XAttrs.leftovers says what becomes of it."""

    def test_leftovers_are_killed(self, rig: Rig) -> None:
        """`kill`, the default: the process is gone with the run, and the outcome says that there was one."""

        async def case(worker: Worker, run: LiveRun, release: _Release) -> None:
            got = await rig.finish(run)
            left = alive(run.name)
            expect(got.outcome, Cause.SUCCEEDED, where="A run whose leftovers are killed")
            check(not left, f"The run has ended, its leftovers are to be killed, and alive are: {left}")
            said = "A process was left behind and killed, and nothing in the outcome says so; its owner would search."
            check(got.outcome.evidence, said)

        self._leaving(rig, "kill", case)

    def test_leftovers_are_waited_for(self, rig: Rig) -> None:
        """`wait`: the run goes on until the last of its processes has ended by itself."""

        async def case(worker: Worker, run: LiveRun, release: _Release) -> None:
            await rig.running(run)
            # By the end of a whole other run the command itself, which ends at once, is over.
            await rig.finish(await rig.submit(worker, rig.order(rig.job(rig.sample("succeeds")))))
            check(alive(run.name), "The sample 'leaves' leaves no process.")
            check(run.record.outcome is None, "The run is over, and a process that is to be waited for is alive.")
            release()
            got = await rig.finish(run)
            expect(got.outcome, Cause.SUCCEEDED, where="A run whose leftovers are waited for")
            check(not alive(run.name), f"The run is over and its process alive: {alive(run.name)}")

        self._leaving(rig, "wait", case)

    def test_leftovers_fail_the_run(self, rig: Rig) -> None:
        """`fail`: a job that leaves processes behind has not ended well, and they are gone."""

        async def case(worker: Worker, run: LiveRun, release: _Release) -> None:
            got = await rig.finish(run)
            expect(got.outcome, Cause.LEFTOVERS, where="A run that must not leave processes")
            check(got.outcome.evidence, "The run failed for what it left, and the outcome does not name it.")
            check(not alive(run.name), f"The run has ended as `leftovers`, and alive are: {alive(run.name)}")

        self._leaving(rig, "fail", case)

    def test_leftovers_are_allowed(self, rig: Rig) -> None:
        """`allow`: the run ends with its command, and the process goes on."""

        async def case(worker: Worker, run: LiveRun, release: _Release) -> None:
            got = await rig.finish(run)
            expect(got.outcome, Cause.SUCCEEDED, where="A run that may leave processes")
            check(alive(run.name), "The process that the run may leave is gone.")
            release()
            await rig.until(lambda: not alive(run.name), "The sample's process does not end with its file")

        self._leaving(rig, "allow", case)

    def _leaving(self, rig: Rig, how: str, case: Callable[[Worker, LiveRun, _Release], Awaitable[None]]) -> None:
        sample = rig.sample("leaves")
        file = rig.folder / "release"
        order: RunOrder = rig.order(rig.job(sample, xattrs={"leftovers": how}, Parameters=str(file)))

        async def life() -> None:
            async with rig.worker() as worker:
                try:
                    await case(worker, await rig.submit(worker, order), file.touch)
                finally:
                    file.touch()

        asyncio.run(life())
