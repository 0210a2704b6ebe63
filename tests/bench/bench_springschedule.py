"""What an attached Spring Boot application costs while nothing is to do, and what a call costs.

    python tests/bench/bench_springschedule.py [--seconds 30] [--calls 500]

Idle: processor time of our threads in the application (their names begin with `anyjob-`) and of the whole worker, as a
share of one core. A call: from submit to its outcome in the worker, which writes its ledger for it.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import statistics
import tempfile
import time
from pathlib import Path

from ground import percentile

from anyjob.job import Job
from anyjob.plugins import PluginHost
from anyjob.worker.order import RunOrder
from anyjob.worker.settings import WorkerSettings
from anyjob.worker.worker import Worker
from anyjob_springschedule.samples import serving

_TOKEN = "a token of the bench alone"
_JOB = Job.from_wire(
    {
        "Name": "bench",
        "JobType": "springschedule",
        "GroupId": "bench",
        "Content": {"className": "anyjob.samples.Samples", "method": "succeeds"},
    }
)


def processor(pid: int, named: str = "") -> float:
    """Seconds that the threads of a process, whose names begin so, have used."""
    ticks = 0
    for task in Path(f"/proc/{pid}/task").iterdir():
        name, _, rest = (task / "stat").read_text().partition("(")[2].rpartition(")")
        if name.startswith(named):
            fields = rest.split()
            ticks += int(fields[11]) + int(fields[12])
    return ticks / os.sysconf("SC_CLK_TCK")


async def measure(place: Path, address: str, seconds: float, calls: int) -> None:
    settings = WorkerSettings.model_validate({"apps": {"listen": [address], "tokens": {"bench": _TOKEN}}})
    host = PluginHost.load(executor_settings={"springschedule": {"wait": 60}})
    async with Worker(host, place / "state", settings) as worker:
        times: list[float] = []
        for number in range(calls + 100):
            begin = time.perf_counter()
            run = await worker.submit(RunOrder(job=_JOB, instance=number + 1))
            outcome = await run.outcome()
            assert outcome.result == "hello", outcome
            times.append((time.perf_counter() - begin) * 1000)
            worker.forget(run.name)
        times = times[100:]
        print(f"call       p50 {statistics.median(times):.2f} ms   p99 {percentile(times, 0.99):.2f} ms")
        java = int(next(iter(_java())))
        await asyncio.sleep(2)
        before, own, begin = processor(java, "anyjob-"), processor(os.getpid()), time.monotonic()
        await asyncio.sleep(seconds)
        passed = time.monotonic() - begin
        print(f"idle       our threads {100 * (processor(java, 'anyjob-') - before) / passed:.3f} % of a core")
        print(f"           the worker  {100 * (processor(os.getpid()) - own) / passed:.3f} % of a core")


def _java() -> list[str]:
    return [one for one in Path(f"/proc/self/task/{os.getpid()}/children").read_text().split() if _is_java(one)]


def _is_java(pid: str) -> bool:
    return Path(f"/proc/{pid}/comm").read_text().strip() == "java"


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=30)
    parser.add_argument("--calls", type=int, default=500)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        at = f"unix:{folder}/apps.sock"
        with serving([at], _TOKEN):
            asyncio.run(measure(Path(folder), at, given.seconds, given.calls))
