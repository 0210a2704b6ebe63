"""Runs functions of Go programs."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from anyjob.executor import AppExecutor, Attached, Command, Exit, Health, Own, Shared
from anyjob.job import BadJob, Job
from anyjob.nearest import did_you_mean
from anyjob.outcome import Json, Outcome
from anyjob.problem import Problem
from anyjob.run import RUN_FOLDER
from anyjob_go.choice import Choice, chosen, forbidden, refused
from anyjob_go.ends import CRASH, with_crash, without_outcome
from anyjob_go.names import Names
from anyjob_go.program import find_program, missing
from anyjob_go.settings import GoSettings
from anyjob_go.spec import LOCAL, GoSpec

if TYPE_CHECKING:
    from anyjob.executor import Target
    from anyjob.run import Run, RunFacts

__all__ = ["GoExecutor"]


class GoExecutor(AppExecutor[GoSpec]):
    """A run is a call of a registered name: in a process of its own, in a process that serves many, or in an
    application that has dialled in."""

    def __init__(self, settings: GoSettings) -> None:
        self._settings = settings
        self._names = Names()

    def kind(self, spec: GoSpec) -> type[Own | Shared | Attached]:
        if chosen(spec, self._settings) is None and spec.isolation is None:
            return Attached
        return Shared if (spec.isolation or self._settings.isolation) == "shared" else Own

    def check(self, job: Job, spec: GoSpec) -> Iterable[Problem]:
        del job
        problem = None if self.kind(spec) is Attached else forbidden(chosen(spec, self._settings), spec, self._settings)
        return () if problem is None else [problem]

    def target(self, run: Run, spec: GoSpec) -> Target:
        kind = self.kind(spec)
        if kind is Attached:
            return Attached(name=spec.job_name, wait=self._settings.wait, setting="[executors.go] wait")
        choice = chosen(spec, self._settings)
        problem = refused(choice, spec, self._settings)
        if problem is not None:
            raise BadJob([problem], run.job.name)
        assert isinstance(choice, Choice)
        if kind is Own:
            return Own(command=Command(argv=choice.argv, returns=frozenset({"result", CRASH})))
        env = {**self.environment, "ANYJOB_APP_CRASH": f"{RUN_FOLDER}/{CRASH}"}
        command = Command(argv=choice.argv, env=env, returns=frozenset({CRASH}))
        return Shared(key=_key(choice), command=command, runs=self._settings.runs)

    def request(self, run: Run, spec: GoSpec) -> Mapping[str, Json]:
        del run
        return {"jobName": spec.job_name, "stopSignal": spec.stop_signal}

    def died(self, run: Run, spec: GoSpec, exit: Exit) -> Outcome:  # noqa: A002 - the word of the trade
        choice = chosen(spec, self._settings) if spec.launcher == LOCAL else None
        said = super().died(run, spec, exit)
        return without_outcome(said, exit, choice.path if isinstance(choice, Choice) else None)

    def outcome(self, run: Run, spec: GoSpec, outcome: Outcome) -> Outcome:
        del run
        return with_crash(outcome) if self.kind(spec) is Shared else outcome

    async def preflight(self, spec: GoSpec) -> Iterable[Problem]:
        if spec.launcher != LOCAL or self.kind(spec) is Attached:
            return []
        choice = chosen(spec, self._settings)
        if not isinstance(choice, Choice):
            return []  # `target` refuses the job itself: that is no lack of this worker
        lacks = missing(choice.path, choice.field)
        if lacks is not None or refused(choice, spec, self._settings) is not None:
            return [] if lacks is None else [lacks]
        program = find_program(choice.path)
        if program is not None and self._names.known(program, choice.argv, spec.job_name, self.environment):
            return []
        names = await asyncio.to_thread(self._served_by, choice, spec)
        if names is None or spec.job_name in names or spec.env:
            return []  # with variables of its own a program may register other names; the run itself will tell
        near = did_you_mean(spec.job_name, names)
        serves = f"it serves {', '.join(sorted(names)[:20])}" if names else "it serves nothing"
        remedy = f"is not registered in {choice.path}; {near + ' ' if near else ''}{serves}"
        return [Problem(field="Content.jobName", value=spec.job_name, remedy=remedy)]

    def preview(self, run: RunFacts, spec: GoSpec) -> Mapping[str, Sequence[str]]:
        if self.kind(spec) is Attached:
            where = f"{spec.job_name} in an application of app group {run.job.owner or '(none)'}"
            return {"Call": [where], "Stop": ["its context is cancelled; ASKED if it ignores that"]}
        choice = chosen(spec, self._settings)
        if spec.launcher != LOCAL or not isinstance(choice, Choice) or refused(choice, spec, self._settings):
            return {}
        names = self._served_by(choice, spec)
        return {} if names is None else {"Names": [f"{choice.path} serves {', '.join(sorted(names)) or 'nothing'}"]}

    async def health(self) -> Health:
        """Whether the programs of the settings are here, and who has dialled in."""
        paths = sorted({words[0] for words in self._settings.binaries.values()})
        lacking = [path for path in paths if find_program(path) is None]
        if lacking:
            remedy = "put it there, or change [executors.go] binaries"
            return Health(state="unhealthy", why=f"{lacking[0]} is not on this worker or not executable; {remedy}")
        many = f"{len(paths) or 'no'} program{'s' if len(paths) > 1 else ''} in the settings"
        if not self.served:
            other = "jobs name one by XAttrs.binary, or run in an application that has dialled in to a worker"
            return Health(state="healthy", why=many if paths else f"{many}; {other}")
        if paths or any(app.connected for app in self.services.apps.seen()):
            return Health(state="healthy", why=f"{many}; {self.connected()}")
        remedy = "list one in [executors.go] binaries, or start an application with ANYJOB_APP and ANYJOB_APP_TOKEN"
        return Health(state="healthy", why=f"{many}; {self.connected()}; {remedy}")

    def _served_by(self, choice: Choice, spec: GoSpec) -> frozenset[str] | None:
        """Names of the program; None: nobody knows. It is asked without the job's variables: who may only run jobs as
        somebody else must have no say in a process of the worker's own user."""
        program = find_program(choice.path)
        if not self._settings.ask or program is None:
            return None
        return self._names.of(program, choice.argv, spec.job_name, self.environment).names


def _key(choice: Choice) -> str:
    """Another build of a program is another process."""
    program = find_program(choice.path)
    told = repr((choice.argv, program.stamp if program else None))
    return f"go:{hashlib.sha256(told.encode()).hexdigest()[:24]}"
