"""A right executor of the four verbs: scripts as detached processes, with a folder as the remote system that remembers
them. It outlives any worker of the test."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated

from anyjob.executor import Capabilities, Handle, RemoteExecutor, Scope, Stage
from anyjob.outcome import Cause, Outcome, StopReport, Strength
from anyjob.plugins import ExecutorType, hookimpl
from anyjob.run import Run
from anyjob.samples import BadSample, Sample, Samples
from anyjob.spec import At, Spec
from anyjob.testing.processes import alive

_WRAPPER = """
cd "$1" && echo $$ > pid.new && mv pid.new pid
sh ./script > out 2>&1
echo $? > code.new && mv code.new code
"""


class SpawnSpec(Spec):
    script: Annotated[str, At("Content")]


class SpawnExecutor(RemoteExecutor[SpawnSpec]):
    """Right in everything that its capabilities promise."""

    world: Path

    def capabilities(self, spec: SpawnSpec) -> Capabilities:
        return Capabilities(proof=Strength.PROVEN, resumes=True)

    def at(self, run: Run) -> Path:
        return self.world / run.name

    def token(self, run: Run) -> str:
        return run.secret("TOKEN")

    async def start(self, run: Run, spec: SpawnSpec) -> Handle | Outcome:
        folder = self.at(run)
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "script").write_text(spec.script)
        env = {
            **self.services.environment,
            "ANYJOB_RUN": run.name,
            "ANYJOB_PARAMETERS": run.parameters,
            "ANYJOB_INSTANCE_PARAMETERS": run.instance_parameters,
        }
        if "secrets" in run.job.xattrs:
            env["TOKEN_FILE"] = str(folder / "token")
            (folder / "token").write_text(self.token(run))
        argv = ["setsid", "--fork", "sh", "-c", _WRAPPER, "spawned", str(folder)]
        subprocess.run(argv, env=env, check=True, stdin=subprocess.DEVNULL)
        while not (folder / "pid").exists():
            await asyncio.sleep(0.005)
        return self.handle(run)

    def handle(self, run: Run) -> Handle:
        return Handle(kind="spawned", scope=Scope.NODE, data={"pid": int((self.at(run) / "pid").read_text())})

    async def watch(self, run: Run, spec: SpawnSpec, handle: Handle) -> Outcome:
        folder, leader = self.at(run), handle.data["pid"]
        while not (folder / "code").exists() and going(leader):
            self.pull(run)
            await asyncio.sleep(0.01)
        await self.kill(run)
        out = self.pull(run)
        lines = out.decode(errors="replace").splitlines()
        stop = StopReport(strength=Strength.PROVEN, by="every process of the run is killed")
        if not (folder / "code").exists():
            return Outcome(cause=Cause.SIGNAL, stop=stop)
        code = int((folder / "code").read_text())
        cause = Cause.EXIT_CODE if code else Cause.SUCCEEDED
        return Outcome(cause=cause, code=code, result=lines[-1] if lines else "", stop=stop)

    def pull(self, run: Run) -> bytes:
        """Feed the log with what is new. Returns all of it."""
        out = self.at(run) / "out"
        data, known = out.read_bytes() if out.exists() else b"", int(run.log.cursor("out") or 0)
        if len(data) > known:
            run.log.feed(data[known:], "out", str(len(data)))
        return data

    async def stop(self, run: Run, spec: SpawnSpec, handle: Handle, stage: Stage) -> StopReport:
        if stage is Stage.FORCE:
            await self.kill(run)
            return StopReport(strength=Strength.PROVEN, by="every process of the run is killed")
        pid = handle.data["pid"]
        assert isinstance(pid, int)
        if going(pid):
            os.killpg(pid, signal.SIGTERM)
        return StopReport(strength=Strength.ASKED, by="signal 15")

    async def find(self, run: Run, spec: SpawnSpec) -> Handle | Outcome | None:
        pid = self.at(run) / "pid"
        while not pid.exists() and alive(run.name):
            await asyncio.sleep(0.005)  # it was begun and has not written down who it is
        return self.handle(run) if pid.exists() else None

    async def kill(self, run: Run) -> None:
        while found := alive(run.name):
            kill_all(found)
            await asyncio.sleep(0.01)


def going(pid: object) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_bytes().rpartition(b") ")[2][:1] != b"Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


def kill(pid: int) -> None:
    """Kill a run by its leader's process group."""
    try:
        os.killpg(pid, signal.SIGKILL)
    except ProcessLookupError:
        pass


def kill_all(found: Iterable[str]) -> None:
    for line in found:
        try:
            os.kill(int(line.partition(":")[0]), signal.SIGKILL)
        except ProcessLookupError:
            pass


class SpawnPlugin:
    """Registers the type `spawn` over one folder."""

    def __init__(self, world: Path, executor: type[SpawnExecutor] = SpawnExecutor) -> None:
        self._executor: type[SpawnExecutor] = type(executor.__name__, (executor,), {"world": world})

    @hookimpl
    def anyjob_executors(self) -> Iterable[ExecutorType]:
        return [ExecutorType(job_type="spawn", executor=self._executor, spec=SpawnSpec)]


def clear(world: Path) -> None:
    """Kill whatever runs in the folder: what wrong executors leave."""
    until = time.monotonic() + 10
    while time.monotonic() < until:
        found = [entry for entry in os.listdir("/proc") if entry.isdigit() and _in(entry, world)]
        if not found:
            return
        kill_all(found)
        time.sleep(0.01)


def _in(pid: str, world: Path) -> bool:
    try:
        return Path(os.readlink(f"/proc/{pid}/cwd")).is_relative_to(world)
    except OSError:
        return False


_FORKS = """
trap '' TERM
(setsid sh -c 'trap "" TERM; : > up; sleep 300; :' sh "$ANYJOB_PARAMETERS" > /dev/null 2>&1 &)
while [ ! -e up ]; do sleep 0.02; done
echo ready
sleep 300
"""

_SHOWS = """
TOKEN=$(cat "$TOKEN_FILE")
echo "it is $TOKEN"
printf %s "$TOKEN" | iconv -f utf-8 -t utf-16le | wc -c | awk '{ print $1 / 2 }'
"""

SAMPLES = Samples(
    succeeds=Sample({"Content": "echo hello"}, result="hello"),
    fails=Sample({"Content": "exit 3"}, cause=Cause.EXIT_CODE, code=3),
    echoes=Sample({"Content": 'printf "%s\\n" "$ANYJOB_INSTANCE_PARAMETERS"'}),
    sleeps=Sample({"Content": "sleep 300"}),
    ignores=Sample({"Content": "trap '' TERM; echo ready; while :; do sleep 1; done"}),
    forks=Sample({"Content": _FORKS}),
    obeys=Sample({"Content": "sleep 300"}, ready=""),
    remembers=Sample(
        {
            "Content": 'echo "$ANYJOB_RUN begin" >> "$ANYJOB_PARAMETERS"; sleep 0.3; '
            'echo "$ANYJOB_RUN end" >> "$ANYJOB_PARAMETERS"'
        }
    ),
    floods=Sample({"Content": "yes 0123456789abcde | head -n 50000"}, size=800_000),
    long_line=Sample({"Content": "head -c 300000 /dev/zero | tr '\\0' x"}, size=300_000),
    bad_bytes=Sample({"Content": "printf 'a\\377\\0\\033[31m\\200z\\n'"}, raw=b"a\xff\0\x1b[31m\x80z\n"),
    counts=Sample({"Content": "for n in $(seq 200); do echo $n; sleep 0.003; done"}, size=200),
    shows_secret=Sample({"Content": _SHOWS}),
    eats_memory=Sample({"Content": "x=$(head -c 100000000 /dev/zero | tr '\\0' x)"}),
    bad_jobs=[BadSample({}, "Content")],
)
