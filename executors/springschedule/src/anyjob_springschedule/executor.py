"""Runs methods of Spring applications."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from anyjob.executor import AppExecutor, Attached, Capabilities, Health, Services, Shared
from anyjob.job import BadJob, Job
from anyjob.outcome import Json, Strength
from anyjob.problem import Problem
from anyjob.run import Run, RunFacts
from anyjob_springschedule import managed
from anyjob_springschedule.availability import missing
from anyjob_springschedule.settings import SpringSettings
from anyjob_springschedule.spec import SpringSpec
from anyjob_springschedule.takeover import Takeover

__all__ = ["SpringExecutor"]


class SpringExecutor(AppExecutor[SpringSpec]):
    """A run is one call of a @Scheduled method, in an application that has dialled in or in one that the worker starts.

    While a job is enabled its method is fired by the worker alone (`Takeover`).
    """

    def __init__(self, settings: SpringSettings) -> None:
        self._settings = settings
        self._takeover: Takeover | None = None
        self._jobs: Sequence[Job] | None = None

    # ---------------------------------------------------------------- what is promised

    def kind(self, spec: SpringSpec) -> type[Shared | Attached]:
        return Attached if spec.jar is None else Shared

    def capabilities(self, spec: SpringSpec) -> Capabilities:
        # One phase: a broadcast's PRE and POST would call the method twice more.
        return Capabilities(proof=Strength.REPORTED, resumes=True, maps=True)

    def check(self, job: Job, spec: SpringSpec) -> Iterable[Problem]:
        return () if spec.jar is None else managed.forbidden(self._settings, spec, job.owner)

    # ---------------------------------------------------------------- the verbs

    def target(self, run: Run, spec: SpringSpec) -> Shared | Attached:
        if spec.jar is None:
            return Attached(name=spec.name, wait=self._settings.wait, setting="[executors.springschedule] wait")
        wrong = managed.problems(self._settings, spec, run.job.owner)
        if wrong:
            raise BadJob(wrong, run.job.name)
        command = managed.command_of(self._settings, spec, run.job.owner, self.environment)
        return Shared(key=managed.key_of(command, spec), command=command, runs=self._settings.runs)

    def request(self, run: Run, spec: SpringSpec) -> Mapping[str, Json]:
        return {"className": spec.class_name, "method": spec.method, "bean": spec.bean, "async": spec.how}

    # ---------------------------------------------------------------- beside the runs

    async def serve(self, services: Services) -> None:
        self._takeover = Takeover(services.apps)
        if self._jobs is not None:
            self._takeover.want(self._jobs)

    async def close(self) -> None:
        if self._takeover is not None:
            await self._takeover.close()

    async def enabled(self, jobs: Sequence[Job]) -> None:
        self._jobs = jobs  # it may be told before it serves
        if self._takeover is not None:
            self._takeover.want(jobs)

    async def health(self) -> Health:
        if not self.served:
            return Health(state="healthy", why="who is connected is known where a worker runs: anyjob spring list")
        if any(app.connected for app in self.services.apps.seen()):
            return Health(state="healthy", why=self.connected())
        if self._settings.apps:
            return Health(state="healthy", why=f"{self.connected()}; jobs with a jar start their own")
        remedy = "add anyjob-spring to one, and give it ANYJOB_APP and ANYJOB_APP_TOKEN"
        return Health(state="undetected", why=f"{self.connected()}; {remedy}")

    async def preflight(self, spec: SpringSpec) -> Iterable[Problem]:
        if spec.jar is not None:
            return managed.problems(self._settings, spec, spec.group)
        if not self.served:  # nobody can dial in to it
            return []
        problem = missing(spec, self.services.apps.seen(spec.group or None))
        return [] if problem is None else [problem]

    def preview(self, run: RunFacts, spec: SpringSpec) -> Mapping[str, Sequence[str]]:
        if spec.jar is not None:
            return {"Method": [spec.name], "Stop": ["asked by interrupt; if it ignores that, its process is ended"]}
        bean = "" if spec.bean is None else f" of the bean {spec.bean}"
        where = f"one of app group {run.job.owner or '(none)'} that has dialled in and serves {spec.name}"
        whether = "who is connected, and what it serves: anyjob spring list"
        return {
            "Method": [f"{spec.class_name}#{spec.method}{bean}"],
            "Application": [where, whether],
            "Stop": ["asked by interrupt; ASKED if it ignores that"],
        }
