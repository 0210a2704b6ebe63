"""Many sleeping runs: what they cost in memory and CPU, and how long it takes to stop them all with proof.

    python -m tests.bench.bench_sleepers [--runs 2000] [--idle 10] [--cgroup auto off] [--state DIR]

Memory is proportional (PSS) of the worker's process, keeper, shim and, without cgroups, the spawners. The worker's
process has the plugin host and pydantic in it, and is a fresh one each time, because a process keeps
what thousands of runs have taken.
"""

from __future__ import annotations

import asyncio
import os
import time
from collections import Counter
from multiprocessing import get_context
from pathlib import Path

from tests.bench.ground import arguments, cpu_seconds, ground, pss, servants
from tests.bench.row import tell

from anyjob.job import Job
from anyjob.plugins import PluginHost
from anyjob.worker.order import RunOrder
from anyjob.worker.settings import WorkerSettings
from anyjob.worker.worker import LiveRun, Worker

JOB = Job(name="sleeper", job_type="shell", content="exec sleep 600")
MB = 1_000_000


async def start(worker: Worker, count: int) -> list[LiveRun]:
    """All of them, going."""
    runs = [await worker.submit(RunOrder(job=JOB, instance=number + 1)) for number in range(count)]
    while any(run.record.handle is None and run.record.outcome is None for run in runs):
        await asyncio.sleep(0.01)
    return runs


async def measure(count: int, idle: float, cgroup: str, state: Path) -> None:
    """Print the rows of one way to hold them."""
    settings = WorkerSettings.model_validate({"cgroup": cgroup})
    async with Worker(PluginHost.load(), state, settings) as worker:
        begun = time.perf_counter()
        runs = await start(worker, count)
        began = time.perf_counter() - begun
        await asyncio.sleep(1)  # what the starts still cause
        pids = [os.getpid(), *servants(state)]
        spent = {pid: cpu_seconds(pid) for pid in pids}
        await asyncio.sleep(idle)
        shares = [(cpu_seconds(pid) - spent[pid]) / idle * 100 for pid in pids]
        memory = [pss(pid) / MB for pid in pids]
        alive = sum(run.record.outcome is None for run in runs)
        begun = time.perf_counter()
        for run in runs:
            run.stop()
        outcomes = await asyncio.gather(*(run.outcome() for run in runs))
        stopped = time.perf_counter() - begun
    ends = Counter(f"{end.cause.value} {end.stop.strength.value if end.stop else 'no report'}" for end in outcomes)
    what = f"{count} sleeping runs, {'a cgroup for proof' if cgroup == 'auto' else 'without cgroups'}"
    tell(
        f"{what}: worker, keeper and shim",
        sum(memory),
        "MB",
        line="sleepers-memory",
        beside=f"worker {memory[0]:.0f}, {len(pids) - 1} others {sum(memory[1:]):.0f} MB;"
        f" {alive} of {count} sleep, started in {began:.1f} s",
    )
    tell(
        f"{what}: CPU while idle",
        sum(shares),
        "%",
        line="sleepers-idle",
        beside=f"worker {shares[0]:.2f}, others {sum(shares[1:]):.2f} %",
    )
    tell(
        f"{what}: all stopped",
        stopped,
        "s",
        line="sleepers-stop",
        beside=", ".join(f"{number} {end}" for end, number in ends.items()),
    )


def main() -> None:
    """Every row asked for."""
    words = arguments(__doc__)
    words.add_argument("--runs", type=int, default=2000)
    words.add_argument("--idle", type=float, default=10, help="seconds over which idle CPU is measured")
    words.add_argument("--cgroup", nargs="*", default=["auto", "off"])
    given = words.parse_args()
    with ground(given.state) as lent:
        for cgroup in given.cgroup:
            one = get_context("spawn").Process(target=_measured, args=(given.runs, given.idle, cgroup, lent.folder()))
            one.start()
            try:
                one.join()
            finally:
                one.kill()  # a benchmark that is ended would wait for it at its exit; the ground ends what it began
            if one.exitcode:
                raise SystemExit(one.exitcode)


def _measured(count: int, idle: float, cgroup: str, state: Path) -> None:
    asyncio.run(measure(count, idle, cgroup, state))


if __name__ == "__main__":
    main()
