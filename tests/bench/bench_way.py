"""The whole way by API against bare captured spawns: ExecuteJob, a shell run, its outcome read by GetJobInstance.

    python -m tests.bench.bench_way [--jobs 1000] [--pairs 5] [--flight 32 64] [--database URL] [--state DIR]

The server is a process of its own, `anyjob serve`, on SQLite as it comes: every state is durable before it is told.
Jobs are made and requests are signed beforehand, also those that look for outcomes: instances count up. A slot in
flight fires a job and asks for its instance, with WaitSeconds, so that the answer comes when it is over. The bare side
runs `sh -c` in a new session with its output in a file, as many threads as the best of it needs.
"""

from __future__ import annotations

import asyncio
import json
import resource
import statistics
import subprocess
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any

from tests.bench.ground import arguments, cpu_seconds, ground, percentile, servants
from tests.bench.row import tell
from tests.bench.wire import Wire, scope, signed
from tests.plugins.server.serving import Serving

from anyjob_server.client.target import DEFAULT_GROUP, DEFAULT_NAMESPACE

COMMAND = "echo hello"
THREADS = 8
WAIT = 30
"""Seconds that the server may keep the answer back."""
SCOPE = scope(DEFAULT_NAMESPACE, DEFAULT_GROUP)


def bare(runs: int, folder: Path) -> float:
    """Runs a second of the bare limit."""
    folder.mkdir()

    def spawn(number: int) -> None:
        with (folder / str(number)).open("ab") as log:
            argv = ["sh", "-c", COMMAND]
            subprocess.run(argv, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True, check=True)

    start = time.perf_counter()
    with ThreadPoolExecutor(THREADS) as pool:
        for _ in pool.map(spawn, range(runs)):
            pass
    return runs / (time.perf_counter() - start)


@dataclass(slots=True)
class Round:
    """What is signed for one round, and what it saw."""

    fires: list[bytes]
    looks: dict[int, bytes]
    took: list[float] = field(default_factory=list[float])
    """Seconds from ExecuteJob to the outcome, each."""


class Way:
    """The client's side."""

    def __init__(self, serving: Serving, jobs: int, flight: int) -> None:
        self.serving, self.flight, self._count = serving, flight, jobs
        self.jobs: list[int] = []
        self._wires: list[Wire] = []
        self._next = 0

    def sign(self, action: str, method: str = "GET", **fields: Any) -> bytes:
        """A request in the scope of the first app group."""
        up = self.serving
        return signed(up.address, up.key, up.secret, action, SCOPE | fields, method=method)

    async def prepare(self) -> None:
        """Connect and make the jobs."""
        self._wires = [await Wire.open(self.serving.address) for _ in range(self.flight)]
        numbers = count()

        async def make(wire: Wire) -> None:
            while (number := next(numbers)) < self._count:
                fields = {"Name": f"job {number}", "JobType": "shell", "ExecuteMode": "standalone", "TimeType": 100}
                data = await _data(wire, self.sign("CreateJob", "POST", **fields, Content=COMMAND))
                self.jobs.append(data["JobId"])

        await asyncio.gather(*map(make, self._wires))
        wire = self._wires[0]
        self._next = (await _data(wire, self.sign("ExecuteJob", JobId=self.jobs[0])))["JobInstanceId"] + 1
        while not await _over(wire, self.sign("GetJobInstance", JobId=self.jobs[0], JobInstanceId=self._next - 1)):
            await asyncio.sleep(0.01)

    def ready(self) -> Round:
        """Sign what a round needs."""
        numbers = range(self._next, self._next + len(self.jobs))
        looks = {one: self.sign("GetJobInstance", JobInstanceId=one, WaitSeconds=WAIT) for one in numbers}
        return Round([self.sign("ExecuteJob", JobId=job) for job in self.jobs], looks)

    async def go(self, given: Round) -> float:
        """Runs a second."""
        self._next += len(given.fires)
        start = time.perf_counter()
        await asyncio.gather(*(self._slot(wire, given) for wire in self._wires))
        return len(given.took) / (time.perf_counter() - start)

    async def _slot(self, wire: Wire, given: Round) -> None:
        while given.fires:
            begun = time.perf_counter()
            instance = (await _data(wire, given.fires.pop()))["JobInstanceId"]
            assert await _over(wire, given.looks.pop(instance)), "it took longer than it may"
            given.took.append(time.perf_counter() - begun)

    def close(self) -> None:
        """End the connections."""
        for wire in self._wires:
            wire.close()


async def _data(wire: Wire, request: bytes) -> dict[str, Any]:
    status, body = await wire.ask(request)
    answer = json.loads(body)
    if status != 200 or not answer["Success"]:
        raise SystemExit(f"{status}: {answer}")
    return answer["Data"]


async def _over(wire: Wire, request: bytes) -> bool:
    """Whether it has ended, well."""
    detail = (await _data(wire, request))["JobInstanceDetail"]
    if detail["Status"] not in (4, 5):
        return False
    assert (detail["Status"], detail["Result"]) == (4, "hello"), detail
    return True


async def compare(way: Way, pairs: int, folder: Path) -> None:
    """Print one row."""
    ratios, rates, times, limits = list[float](), list[float](), list[float](), list[float]()
    used: dict[str, list[float]] = {"server": [], "shim": [], "client": []}
    await way.prepare()
    await way.go(way.ready())  # both sides warm
    shim = servants(way.serving.state / "worker")
    for pair in range(pairs):
        given = way.ready()
        limit = await asyncio.to_thread(bare, way_count(given), folder / f"bare{pair}") if pair % 2 else 0.0
        before = _used(way.serving.pid, shim)
        rate = await way.go(given)
        for name, after in _used(way.serving.pid, shim).items():
            used[name].append((after - before[name]) / len(given.took) * 1000)
        limit = limit or await asyncio.to_thread(bare, len(given.took), folder / f"bare{pair}")
        ratios.append(rate / limit)
        rates.append(rate)
        limits.append(limit)
        times += given.took
    what = f"the whole way by API, {way.flight} in flight"
    tell(
        what,
        rates,
        "runs/s",
        peer="sh -c with its output in a file",
        of_peer=limits,
        ratio=ratios,
        line="way",
        beside=f"to the outcome p50 {statistics.median(times) * 1000:.0f}, p99 {percentile(times, 0.99) * 1000:.0f} ms"
        "; two requests a run",
    )
    for name, values in used.items():
        tell(f"{what}: CPU a run of the {name}", values, "ms", issue=4)


def way_count(given: Round) -> int:
    """Runs of a round that has not begun."""
    return len(given.fires)


def _used(server: int, shim: list[int]) -> dict[str, float]:
    own = resource.getrusage(resource.RUSAGE_SELF)
    return {
        "server": cpu_seconds(server),
        "shim": sum(map(cpu_seconds, shim)),
        "client": own.ru_utime + own.ru_stime,
    }


def main() -> None:
    """Every row asked for."""
    words = arguments(__doc__)
    words.add_argument("--jobs", type=int, default=1000)
    words.add_argument("--pairs", type=int, default=5)
    words.add_argument("--flight", type=int, nargs="*", default=[32, 64])
    words.add_argument("--database", help="else SQLite in the state folder")
    given = words.parse_args()
    with ground(given.state) as lent:
        for flight in given.flight:
            folder = lent.folder()
            folder.mkdir()
            with Serving(folder) as serving:
                if given.database:
                    serving.end()
                    serving.start("--database", given.database)
                way = Way(serving, given.jobs, flight)
                print(f"server {serving.pid}", flush=True)
                asyncio.run(measured(way, given.pairs, folder))


async def measured(way: Way, pairs: int, folder: Path) -> None:
    """One row, and the connections closed."""
    try:
        await compare(way, pairs, folder)
    finally:
        way.close()


if __name__ == "__main__":
    main()
