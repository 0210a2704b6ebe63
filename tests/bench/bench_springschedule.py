"""What an attached Spring Boot application costs while nothing is to do, and what a call costs.

    python -m tests.bench.bench_springschedule [--seconds 30] [--calls 500]

Idle: processor time of our threads in the application (their names begin with `anyjob-`) and of the whole worker, as a
share of one core. A call: from submit to its outcome in the worker, which writes its ledger for it.
"""

from __future__ import annotations

import asyncio
import os
import statistics
import time
from pathlib import Path

from tests.bench.ground import arguments, ground, percentile
from tests.bench.row import tell

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


async def measure(state: Path, address: str, seconds: float, calls: int) -> None:
    settings = WorkerSettings.model_validate({"apps": {"listen": [address], "tokens": {"bench": _TOKEN}}})
    host = PluginHost.load(executor_settings={"springschedule": {"wait": 60}})
    async with Worker(host, state, settings) as worker:
        times: list[float] = []
        for number in range(calls + 100):
            begin = time.perf_counter()
            run = await worker.submit(RunOrder(job=_JOB, instance=number + 1))
            outcome = await run.outcome()
            assert outcome.result == "hello", outcome
            times.append((time.perf_counter() - begin) * 1000)
            worker.forget(run.name)
        times = times[100:]
        tell(
            "spring: a call of an attached application, submit to outcome, p50",
            statistics.median(times),
            "ms",
            issue=8,
            beside=f"p99 {percentile(times, 0.99):.2f} ms; {calls} calls",
        )
        java = int(next(iter(_java())))
        await asyncio.sleep(2)
        before, own, begin = processor(java, "anyjob-"), processor(os.getpid()), time.monotonic()
        await asyncio.sleep(seconds)
        passed = time.monotonic() - begin
        share = 100 * (processor(java, "anyjob-") - before) / passed
        beside = f"the whole worker {100 * (processor(os.getpid()) - own) / passed:.3f} %"
        tell("an idle Spring application: our threads", share, "% of a core", line="idle-cpu", beside=beside)


def _java() -> list[str]:
    return [one for one in Path(f"/proc/self/task/{os.getpid()}/children").read_text().split() if _is_java(one)]


def _is_java(pid: str) -> bool:
    return Path(f"/proc/{pid}/comm").read_text().strip() == "java"


if __name__ == "__main__":
    words = arguments(__doc__)
    words.add_argument("--seconds", type=float, default=30)
    words.add_argument("--calls", type=int, default=500)
    given = words.parse_args()
    with ground(given.state) as lent:
        at = f"unix:{lent.top}/apps.sock"
        with serving([at], _TOKEN):
            asyncio.run(measure(lent.folder(), at, given.seconds, given.calls))
