"""A worker in a process of its own, for tests that kill it: STATE COUNT SCRIPT [JOB]. Says `ready` when all are going.

JOB: further fields of the job, as JSON.

Without COUNT it only takes up what it finds, and prints a JSON line for each run's end.
"""

from __future__ import annotations

import asyncio
import json
import sys
from pathlib import Path
from typing import Any

from anyjob.job import Job
from anyjob.plugins import PluginHost
from anyjob.worker.order import RunOrder
from anyjob.worker.settings import WorkerSettings
from anyjob.worker.worker import LiveRun, Worker


async def report(run: LiveRun) -> None:
    outcome = await run.outcome()
    print(json.dumps({"run": run.name, **outcome.to_json()}), flush=True)


async def main(state: Path, count: int, script: str, more: dict[str, Any]) -> None:
    async with Worker(PluginHost.load(), state, WorkerSettings(shim_idle=1)) as worker:
        fields: dict[str, Any] = {"job_type": "shell", **more}
        job = Job(name="j", content=script, **fields)
        runs = [
            await worker.submit(RunOrder(job=job, instance=number)) for number in range(1, count + 1)
        ] or worker.resumed
        while any(run.record.handle is None and run.record.outcome is None for run in runs):
            await asyncio.sleep(0.01)
        print("ready", flush=True)
        await asyncio.gather(*(report(run) for run in runs))


if __name__ == "__main__":
    asyncio.run(
        main(Path(sys.argv[1]), int(sys.argv[2]), sys.argv[3], json.loads(sys.argv[4] if len(sys.argv) > 4 else "{}"))
    )
