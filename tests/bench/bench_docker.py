"""No-op shell jobs in containers against a bare docker-py loop with as many threads, on an engine of our own.

    python -m tests.bench.bench_docker [--containers 24] [--pairs 5] [--flight 1 2 4 8] [--state DIR]

The bare side makes, starts, waits for and removes a container for each no-op, with one client a thread, and reads
nothing of it; ratios are of adjacent pairs. `--bare` measures that side alone.
"""

from __future__ import annotations

import asyncio
import os
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from itertools import count
from pathlib import Path
from typing import Any

import docker
from tests.bench.ground import arguments, ground
from tests.bench.row import tell
from tests.grounds.docker.engine import lent_engine

from anyjob.job import Job
from anyjob.plugins import PluginHost
from anyjob.worker.order import RunOrder
from anyjob.worker.worker import Worker

IMAGE = "busybox:test"
NOOP = Job(name="noop", job_type="shell", content="true", xattrs={"launcher": "docker", "image": IMAGE})
_NUMBERS = count(1)


def bare(url: str, flight: int, containers: int) -> float:
    """Containers a second of the bare limit."""

    def loop(_: int) -> None:
        api: Any = docker.APIClient(url, version="1.41")  # its calls have no types
        with closing(api) as client:
            for _ in range(containers // flight):
                config = client.create_host_config(network_mode="none")
                made = client.create_container(IMAGE, ["true"], host_config=config)["Id"]
                client.start(made)
                ended = client.wait(made)
                client.remove_container(made)
                assert ended["StatusCode"] == 0, ended

    start = time.perf_counter()
    with ThreadPoolExecutor(flight) as pool:
        list(pool.map(loop, range(flight)))
    return containers // flight * flight / (time.perf_counter() - start)


async def anyjob(worker: Worker, flight: int, containers: int) -> float:
    """Runs a second with `flight` runs going at any time."""

    async def loop() -> None:
        for _ in range(containers // flight):
            run = await worker.submit(RunOrder(job=NOOP, instance=next(_NUMBERS)))
            outcome = await run.outcome()
            assert outcome.ok, outcome
            worker.forget(run.name)

    start = time.perf_counter()
    await asyncio.gather(*(loop() for _ in range(flight)))
    return containers // flight * flight / (time.perf_counter() - start)


async def compare(url: str, flight: int, pairs: int, containers: int, state: Path) -> None:
    """Print one row."""
    ratios: list[float] = []
    rates: list[float] = []
    bares: list[float] = []
    async with Worker(PluginHost.load(), state) as worker:
        await anyjob(worker, flight, flight)  # what is made once is made
        await asyncio.to_thread(bare, url, flight, flight)
        for pair in range(pairs):
            left = await asyncio.to_thread(bare, url, flight, containers) if pair % 2 else 0.0
            rates.append(await anyjob(worker, flight, containers))
            left = left or await asyncio.to_thread(bare, url, flight, containers)
            bares.append(left)
            ratios.append(rates[-1] / left)
    what = f"no-op shell jobs in containers, {flight} in flight"
    tell(what, rates, "runs/s", peer="docker-py", of_peer=bares, ratio=ratios, line="docker")


def main() -> None:
    """Every row asked for."""
    words = arguments(__doc__)
    words.add_argument("--containers", type=int, default=24, help="of each side of a pair")
    words.add_argument("--pairs", type=int, default=5)
    words.add_argument("--flight", type=int, nargs="*", default=[1, 2, 4, 8])
    words.add_argument("--bare", action="store_true")
    given = words.parse_args()
    with ground(given.state) as lent, lent_engine() as engine:
        os.environ["DOCKER_HOST"] = engine.url
        for flight in given.flight:
            if given.bare:
                rates = [bare(engine.url, flight, given.containers) for _ in range(given.pairs)]
                tell(f"bare docker-py, {flight} in flight", rates, "containers/s", issue=6)
            else:
                asyncio.run(compare(engine.url, flight, given.pairs, given.containers, lent.folder()))


if __name__ == "__main__":
    main()
