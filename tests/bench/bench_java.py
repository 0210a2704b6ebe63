"""Java runs: a JVM for each against the same JVM started by hand, and calls in one that is there already.

    python -m tests.bench.bench_java [--pairs 30] [--calls 3000] [--java 17 25] [--state DIR]

Process mode: the run through host and runtime, from submit to outcome; the same class by the host jar with the same
flags, started by hand in a folder with the run's message; and a bare `java -cp` of a class that prints the same,
without flags of ours. They take turns, and each ratio is of neighbours. Shared mode: from the start request to the
result of a call, with a socket that plays the worker; then by the worker's own applications (`Apps.start`, `watch`),
which keep durably what they do; then as whole runs.
"""

from __future__ import annotations

import asyncio
import json
import os
import socket
import subprocess
import time
from pathlib import Path
from typing import Any, cast

from tests.bench.ground import arguments, ground, percentile
from tests.bench.row import tell

from anyjob.executor import Handle, Shared
from anyjob.job import Job
from anyjob.plugins import PluginHost
from anyjob.run import RUN_FOLDER
from anyjob.testing.rig import Rig
from anyjob.worker.order import RunOrder
from anyjob.worker.worker import Worker
from anyjob_java.executor import JavaExecutor
from anyjob_java.settings import JavaSettings
from anyjob_java.spec import JavaSpec
from anyjob_java.words import SAMPLES
from anyjob_jvm.homes import choose_home, find_homes

BARE = 'public class Bare { public static void main(String[] a) { System.out.println("hello world"); } }'


def job(java: str, isolation: str) -> Job:
    """A class that prints one line."""
    xattrs: dict[str, Any] = {"classpath": ["anyjob:samples"], "javaHome": java, "isolation": isolation}
    return Job(name="hello", job_type="java", class_name="anyjob.samples.Hello", xattrs=xattrs)


class Ways:
    """Three ways to run one class."""

    def __init__(self, worker: Worker, folder: Path, java: str) -> None:
        self.worker, self.folder, self.java = worker, folder, java
        self.number = 0

    async def prepare(self) -> None:
        """Make what is started by hand: a run's folder with its message, and the bare class."""
        self.folder.mkdir(parents=True)
        order = RunOrder(job=job(self.java, "process"), instance=1)
        rig = Rig(self.folder / "rig", job_type="java")
        face = rig.face(self.worker, order)
        bound = self.worker.host.dispatch(order.job, self.worker.host.bind(order.job))
        command = await bound.executor.preview_command(face, bound.spec)
        assert command is not None
        self.argv = [word.replace(RUN_FOLDER, str(self.folder)) for word in command.argv]
        env = command.env or {}
        self.env = {name: value.replace(RUN_FOLDER, str(self.folder)) for name, value in env.items()}
        for name, content in command.files.items():
            (self.folder / name).write_bytes(content)
        home = choose_home(find_homes(), self.java)
        (self.folder / "Bare.java").write_text(BARE)
        subprocess.run([str(home.javac), "-d", str(self.folder), str(self.folder / "Bare.java")], check=True)
        self.bare_argv = [str(home.java), "-cp", str(self.folder), "Bare"]

    async def run(self) -> float:
        """Seconds from submit to outcome."""
        self.number += 1
        start = time.perf_counter()
        run = await self.worker.submit(RunOrder(job=job(self.java, "process"), instance=1000 + self.number))
        outcome = await run.outcome()
        took = time.perf_counter() - start
        assert outcome.result == "hello world", outcome
        self.worker.forget(run.name)
        return took

    def by_hand(self) -> float:
        """Seconds of the host, with the run's own command line."""
        (self.folder / "outcome.json").unlink(missing_ok=True)
        start = time.perf_counter()
        subprocess.run(self.argv, env=self.env, cwd=self.folder, check=True, stdout=subprocess.DEVNULL)
        took = time.perf_counter() - start
        assert json.loads((self.folder / "outcome.json").read_text())["outcome"]["cause"] == "succeeded"
        return took

    def bare(self) -> float:
        """Seconds of `java -cp`."""
        start = time.perf_counter()
        subprocess.run(self.bare_argv, check=True, stdout=subprocess.DEVNULL, env={"PATH": os.defpath})
        return time.perf_counter() - start


async def processes(java: str, pairs: int, state: Path) -> None:
    """Print the rows of process mode."""
    async with Worker(PluginHost.load(), state) as worker:
        ways = Ways(worker, state.parent / f"{state.name}-hand", java)
        await ways.prepare()
        for _ in range(3):
            await ways.run()
            ways.by_hand()
            ways.bare()
        runs: list[float] = []
        hands: list[float] = []
        bares: list[float] = []
        for pair in range(pairs):
            if pair % 2:
                runs.append(await ways.run())
                hands.append(ways.by_hand())
            else:
                hands.append(ways.by_hand())
                runs.append(await ways.run())
            bares.append(ways.bare())
    for name, others, line in (("the host by hand", hands, "java-process"), ("a bare java -cp", bares, "")):
        tell(
            f"Java {java}: a run in a JVM of its own, against {name}",
            [took * 1e3 for took in runs],
            "ms",
            peer=name,
            of_peer=[took * 1e3 for took in others],
            ratio=[one / other for one, other in zip(runs, others, strict=True)],
            line=line,
            issue=8,
        )


def protocol(java: str, count: int, folder: Path) -> None:
    """Print the row of calls from socket to socket."""
    folder.mkdir(parents=True)
    path = f"/tmp/anyjob-bench-{os.getpid()}.sock"
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(path)
    listener.listen(1)
    argv = [word.replace(RUN_FOLDER, str(folder)) for word in host_argv(java)]
    env = {"ANYJOB_APP": f"unix:{path}", "ANYJOB_APP_TOKEN": "bench", "PATH": os.defpath}
    process = subprocess.Popen(argv, env=env, cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    took: list[float] = []
    try:
        connection, _ = listener.accept()
        lines = connection.makefile("rb")

        def say(**message: Any) -> None:
            connection.sendall(json.dumps(message).encode() + b"\n")

        assert json.loads(lines.readline())["type"] == "hello"
        say(type="welcome", protocol=1, line=16 << 20, node="bench", group="")
        facts = {"job": "hello", "job_type": "java", "phase": "PROCESS", "parameters": "", "grace": 10}
        spec = {"className": "anyjob.samples.Hello"}
        for number in range(1000 + count):
            name = f"aj-{number}-0-1"
            start = time.perf_counter()
            say(type="start", id=2 * number + 1, run=name, name="", facts=facts, spec=spec, secrets={})
            while (said := json.loads(lines.readline())) and said["type"] != "result":
                pass
            took.append(time.perf_counter() - start)
            assert (said["run"], said["outcome"]["cause"]) == (name, "succeeded"), said
            say(type="clean", id=2 * number + 2, run=name)
            while json.loads(lines.readline()).get("re") != 2 * number + 2:
                pass
    finally:
        process.kill()
        process.wait()
        os.unlink(path)
    told(f"Java {java} shared: a call over the protocol", took[1000:], "java-call")


def host_argv(java: str) -> list[str]:
    """The command of a shared JVM."""
    spec = JavaSpec(class_name="anyjob.samples.Hello", class_path=[SAMPLES], java_home=java, isolation="shared")
    return JavaExecutor(JavaSettings()).launch(spec, "utf-8").argv


def told(what: str, took: list[float], line: str = "") -> None:
    """The row of so many times."""
    late = ", ".join(f"p{part * 100:.0f} {percentile(took, part) * 1e3:.2f} ms" for part in (0.9, 0.99))
    tell(f"{what}, p50", percentile(took, 0.5) * 1e3, "ms", line=line, issue=8, beside=f"{late}; {len(took)} calls")


async def calls(java: str, count: int, state: Path) -> None:
    """Print the rows of shared mode."""
    shared = job(java, "shared")
    over: list[float] = []
    whole: list[float] = []
    async with Worker(PluginHost.load(), state) as worker:
        rig = Rig(state.parent / f"{state.name}-rig", job_type="java")
        bound = worker.host.dispatch(shared, worker.host.bind(shared))
        for number in range(200 + count):
            order = RunOrder(job=shared, instance=number + 1)
            start = time.perf_counter()
            run = await worker.submit(order)
            outcome = await run.outcome()
            whole.append(time.perf_counter() - start)
            assert outcome.result == "hello world", outcome
            worker.forget(run.name)
        executor, spec = cast("JavaExecutor", bound.executor), cast("JavaSpec", bound.spec)
        apps = executor.services.apps
        for number in range(200 + count):
            face = rig.face(worker, RunOrder(job=shared, instance=10_000_000 + number))
            target = executor.target(face, spec)
            assert isinstance(target, Shared)
            request = executor.request(face, spec)
            start = time.perf_counter()
            handle = await apps.start(face, target, request)
            assert isinstance(handle, Handle)
            outcome = await apps.watch(face, handle)
            over.append(time.perf_counter() - start)
            assert outcome.result == "hello world", outcome
            await apps.clean(face, handle)
    told(f"Java {java} shared: a call by the worker", over[200:])
    told(f"Java {java} shared: a whole run", whole[200:])


def main() -> None:
    """Every row."""
    words = arguments(__doc__)
    words.add_argument("--pairs", type=int, default=30)
    words.add_argument("--calls", type=int, default=3000)
    words.add_argument("--java", nargs="*", default=["17", "25"])
    given = words.parse_args()
    with ground(given.state) as lent:
        for java in given.java:
            asyncio.run(processes(java, given.pairs, lent.folder()))
            protocol(java, given.calls, lent.folder())
            asyncio.run(calls(java, given.calls, lent.folder()))


if __name__ == "__main__":
    main()
