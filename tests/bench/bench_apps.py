"""Calls in an application over the protocol: how long one takes, a thousand at one time, and what an idle one costs.

    python -m tests.bench.bench_apps [--calls 500] [--rounds 5] [--crowd 1000] [--idle 60] [--apps 100] [--state DIR]

The application is a process of its own that answers at once, over a Unix socket. A call is measured from the
executor's `start` to its outcome; the bare side says the same lines over the same kind of socket without a worker.
"""

from __future__ import annotations

import asyncio
import json
import os
import statistics
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

from tests.bench.ground import arguments, cpu_seconds, ground, percentile
from tests.bench.row import tell

from anyjob.executor import AppExecutor, Attached, Handle
from anyjob.job import Job
from anyjob.outcome import Json, Outcome
from anyjob.plugins import ExecutorType, PluginHost, hookimpl
from anyjob.run import Run
from anyjob.spec import At, Spec
from anyjob.worker.order import RunOrder
from anyjob.worker.settings import WorkerSettings
from anyjob.worker.worker import Worker

MB = 1_000_000
TOKEN = "a token of the bench"
APP = """
import json, os, socket, sys, threading
place, count = sys.argv[1], int(sys.argv[2])
def live(number):
    stream = socket.socket(socket.AF_UNIX)
    stream.connect(place)
    hello = {"type": "hello", "protocols": [1], "role": "app", "job_type": "echo", "token": "TOKEN",
             "id": f"bench-{os.getpid()}-{number}", "names": ["echo"], "runs": []}
    stream.sendall(json.dumps(hello).encode() + b"\\n")
    held, waiting = [], 0
    for line in stream.makefile("rb"):
        said = json.loads(line)
        if said["type"] in ("welcome", "refused"):
            continue
        answer = json.dumps({"type": "ok", "re": said["id"]}) + "\\n"
        if said["type"] == "start":
            held.append(said["run"])
            # So many come before the first is answered.
            if len(held) >= said["spec"]["together"]:
                for run in held:
                    answer += json.dumps({"type": "result", "run": run, "outcome": {"cause": "succeeded"}}) + "\\n"
                held = []
        stream.sendall(answer.encode())
for number in range(count):
    threading.Thread(target=live, args=(number,)).start()
""".replace("TOKEN", TOKEN)


class EchoSpec(Spec):
    together: Annotated[int, At("XAttrs.$.together")] = 1


class EchoExecutor(AppExecutor[EchoSpec]):
    """Notes how long each call took."""

    def __init__(self) -> None:
        self.begun: dict[str, float] = {}
        self.took: list[float] = []

    def kind(self, spec: EchoSpec) -> type[Attached]:
        return Attached

    def target(self, run: Run, spec: EchoSpec) -> Attached:
        return Attached(name="echo", wait=30)

    def request(self, run: Run, spec: EchoSpec) -> Mapping[str, Json]:
        return {"together": spec.together}

    async def start(self, run: Run, spec: EchoSpec) -> Handle | Outcome:
        self.begun[run.name] = time.perf_counter()
        return await super().start(run, spec)

    async def watch(self, run: Run, spec: EchoSpec, handle: Handle) -> Outcome:
        outcome = await super().watch(run, spec, handle)
        self.took.append(time.perf_counter() - self.begun.pop(run.name))
        return outcome


class Plugin:
    @hookimpl
    def anyjob_executors(self) -> list[ExecutorType]:
        return [ExecutorType(job_type="echo", executor=EchoExecutor, spec=EchoSpec)]


def job(together: int = 1) -> Job:
    wire = {"Name": "echo", "JobType": "echo", "GroupId": "bench", "XAttrs": {"together": together}}
    return Job.from_wire(wire)


def worker(folder: Path) -> Worker:
    apps = {"listen": [f"unix:{folder}.sock"], "tokens": {"bench": TOKEN}}
    return Worker(PluginHost({"echo": Plugin()}), folder, WorkerSettings.model_validate({"apps": apps}))


@contextmanager
def application(place: str, count: int = 1) -> Generator[subprocess.Popen[bytes]]:
    process = subprocess.Popen([sys.executable, "-c", APP, place, str(count)])
    try:
        yield process
    finally:
        process.kill()
        process.wait()


async def bare(calls: int, folder: Path) -> float:
    """The median time of the same lines, said by nobody in particular, in milliseconds."""
    place, took = f"{folder}.bare", list[float]()
    arrived: asyncio.Future[tuple[asyncio.StreamReader, asyncio.StreamWriter]] = asyncio.Future()

    def came(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        arrived.set_result((reader, writer))

    server = await asyncio.start_unix_server(came, place)
    with application(place):
        reader, writer = await arrived
        await reader.readline()
        facts = {"job": "echo", "key": "aj-1-0-a0", "parameters": "", "filled": "x" * 500}
        for number in range(calls):
            said: dict[str, Any] = {"type": "start", "id": number, "run": f"aj-{number}", "facts": facts}
            begun = time.perf_counter()
            writer.write(json.dumps({**said, "spec": {"together": 1}}).encode() + b"\n")
            for _ in range(2):
                json.loads(await reader.readline())
            took.append(time.perf_counter() - begun)
        writer.close()
    server.close()
    return statistics.median(took) * 1000


async def calls(count: int, rounds: int, folder: Path) -> None:
    """Print how long a call takes, and the ratio to the bare lines."""
    medians, bares, tails, runs = list[float](), list[float](), list[float](), list[float]()
    echo = job()
    async with worker(folder) as live:
        with application(f"{folder}.sock"):
            executor = live.host.executor("echo")
            assert isinstance(executor, EchoExecutor)
            for number in range(rounds):
                executor.took.clear()
                begun = time.perf_counter()
                for instance in range(count):
                    run = await live.submit(RunOrder(job=echo, instance=number * count + instance + 1))
                    assert (await run.outcome()).ok
                    live.forget(run.name)
                runs.append((time.perf_counter() - begun) / count * 1000)
                medians.append(statistics.median(executor.took) * 1000)
                tails.append(percentile(executor.took, 0.99) * 1000)
                bares.append(await bare(count, folder.with_name(f"{folder.name}-{number}")))
    tell(
        "a call of an attached application, start to outcome, p50",
        medians,
        "ms",
        peer="the same lines without a worker",
        of_peer=bares,
        ratio=[one / other for one, other in zip(medians, bares, strict=True)],
        issue=8,
        beside=f"p99 {statistics.median(tails):.2f} ms",
    )
    tell("a whole run in an attached application", runs, "ms", issue=8)


async def crowd(count: int, folder: Path) -> None:
    """Print how long it takes until so many that go on at one time are over."""
    async with worker(folder) as live:
        with application(f"{folder}.sock"):
            many = job(count)
            begun = time.perf_counter()
            runs = [await live.submit(RunOrder(job=many, instance=number + 1)) for number in range(count)]
            ends = await asyncio.gather(*(run.outcome() for run in runs))
            took = time.perf_counter() - begun
    causes = ", ".join(f"{number} {cause}" for cause, number in Counter(end.cause.value for end in ends).items())
    tell(f"{count} runs at one time in one attached application", count / took, "/s", issue=8, beside=causes)


async def idle(seconds: float, apps: int, folder: Path) -> None:
    """Print what applications cost that are only there."""
    page = os.sysconf("SC_PAGE_SIZE")

    def resident() -> int:
        return int(Path("/proc/self/statm").read_text().split()[1]) * page

    async def spent() -> float:
        before = cpu_seconds(os.getpid())
        await asyncio.sleep(seconds)
        return (cpu_seconds(os.getpid()) - before) / seconds * 100

    async with worker(folder) as live:
        with application(f"{folder}.sock"):
            while len(live.apps.by_key) < 1:
                await asyncio.sleep(0.01)
            before = resident()
            with application(f"{folder}.sock", apps):
                while len(live.apps.by_key) < apps + 1:
                    await asyncio.sleep(0.01)
                each = (resident() - before) / apps
                many = await spent()
            await asyncio.sleep(1)
            one = await spent()
    beside = f"{apps} of them {many:.3f} %"
    tell("an attached application that idles: the whole worker", one, "% of a core", line="idle-cpu", beside=beside)
    tell("an attached application that idles: memory in the worker", each / MB, "MB", line="idle-memory")


def main() -> None:
    """Every row asked for."""
    words = arguments(__doc__)
    words.add_argument("--calls", type=int, default=500)
    words.add_argument("--rounds", type=int, default=5)
    words.add_argument("--crowd", type=int, default=1000)
    words.add_argument("--idle", type=float, default=60)
    words.add_argument("--apps", type=int, default=100)
    given = words.parse_args()
    with ground(given.state) as lent:
        if given.idle:
            asyncio.run(idle(given.idle, given.apps, lent.folder()))
        if given.calls:
            asyncio.run(calls(given.calls, given.rounds, lent.folder()))
        if given.crowd:
            asyncio.run(crowd(given.crowd, lent.folder()))


if __name__ == "__main__":
    main()
