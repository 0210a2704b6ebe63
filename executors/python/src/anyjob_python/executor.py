"""Runs Python scripts."""

from __future__ import annotations

import codecs
import os
import pwd
from collections.abc import Iterable
from functools import cache
from pathlib import Path

from anyjob.executor import Command, CommandExecutor, Exit, Health
from anyjob.job import BadJob
from anyjob.outcome import Outcome
from anyjob.problem import Problem
from anyjob.run import RUN_FOLDER, Run
from anyjob_python.environments import Environments
from anyjob_python.interpreter import Interpreter, find, missing
from anyjob_python.refusal import refusal
from anyjob_python.resident import resident
from anyjob_python.settings import PythonSettings
from anyjob_python.source import source
from anyjob_python.spec import LOCAL, PythonSpec

__all__ = ["PythonExecutor"]

_SCRIPT = f"{RUN_FOLDER}/script.py"
_PREPARE = f"{RUN_FOLDER}/anyjob_prepare.py"
_ORDER = f"{RUN_FOLDER}/anyjob_prepare.json"


class PythonExecutor(CommandExecutor[PythonSpec]):
    """The script is a file of the run's folder, beside the module `anyjob_job`; a shard's number and text are arguments
    1 and 2.

    Where a run needs an environment that is not there yet, its command is `prepare.py`, which makes it and then becomes
    the script: so limits, user, deadline and stop hold for the making, too.
    """

    def __init__(self, settings: PythonSettings) -> None:
        self._settings = settings
        self._environments = Environments(settings)

    def command(self, run: Run, spec: PythonSpec) -> Command:
        env = run.environment()
        # What the job sets for an interpreter's start may act once only where runs share one (PYTHONPATH and a
        # sitecustomize, PYTHONHASHSEED), so such a job gets its own.
        warm = self._wants_warm(spec) and not any(name.startswith("PYTHON") for name in env)
        # As variables and no options, so that what a script starts writes alike: at once, and in the job's encoding.
        env.setdefault("PYTHONUNBUFFERED", "1")
        env.setdefault("PYTHONIOENCODING", f"{_encoding(run)}:surrogateescape")
        files = {"script.py": _text(run, spec), "anyjob_job.py": _shipped("anyjob_job.py")}
        words = [_SCRIPT] if run.shard is None else [_SCRIPT, str(run.shard.id), run.shard.parameter]

        own = run.user in (None, _own_name())
        named = spec.command or self._settings.command
        interpreter = find(named, env.get("PATH")) if spec.launcher == LOCAL else None
        if interpreter is None:
            return Command(argv=[named, *words], env=env, files=files)
        if spec.requirements:
            environment = self._environments.of(interpreter, spec.requirements, own=own)
            made = environment.made()
            if made is None:
                files["anyjob_prepare.py"] = _shipped("prepare.py")
                # Without a worker the command is made to be shown.
                files["anyjob_prepare.json"] = self._environments.order(environment, shown=not self.served)
                return Command(argv=[interpreter.path, "-IS", _PREPARE, _ORDER, *words], env=env, files=files)
            interpreter = made
        _activate(interpreter, env)
        return Command(
            argv=[interpreter.path, *words],
            env=env,
            files=files,
            warm=resident(interpreter, self._preload(spec), own=own) if warm else None,
        )

    def outcome(self, run: Run, spec: PythonSpec, exit: Exit) -> Outcome:  # noqa: A002 - the word of the trade
        return (refusal(exit, spec.requirements) if spec.requirements else None) or exit.outcome()

    async def health(self) -> Health:
        """Whether the interpreter of jobs that name none is here."""
        command = self._settings.command
        found = find(command, self.environment.get("PATH"))
        if found is not None:
            return Health(state="healthy", why=found.path)
        remedy = "install it, or set another as [executors.python] command"
        return Health(state="undetected", why=f"{command} is not on this worker; {remedy}")

    async def preflight(self, spec: PythonSpec) -> Iterable[Problem]:
        if spec.launcher != LOCAL:
            return []
        if spec.command is not None:
            lacks = missing(spec.command, "XAttrs.command")
        else:
            lacks = missing(self._settings.command, "executors.python.command")
        uv = self._environments.missing() if spec.requirements else None
        return [problem for problem in (lacks, uv) if problem is not None]

    def _wants_warm(self, spec: PythonSpec) -> bool:
        return self._settings.warm if spec.warm is None else spec.warm

    def _preload(self, spec: PythonSpec) -> tuple[str, ...]:
        if spec.preload is not None:
            return spec.preload
        return () if spec.command is not None or spec.requirements else self._settings.preload


def _text(run: Run, spec: PythonSpec) -> bytes:
    script = spec.text(run)
    try:
        return source(script)
    except ValueError as error:  # what a placeholder stands for cannot be written in the script's own encoding
        raise BadJob([Problem(field="Content", value=script, remedy=str(error))], run.job.name) from None


def _activate(interpreter: Interpreter, env: dict[str, str]) -> None:
    """As the virtual environment's own `activate` does, so that a script finds the programs installed there."""
    if interpreter.venv is not None:
        env["VIRTUAL_ENV"] = interpreter.venv
        env["PATH"] = f"{interpreter.venv}/bin:{env.get('PATH', os.defpath)}"


def _encoding(run: Run) -> str:
    named = run.job.xattrs.get("encoding")
    return codecs.lookup(named).name if isinstance(named, str) else "utf-8"


@cache
def _own_name() -> str:
    try:
        return pwd.getpwuid(os.getuid()).pw_name
    except KeyError:  # a uid without an entry, as in many containers
        return ""


@cache
def _shipped(name: str) -> bytes:
    return (Path(__file__).parent / name).read_bytes()
