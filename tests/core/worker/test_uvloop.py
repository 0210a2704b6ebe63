"""A host may have another event loop than asyncio's own, with transports of its own: uvloop's is the usual one."""

from __future__ import annotations

from pathlib import Path

import uvloop

from anyjob.job import Job
from anyjob.outcome import Cause, Strength
from anyjob.plugins import PluginHost
from anyjob.worker.order import RunOrder
from anyjob.worker.worker import Worker


def test_runs_and_stops_on_uvloop(tmp_path: Path) -> None:
    async def go() -> None:
        async with Worker(PluginHost.load(), tmp_path / "state") as worker:
            said = Job(name="said", job_type="shell", content="echo hello")
            outcome = await (await worker.submit(RunOrder(job=said, instance=1))).outcome()
            assert (outcome.cause, outcome.result) == (Cause.SUCCEEDED, "hello")
            held = await worker.submit(
                RunOrder(job=Job(name="held", job_type="shell", content="sleep 600"), instance=2)
            )
            held.stop(force=True)
            outcome = await held.outcome()
            assert outcome.cause is Cause.STOPPED
            assert outcome.stop is not None
            assert outcome.stop.strength is Strength.PROVEN

    uvloop.run(go())
