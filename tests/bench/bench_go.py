"""Calls of a Go program: over the protocol alone, through the worker, many at one time, and a process for each.

    python -m tests.bench.bench_go [--calls 3000] [--pairs 40] [--many 1000] [--state DIR]

`protocol`: a blocking client that plays the worker on a Unix socket, start to result. `shared` and `attached`: the same
call through host and runtime, submit to outcome, one at a time. `process`: a run with a process of its own against the
same program started by hand with the same start message, in adjacent pairs.
"""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import socket
import subprocess
import time
from pathlib import Path
from typing import Any

from tests.bench.ground import Ground, arguments, cpu_seconds, ground, percentile, pss
from tests.bench.row import tell

from anyjob.job import Job
from anyjob.plugins import PluginHost
from anyjob.worker.order import RunOrder
from anyjob.worker.settings import WorkerSettings
from anyjob.worker.worker import Worker
from anyjob_go.build import build
from anyjob_go.sources import write_sdk

TOKEN = "of the benchmark alone"
SOURCE = """package main

import (
	"context"
	"log"
	"time"

	"anyjob"
)

func main() {
	anyjob.RegisterFunc("Hello", func(ctx context.Context, run *anyjob.Run) (*anyjob.Result, error) {
		return anyjob.Succeed("hello"), nil
	})
	anyjob.RegisterFunc("Second", func(ctx context.Context, run *anyjob.Run) (*anyjob.Result, error) {
		time.Sleep(time.Second)
		return anyjob.Succeed("hello"), nil
	})
	log.Fatal(anyjob.Serve())
}
"""


def program(folder: Path) -> Path:
    write_sdk(folder / "anyjob")
    shutil.copytree(folder / "anyjob", folder / "bench" / "anyjob")
    (folder / "bench" / "go.mod").write_text(
        "module bench\n\ngo 1.20\n\nrequire anyjob v0.0.0\n\nreplace anyjob => ./anyjob\n"
    )
    (folder / "bench" / "main.go").write_text(SOURCE)
    return build(folder / "bench", folder / "program")


def told(name: str, seconds: list[float], line: str = "") -> None:
    """One row of times."""
    usual, late = percentile(seconds, 0.5) * 1e3, percentile(seconds, 0.99) * 1e3
    tell(f"go: {name}, p50", usual, "ms", line=line, issue=8, beside=f"p99 {late:.2f} ms; {len(seconds)} calls")


# ---------------------------------------------------------------- the protocol alone


class Client:
    """A worker's end of the socket, with nothing behind it."""

    def __init__(self, binary: Path, place: Path) -> None:
        listening = socket.socket(socket.AF_UNIX)
        listening.bind(str(place))
        listening.listen(1)
        env = {**os.environ, "ANYJOB_APP": f"unix:{place}", "ANYJOB_APP_TOKEN": TOKEN}
        self.process = subprocess.Popen([binary], env=env, stderr=subprocess.DEVNULL)
        self.socket, _ = listening.accept()
        listening.close()
        self.lines = self.socket.makefile("rb")
        self.read()
        self.say(type="welcome", protocol=1, line=16 << 20, node="n", group="g")
        self.number = 0

    def say(self, **fields: Any) -> None:
        self.socket.sendall(json.dumps(fields).encode() + b"\n")

    def read(self) -> dict[str, Any]:
        return json.loads(self.lines.readline())

    def start(self, name: str) -> str:
        self.number += 1
        run = f"aj-{self.number}-0-1"
        facts = {"job": "bench", "job_type": "go", "instance": self.number, "parameters": "", "phase": "PROCESS"}
        self.say(type="start", id=self.number, run=run, name=name, facts=facts, spec={"jobName": name}, secrets={})
        return run

    def clean(self, run: str) -> None:
        self.number += 1
        self.say(type="clean", id=self.number, run=run)

    def result(self) -> str:
        while True:
            said = self.read()
            if said["type"] == "result":
                assert said["outcome"]["result"] == "hello", said
                return said["run"]

    def close(self) -> None:
        self.lines.close()
        self.socket.close()
        self.process.kill()
        self.process.wait()


def over_the_protocol(binary: Path, place: Path, calls: int, many: int) -> None:
    client = Client(binary, place)
    try:
        times: list[float] = []
        for number in range(calls + 200):
            before = time.perf_counter()
            run = client.start("Hello")
            client.result()
            if number >= 200:
                times.append(time.perf_counter() - before)
            client.clean(run)
        told("a call over the protocol", times, "go-call")
        before = time.perf_counter()
        for _ in range(many):
            client.start("Second")
        for _ in range(many):
            client.result()
        took, size = time.perf_counter() - before, pss(client.process.pid) / 1e6
        what = f"go: {many} calls of one second at one time in one binary: all over after"
        tell(what, took, "s", line="go-many", beside=f"{size:.0f} MB")
        used = cpu_seconds(client.process.pid)
        time.sleep(10)
        share = (cpu_seconds(client.process.pid) - used) / 10 * 100
        tell("an idle Go application", share, "% of a core", line="idle-cpu")
    finally:
        client.close()


# ---------------------------------------------------------------- through the worker


def job(name: str, **xattrs: Any) -> Job:
    content = json.dumps({"jobName": name})
    return Job.from_wire({"Name": "bench", "JobType": "go", "Content": content, "GroupId": "shop", "XAttrs": xattrs})


async def one_call(worker: Worker, what: Job, number: int) -> float:
    before = time.perf_counter()
    run = await worker.submit(RunOrder(job=what, instance=number))
    outcome = await run.outcome()
    took = time.perf_counter() - before
    assert outcome.result == "hello", outcome
    worker.forget(run.name)
    return took


async def through_the_worker(binary: Path, lent: Ground, calls: int, pairs: int) -> None:
    place = lent.top / "worker.sock"
    settings = WorkerSettings.model_validate({"apps": {"listen": [f"unix:{place}"], "tokens": {"shop": TOKEN}}})
    host = PluginHost.load(executor_settings={"go": {"folders": ["/"], "runs": 1_000_000}})
    async with Worker(host, lent.folder(), settings) as worker:
        env = {**os.environ, "ANYJOB_APP": f"unix:{place}", "ANYJOB_APP_TOKEN": TOKEN}
        app = subprocess.Popen([binary], env=env, stderr=subprocess.DEVNULL)
        try:
            number = 0
            for way, what in (
                ("a run in a shared process, submit to outcome", job("Hello", binary=str(binary), isolation="shared")),
                ("a run in an attached application, submit to outcome", job("Hello")),
            ):
                times: list[float] = []
                for _ in range(calls + 50):
                    number += 1
                    times.append(await one_call(worker, what, number))
                told(way, times[50:])
        finally:
            app.kill()
            app.wait()
        own = job("Hello", binary=str(binary))
        whole: list[float] = []
        bare: list[float] = []
        for pair in range(pairs + 5):
            number += 1
            took = await one_call(worker, own, number)
            by_hand = await asyncio.to_thread(bare_start, binary, lent.top / f"bare-{pair}")
            if pair >= 5:
                whole.append(took)
                bare.append(by_hand)
    tell(
        "go: a run in a process of its own, against the program by hand",
        [took * 1e3 for took in whole],
        "ms",
        peer="by hand",
        of_peer=[took * 1e3 for took in bare],
        ratio=[one / other for one, other in zip(whole, bare, strict=True)],
        issue=8,
    )


def bare_start(binary: Path, folder: Path) -> float:
    """The same process without a worker: told by a file, and waited for."""
    folder.mkdir()
    message = {"type": "start", "run": "bare", "facts": {"phase": "PROCESS"}, "spec": {"jobName": "Hello"}}
    (folder / "start.json").write_text(json.dumps(message))
    env = {**os.environ, "ANYJOB_APP": f"files:{folder}"}
    before = time.perf_counter()
    with (folder / "log").open("wb") as log:
        done = subprocess.run([binary], env=env, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
    took = time.perf_counter() - before
    assert done.returncode == 0
    assert (folder / "outcome.json").exists()
    return took


def main() -> None:
    """Every row."""
    words = arguments(__doc__)
    words.add_argument("--calls", type=int, default=3000)
    words.add_argument("--many", type=int, default=1000)
    words.add_argument("--pairs", type=int, default=40)
    given = words.parse_args()
    with ground(given.state) as lent:
        binary = program(lent.top / "source")
        over_the_protocol(binary, lent.top / "client.sock", given.calls, given.many)
        asyncio.run(through_the_worker(binary, lent, given.calls, given.pairs))


if __name__ == "__main__":
    main()
