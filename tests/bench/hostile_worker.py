"""A worker in a process of its own that runs hostile jobs and stops them: OPTIONS as JSON.

It prints a line of JSON for each run that is over, and waits for a line on its input before it ends: until then whoever
started it can look at what is left.
"""

from __future__ import annotations

import asyncio
import json
import random
import sys
import time
from pathlib import Path
from typing import Any

_LONG = 60
"""Seconds that no single run may take."""


def join(group: str) -> None:
    """Move this process into the group, before it has any thread or child."""
    Path(group, "cgroup.procs").write_text("0")


async def main(options: dict[str, Any]) -> None:
    from hostile import CASES, Case

    from anyjob.job import Job
    from anyjob.plugins import PluginHost
    from anyjob.worker.local.shimclient import ShimClient, ShimOptions
    from anyjob.worker.order import RunOrder
    from anyjob.worker.settings import WorkerSettings
    from anyjob.worker.worker import Worker

    state, hold = Path(options["state"]), options["hold"]
    settings = WorkerSettings(cgroup="auto" if hold == "cgroup" else "off")
    chance = random.Random(options["seed"])
    first = options["first"]

    async def one(worker: Worker, case: Case, number: int) -> None:
        run = await worker.submit(RunOrder(job=case.job, instance=number))
        if case.waits:
            ready = worker.folder.runs / run.name / "ready"
            while not ready.exists() and run.record.outcome is None:
                await asyncio.sleep(0.005)
        else:
            await asyncio.sleep(chance.random() * 0.03)
        asked = time.perf_counter()
        run.stop(force=True)
        outcome = await run.outcome()
        took = time.perf_counter() - asked
        said = {"case": case.name, "run": run.name, "instance": number, "took": took, **outcome.to_json()}
        print(json.dumps(said), flush=True)

    async def many(worker: Worker, case: Case, numbers: list[int]) -> None:
        while numbers:
            async with asyncio.timeout(_LONG):
                await one(worker, case, numbers.pop())

    if hold == "scan":
        # A shim that has no spawners to give: every run is held by looking for its processes.
        (state / "shim").mkdir(mode=0o700, parents=True)
        client = await ShimClient.open(state / "shim", ShimOptions(cgroup="off", spawners=0))
        await client.close()
    async with Worker(PluginHost.load(), state, settings) as worker:
        warm = await worker.submit(RunOrder(job=Job(name="warm", job_type="shell", content="echo"), instance=1))
        await warm.outcome()
        for name in options["cases"]:
            case = CASES[name]
            numbers = list(range(first, first + options["each"]))
            first += len(numbers)
            await asyncio.gather(*(many(worker, case, numbers) for _ in range(min(case.flight, options["flight"]))))
        print("{}", flush=True)
        await asyncio.to_thread(sys.stdin.readline)


if __name__ == "__main__":
    asked = json.loads(sys.argv[1])
    if asked["group"]:
        join(asked["group"])
    asyncio.run(main(asked))
