"""No-op shell jobs through host and runtime against bare `subprocess.run`, as ratios of adjacent pairs.

    python -m tests.bench.bench_throughput [--seconds 2] [--pairs 5] [--flight 2 8 16] [--cgroup auto off] [--state DIR]

The bare side captures output and makes a new session, with as many threads as runs are in flight. The CPU is that of
the whole worker process: host, runtime and the client of the shim.
"""

from __future__ import annotations

import asyncio
import resource
import subprocess
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tests.bench.ground import arguments, ground
from tests.bench.lines import LINES
from tests.bench.row import tell

from anyjob.job import Job
from anyjob.plugins import PluginHost
from anyjob.worker.order import RunOrder
from anyjob.worker.settings import WorkerSettings
from anyjob.worker.worker import Worker

JOB = Job(name="noop", job_type="shell", content="echo hello")


def bare(flight: int, seconds: float) -> float:
    """Runs a second of the bare limit."""
    end = time.perf_counter() + seconds

    def loop(_: int) -> int:
        done = 0
        while time.perf_counter() < end:
            subprocess.run(["sh", "-c", "echo hello"], capture_output=True, start_new_session=True, check=True)
            done += 1
        return done

    start = time.perf_counter()
    with ThreadPoolExecutor(flight) as pool:
        done = sum(pool.map(loop, range(flight)))
    return done / (time.perf_counter() - start)


async def anyjob(worker: Worker, flight: int, seconds: float, first: int) -> tuple[float, float, int]:
    """(runs a second, CPU milliseconds of this process a run, runs) with `flight` runs going at any time."""
    end = time.perf_counter() + seconds
    number = first

    async def loop() -> None:
        nonlocal number
        while time.perf_counter() < end:
            number += 1
            run = await worker.submit(RunOrder(job=JOB, instance=number))
            outcome = await run.outcome()
            assert outcome.result == "hello", outcome
            worker.forget(run.name)

    usage = resource.getrusage(resource.RUSAGE_SELF)
    start = time.perf_counter()
    await asyncio.gather(*(loop() for _ in range(flight)))
    took = time.perf_counter() - start
    after = resource.getrusage(resource.RUSAGE_SELF)
    cpu = after.ru_utime + after.ru_stime - usage.ru_utime - usage.ru_stime
    done = number - first
    return done / took, cpu / done * 1000, done


async def compare(flight: int, pairs: int, seconds: float, cgroup: str, state: Path) -> None:
    """Print one row."""
    ratios: list[float] = []
    cpus: list[float] = []
    rates: list[float] = []
    bares: list[float] = []
    settings = WorkerSettings.model_validate({"cgroup": cgroup})
    async with Worker(PluginHost.load(), state, settings) as worker:
        number = 0
        _, _, done = await anyjob(worker, flight, 0.5, number)
        number += done
        for pair in range(pairs):
            left = await asyncio.to_thread(bare, flight, seconds) if pair % 2 else 0.0
            rate, cpu, done = await anyjob(worker, flight, seconds, number)
            number += done
            left = left or await asyncio.to_thread(bare, flight, seconds)
            bares.append(left)
            ratios.append(rate / left)
            cpus.append(cpu)
            rates.append(rate)
    how = f"{flight} in flight{', a cgroup for proof' if cgroup == 'auto' else ', without cgroups'}"
    line = f"throughput-{flight}{'-cgroup' if cgroup == 'auto' else ''}"
    tell(
        f"no-op shell jobs, {how}",
        rates,
        "runs/s",
        peer="subprocess.run",
        of_peer=bares,
        ratio=ratios,
        line=line if line in LINES else "",
        issue=3,
    )
    tell(f"the worker's own CPU a run, {how}", cpus, "ms", line="worker-cpu")


def main() -> None:
    """Every row asked for."""
    words = arguments(__doc__)
    words.add_argument("--seconds", type=float, default=2)
    words.add_argument("--pairs", type=int, default=5)
    words.add_argument("--flight", type=int, nargs="*", default=[2, 8, 16])
    words.add_argument("--cgroup", nargs="*", default=["auto", "off"])
    given = words.parse_args()
    with ground(given.state) as lent:
        for cgroup in given.cgroup:
            for flight in given.flight:
                asyncio.run(compare(flight, given.pairs, given.seconds, cgroup, lent.folder()))


if __name__ == "__main__":
    main()
