"""From submit to the start of the child, above the bare spawn, on a machine that idles between two starts.

    python -m tests.bench.bench_latency [--starts 60] [--blocks 5] [--gap 0.06] [--cgroup auto off] [--state DIR]

Both sides execute the same script, which becomes `date` and prints the time at which it runs. The bare side is
`subprocess.run(start_new_session=True)` with captured output. Starts of both sides alternate, `gap` seconds apart: back
to back hides what an idle kernel makes a caller wait for.
"""

from __future__ import annotations

import asyncio
import statistics
import subprocess
import time
from pathlib import Path

from tests.bench.ground import arguments, ground, percentile
from tests.bench.row import tell

from anyjob.job import Job
from anyjob.plugins import PluginHost
from anyjob.worker.order import RunOrder
from anyjob.worker.settings import WorkerSettings
from anyjob.worker.worker import Worker

SCRIPT = "exec date +%s%N"
JOB = Job(name="latency", job_type="shell", content=SCRIPT)


def bare(script: Path) -> float:
    """Milliseconds until the child ran."""
    start = time.time_ns()
    words = ["/bin/sh", str(script)]
    done = subprocess.run(words, capture_output=True, start_new_session=True, check=True, stdin=subprocess.DEVNULL)
    return (int(done.stdout) - start) / 1e6


async def anyjob(worker: Worker, number: int) -> float:
    """Milliseconds until the child ran."""
    start = time.time_ns()
    run = await worker.submit(RunOrder(job=JOB, instance=number))
    outcome = await run.outcome()
    worker.forget(run.name)
    return (int(outcome.result) - start) / 1e6


async def compare(starts: int, blocks: int, gap: float, cgroup: str, state: Path) -> None:
    """Print one row."""
    left: list[float] = []
    right: list[float] = []
    differences: list[float] = []
    settings = WorkerSettings.model_validate({"cgroup": cgroup})
    async with Worker(PluginHost.load(), state, settings) as worker:
        script = state / "script"
        script.write_text(SCRIPT)
        for number in range(5):  # the first starts the shim
            await anyjob(worker, number + 1)
        number = 5
        for _ in range(blocks):
            for turn in range(starts):
                number += 1
                for ours in (True, False) if turn % 2 else (False, True):
                    await asyncio.sleep(gap)
                    if ours:
                        right.append(await anyjob(worker, number))
                    else:
                        left.append(bare(script))
            differences.append(statistics.median(right[-starts:]) - statistics.median(left[-starts:]))
    what = (
        f"submit to child start above a bare spawn, {'a cgroup for proof' if cgroup == 'auto' else 'without cgroups'}"
    )
    for name, part, above in (
        ("p50", 0.5, differences),
        ("p99", 0.99, percentile(right, 0.99) - percentile(left, 0.99)),
    ):
        own, bare_one = percentile(right, part), percentile(left, part)
        tell(
            f"{what}, {name}",
            above,
            "ms",
            line=f"latency-{name}" if cgroup == "auto" else "",
            issue=3,
            beside=f"{own:.2f} and {bare_one:.2f} ms; {len(right)} starts",
        )


def main() -> None:
    """Every row asked for."""
    words = arguments(__doc__)
    words.add_argument("--starts", type=int, default=60, help="starts of each side in a block")
    words.add_argument("--blocks", type=int, default=5)
    words.add_argument("--gap", type=float, default=0.06)
    words.add_argument("--cgroup", nargs="*", default=["auto", "off"])
    given = words.parse_args()
    with ground(given.state) as lent:
        for cgroup in given.cgroup:
            asyncio.run(compare(given.starts, given.blocks, given.gap, cgroup, lent.folder()))


if __name__ == "__main__":
    main()
