"""Warm python runs against cold ones through host and runtime, as ratios of adjacent pairs.

    python -m tests.bench.bench_python [--seconds 3] [--pairs 5] [--flight 2 8] [--lean /usr/bin/python3] [--state DIR]

Three scripts: one that does nothing by this interpreter, which is a virtual environment's, the same by a lean
distribution's, and one that imports requests, which the resident has imported before. Both sides have the same worker
and as many runs in flight; a warm block begins when its resident is there.
"""

from __future__ import annotations

import asyncio
import sys
import time
from pathlib import Path
from typing import Any

from tests.bench.ground import arguments, ground
from tests.bench.row import tell

from anyjob.job import Job
from anyjob.plugins import PluginHost
from anyjob.worker.order import RunOrder
from anyjob.worker.worker import Worker

NOOP = "print('hello')"
REQUESTS = "import requests\nprint('hello')"


class Side:
    """One way to run one script."""

    def __init__(self, content: str, interpreter: str, *, warm: bool, preload: list[str]) -> None:
        xattrs: dict[str, Any] = {"command": interpreter, "warm": warm, "preload": preload}
        self.job = Job(name="noop", job_type="python", content=content, xattrs=xattrs)
        self.rates: list[float] = []

    async def block(self, worker: Worker, flight: int, seconds: float, first: int) -> int:
        """Run for some seconds and keep how many a second. Returns the number of runs."""
        number = first
        end = time.perf_counter() + seconds

        async def loop() -> None:
            nonlocal number
            while time.perf_counter() < end:
                number += 1
                run = await worker.submit(RunOrder(job=self.job, instance=number))
                outcome = await run.outcome()
                assert outcome.result == "hello", outcome
                worker.forget(run.name)

        start = time.perf_counter()
        await asyncio.gather(*(loop() for _ in range(flight)))
        self.rates.append((number - first) / (time.perf_counter() - start))
        return number - first


async def compare(
    name: str,
    line: str,
    content: str,
    interpreter: str,
    preload: list[str],
    flight: int,
    pairs: int,
    seconds: float,
    state: Path,
) -> None:
    """Print one row."""
    warm = Side(content, interpreter, warm=True, preload=preload)
    cold = Side(content, interpreter, warm=False, preload=preload)
    async with Worker(PluginHost.load(), state) as worker:
        number = 0
        for side in (warm, cold):
            number += await side.block(worker, flight, 0.5, number)
            side.rates.clear()
        for pair in range(pairs):
            for side in (warm, cold) if pair % 2 else (cold, warm):
                number += await side.block(worker, flight, seconds, number)
    ratios = [one / other for one, other in zip(warm.rates, cold.rates, strict=True)]
    tell(
        f"warm python runs, {name}, {flight} in flight",
        warm.rates,
        "runs/s",
        peer="cold",
        of_peer=cold.rates,
        ratio=ratios,
        line=line,
    )


def main() -> None:
    """Every row."""
    words = arguments(__doc__)
    words.add_argument("--seconds", type=float, default=3)
    words.add_argument("--pairs", type=int, default=5)
    words.add_argument("--flight", type=int, nargs="*", default=[2, 8])
    words.add_argument("--lean", default="/usr/bin/python3", help="a distribution's interpreter; empty: leave it out")
    given = words.parse_args()
    rows: list[tuple[str, str, str, str, list[str]]] = [
        ("a virtual environment's interpreter", "warm-venv", NOOP, sys.executable, [])
    ]
    if given.lean:
        rows.append(("a lean distribution's interpreter", "warm-lean", NOOP, given.lean, []))
    rows.append(("a script that imports requests", "warm-requests", REQUESTS, sys.executable, ["requests"]))
    with ground(given.state) as lent:
        for flight in given.flight:
            for row in rows:
                asyncio.run(compare(*row, flight, given.pairs, given.seconds, lent.folder()))


if __name__ == "__main__":
    main()
