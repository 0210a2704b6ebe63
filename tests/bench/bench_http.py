"""No-op http jobs against a bare loop of pooled `requests.Session`s, and many calls in flight to a slow server.

    python -m tests.bench.bench_http [--seconds 2] [--pairs 5] [--flight 1 8 32] [--calls 1000] [--state DIR]

The server is a process of its own. The bare side has a thread and a session for each call in flight and reads the
answer; ratios are of adjacent pairs. The memory of the calls in flight is that of the worker's whole process.
"""

from __future__ import annotations

import asyncio
import multiprocessing
import os
import resource
import time
from collections import Counter
from collections.abc import Generator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from multiprocessing.connection import Connection
from pathlib import Path

import requests
from tests.bench.ground import arguments, ground
from tests.bench.row import tell

from anyjob.job import Job
from anyjob.plugins import PluginHost
from anyjob.worker.order import RunOrder
from anyjob.worker.worker import Worker
from anyjob_http.peer import Peer

MB = 1_000_000


def _serve(end: Connection) -> None:
    with Peer() as peer:
        end.send(peer.url)
        end.recv()


@contextmanager
def server() -> Generator[str]:
    """The origin of a server in another process."""
    spawn = multiprocessing.get_context("spawn")
    near, far = spawn.Pipe()
    process = spawn.Process(target=_serve, args=[far])
    process.start()
    try:
        yield near.recv()
    finally:
        near.send("")
        process.join(5)
        process.kill()


def job(url: str) -> Job:
    """A GET."""
    return Job(name="noop", job_type="http", content=f'{{"url": "{url}", "timeout": 120}}')


def bare(url: str, flight: int, seconds: float) -> float:
    """Calls a second of the bare limit."""
    end = time.perf_counter() + seconds

    def loop(_: int) -> int:
        done = 0
        with requests.Session() as session:
            while time.perf_counter() < end:
                assert session.get(url).text == "hello"
                done += 1
        return done

    start = time.perf_counter()
    with ThreadPoolExecutor(flight) as pool:
        done = sum(pool.map(loop, range(flight)))
    return done / (time.perf_counter() - start)


async def anyjob(worker: Worker, url: str, flight: int, seconds: float, first: int) -> tuple[float, int]:
    """(runs a second, runs) with `flight` runs going at any time."""
    end, number, noop = time.perf_counter() + seconds, first, job(url)

    async def loop() -> None:
        nonlocal number
        while time.perf_counter() < end:
            number += 1
            run = await worker.submit(RunOrder(job=noop, instance=number))
            outcome = await run.outcome()
            assert outcome.result == "hello", outcome
            worker.forget(run.name)

    start = time.perf_counter()
    await asyncio.gather(*(loop() for _ in range(flight)))
    return (number - first) / (time.perf_counter() - start), number - first


async def compare(url: str, flight: int, pairs: int, seconds: float, state: Path) -> None:
    """Print one row."""
    ratios: list[float] = []
    rates: list[float] = []
    bares: list[float] = []
    async with Worker(PluginHost.load(), state) as worker:
        _, number = await anyjob(worker, url, flight, 0.5, 0)
        for pair in range(pairs):
            left = await asyncio.to_thread(bare, url, flight, seconds) if pair % 2 else 0.0
            rate, done = await anyjob(worker, url, flight, seconds, number)
            number += done
            left = left or await asyncio.to_thread(bare, url, flight, seconds)
            ratios.append(rate / left)
            rates.append(rate)
            bares.append(left)
    what = f"no-op http jobs, {flight} in flight"
    tell(what, rates, "runs/s", peer="pooled sessions", of_peer=bares, ratio=ratios, line="http")


async def crowd(url: str, calls: int, state: Path) -> None:
    """Print the memory of many calls that wait, and how long all their stops take."""
    sleeper = job(f"{url}/sleeps")
    async with Worker(PluginHost.load(), state) as worker:
        runs = [await worker.submit(RunOrder(job=sleeper, instance=number)) for number in range(1, calls + 1)]
        until = time.monotonic() + 60
        while sum((state / "runs" / run.name / "log").exists() for run in runs) < calls:
            assert time.monotonic() < until, "not all calls have come to their first byte"
            await asyncio.sleep(0.1)
        pages = int(Path("/proc/self/statm").read_text().split()[1])
        begun = time.perf_counter()
        for run in runs:
            run.stop()
        ends = await asyncio.gather(*(run.outcome() for run in runs))
        took = time.perf_counter() - begun
    causes = ", ".join(f"{count} {cause}" for cause, count in Counter(end.cause.value for end in ends).items())
    rss = pages * os.sysconf("SC_PAGE_SIZE") / MB
    beside = f"all stopped in {took:.2f} s: {causes}"
    tell(f"{calls} http calls in flight to a slow server: the worker", rss, "MB", line="http-memory", beside=beside)


def main() -> None:
    """Every row asked for."""
    words = arguments(__doc__)
    words.add_argument("--seconds", type=float, default=2)
    words.add_argument("--pairs", type=int, default=5)
    words.add_argument("--flight", type=int, nargs="*", default=[1, 8, 32])
    words.add_argument("--calls", type=int, default=1000)
    given = words.parse_args()
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(max(soft, 8 * given.calls), hard), hard))
    with ground(given.state) as lent, server() as url:
        if given.calls:
            asyncio.run(crowd(url, given.calls, lent.folder()))
        for flight in given.flight:
            asyncio.run(compare(f"{url}/hello", flight, given.pairs, given.seconds, lent.folder()))


if __name__ == "__main__":
    main()
