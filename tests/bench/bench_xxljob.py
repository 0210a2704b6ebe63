"""xxljob runs against three real executors, each a JVM of xxl-job-core.

    python -m tests.bench.bench_xxljob [--runs 3000] [--flying 2000] [--version 2.5.0]

No-ops: whole runs a second, from submit to an outcome that is kept, callbacks durable, 64 at one time; with their logs
and without. In flight: what the worker's process takes (resident) while so many runs sleep.
"""

from __future__ import annotations

import asyncio
import os
import time
from contextlib import ExitStack
from pathlib import Path

from tests.bench.ground import Ground, arguments, ground
from tests.bench.row import tell
from tests.executors.xxljob.conftest import build
from tests.executors.xxljob.town import TOKEN, Jvm, free_port, make_job

from anyjob.plugins import PluginHost
from anyjob.worker.order import RunOrder
from anyjob.worker.settings import WorkerSettings
from anyjob.worker.worker import Worker
from anyjob_xxljob.executor import XxlJobExecutor

_AT_ONCE = 64
_NUMBERS = iter(range(1, 1 << 30))


def resident() -> float:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


async def no_ops(worker: Worker, runs: int, *, log: bool) -> None:
    job = make_job("noop", content={"log": log})
    gate = asyncio.Semaphore(_AT_ONCE)

    async def one() -> None:
        async with gate:
            run = await worker.submit(RunOrder(job=job, instance=next(_NUMBERS)))
            outcome = await run.outcome()
            assert outcome.ok, outcome
            worker.forget(run.name)

    await asyncio.gather(*(one() for _ in range(300)))  # warm
    begin, cpu = time.perf_counter(), time.process_time()
    await asyncio.gather(*(one() for _ in range(runs)))
    took, used = time.perf_counter() - begin, time.process_time() - cpu
    said = "with their logs" if log else "without logs"
    tell(
        f"no-op xxljob runs against three real executors, {said}",
        runs / took,
        "runs/s",
        line="xxljob-rate",
        beside=f"{runs} runs, {_AT_ONCE} at one time; {1000 * used / runs:.2f} ms of the worker's CPU each",
    )


async def in_flight(worker: Worker, count: int) -> None:
    before = resident()
    job = make_job("sleep", Parameters="600", XAttrs={"grace": 20})
    runs = [await worker.submit(RunOrder(job=job, instance=next(_NUMBERS))) for _ in range(count)]
    while any(run.record.handle is None for run in runs):
        await asyncio.sleep(0.1)
    cpu, begin = time.process_time(), time.monotonic()
    await asyncio.sleep(15)
    share = 100 * (time.process_time() - cpu) / (time.monotonic() - begin)
    whole, begin = resident(), time.monotonic()
    for run in runs:
        run.stop()
    outcomes = [await run.outcome() for run in runs]
    proofs = sorted({str(outcome.stop.strength) for outcome in outcomes if outcome.stop})
    tell(
        f"{count} xxljob runs in flight: the worker",
        whole,
        "MB",
        line="xxljob-memory",
        beside=f"{before:.0f} MB before, {share:.0f} % of a core;"
        f" all stopped in {time.monotonic() - begin:.1f} s: {', '.join(proofs)}",
    )


async def measure(lent: Ground, version: str, runs: int, flying: int) -> None:
    folder = lent.top / "executors"
    folder.mkdir()
    listen = f"127.0.0.1:{free_port()}"
    host = PluginHost.load(executor_settings={"xxljob": {"listen": listen, "token": TOKEN, "timeout": 10}})
    with ExitStack() as stack:
        async with Worker(host, lent.folder(), WorkerSettings()) as worker:
            first = await worker.submit(RunOrder(job=make_job("a", where=["http://127.0.0.1:1"]), instance=1 << 31))
            await first.outcome()
            executor = host.executor("xxljob")
            assert isinstance(executor, XxlJobExecutor)
            jars = (await asyncio.to_thread(build, folder))[version]
            for number in range(3):
                own = folder / str(number)
                own.mkdir()
                stack.enter_context(Jvm(jars, own, f"http://{listen}", app="demo", heap="512m"))
            while len(executor.admin.registry.seen()) < 3:
                await asyncio.sleep(0.1)
            for log in (False, True):
                await no_ops(worker, runs, log=log)
            await in_flight(worker, flying)


if __name__ == "__main__":
    words = arguments(__doc__)
    words.add_argument("--runs", type=int, default=3000)
    words.add_argument("--flying", type=int, default=2000)
    words.add_argument("--version", default="2.5.0")
    given = words.parse_args()
    with ground(given.state) as lent:
        asyncio.run(measure(lent, given.version, given.runs, given.flying))
