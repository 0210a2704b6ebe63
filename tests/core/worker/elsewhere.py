"""A launcher whose commands run elsewhere than under the shim: in sessions of their own, known by files in a folder."""

from __future__ import annotations

import asyncio
import subprocess
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from anyjob.executor import (
    Capabilities,
    Command,
    CommandExecutor,
    DeadlineBy,
    Exit,
    Handle,
    Launcher,
    Options,
    Scope,
    Stage,
)
from anyjob.executor.returned import read_returned
from anyjob.outcome import StopReport, Strength
from anyjob.plugins import ExecutorType, LauncherType, hookimpl
from anyjob.problem import Problem
from anyjob.run import RUN_FOLDER, Run, RunFacts
from anyjob.spec import ScriptSpec

WRAP = 'trap : TERM; "$@" > "$0/out" 2>&1; echo $? > "$0/.code"; mv "$0/.code" "$0/code"'
BEGIN = f'setsid /bin/sh -c \'{WRAP}\' "$0" "$@" & echo $! > "$0/pid"'
HALT = 'echo halted >> "$1/asked"; env kill -s TERM -- "-$(cat "$1/pid")"'


class ElsewhereLauncher(Launcher[Options]):
    """Each run has a folder `elsewhere` in its own, with `pid`, `code` once it is over, and `asked`."""

    lacks = ""

    async def preflight(self, options: Options) -> Iterable[Problem]:
        return [Problem(field="launchers.elsewhere", value=self.lacks, remedy="is missing")] if self.lacks else []

    def preview(self, run: RunFacts, command: Command, options: Options) -> Mapping[str, Sequence[str]]:
        return {"elsewhere": [f"{len(command.argv)} words"]}

    def capabilities(self, options: Options) -> Capabilities:
        return Capabilities(deadline=DeadlineBy.SHIM, proof=Strength.REPORTED, resumes=True)

    async def start(self, run: Run, command: Command, options: Options) -> Handle | Exit:
        folder = run.folder / "elsewhere"
        folder.mkdir()
        for name, content in command.files.items():
            (folder / name).write_bytes(content)
        env = run.environment() if command.env is None else command.env
        subprocess.run(
            ["/bin/sh", "-c", BEGIN, folder, *(word.replace(RUN_FOLDER, str(folder)) for word in command.argv)],
            env={name: value.replace(RUN_FOLDER, str(folder)) for name, value in env.items()},
            check=True,
        )
        return Handle(kind="elsewhere", scope=Scope.NODE, data={"folder": str(folder)})

    async def watch(self, run: Run, handle: Handle, options: Options) -> Exit:
        folder = Path(str(handle.data["folder"]))
        over = folder / "code"
        while not over.exists():
            await asyncio.sleep(0.02)
        outputs = read_returned(folder, {"result"}).outputs
        return Exit(code=int(over.read_text()), ended=over.stat().st_mtime, outputs=outputs)

    async def stop(self, run: Run, handle: Handle, stage: Stage, options: Options) -> StopReport:
        subprocess.run(["sh", "-c", HALT, "sh", str(handle.data["folder"])], check=False)
        return StopReport(strength=Strength.REPORTED, by="elsewhere")

    async def find(self, run: Run, options: Options) -> Handle | Exit | None:
        return None

    def deadline_command(self, handle: Handle) -> Sequence[str] | None:
        return ["sh", "-c", HALT, "sh", str(handle.data["folder"])]


class ScriptExecutor(CommandExecutor[ScriptSpec]):
    def command(self, run: Run, spec: ScriptSpec) -> Command:
        return Command(argv=["/bin/sh", f"{RUN_FOLDER}/script"], files={"script": spec.text(run).encode()})


class Elsewhere:
    """The type `script` and the launcher `elsewhere`."""

    @hookimpl
    def anyjob_executors(self) -> Iterable[ExecutorType]:
        return [ExecutorType(job_type="script", executor=ScriptExecutor, spec=ScriptSpec)]

    @hookimpl
    def anyjob_launchers(self) -> Iterable[LauncherType]:
        return [LauncherType(name="elsewhere", launcher=ElsewhereLauncher, options=Options)]
