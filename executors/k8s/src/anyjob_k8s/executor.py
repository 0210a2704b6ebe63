"""Runs Kubernetes Jobs, Pods and scripts in pods."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from anyjob.executor import COMMAND_KEYS, Capabilities, DeadlineBy, Handle, Phase, RemoteExecutor, Stage
from anyjob.outcome import Outcome, StopReport, Strength
from anyjob.problem import Problem
from anyjob_k8s.ends import outcome_of, refused_outcome
from anyjob_k8s.forbidden import beyond_ordinary, forbidden_job
from anyjob_k8s.plan import plan_run
from anyjob_k8s.preview import preview_of
from anyjob_k8s.served import Served
from anyjob_k8s.spec import K8sSpec

if TYPE_CHECKING:
    from anyjob.job import Job
    from anyjob.run import Run, RunFacts
    from anyjob_k8s.plan import Plan

__all__ = ["K8sExecutor"]


class K8sExecutor(Served, RemoteExecutor[K8sSpec]):
    """A run is one Job or Pod, named as the run."""

    def capabilities(self, spec: K8sSpec) -> Capabilities:
        ours = spec.ours
        return Capabilities(
            deadline=DeadlineBy.REMOTE if ours else DeadlineBy.WORKER,
            proof=Strength.REPORTED,
            resumes=True,
            limits=frozenset({"memory", "cpu"}) if ours else frozenset(),
            phases=frozenset({Phase.PROCESS}),
        )

    def ignores(self, spec: K8sSpec | None) -> frozenset[str]:
        del spec
        return COMMAND_KEYS - {"env"}

    def check(self, job: Job, spec: K8sSpec) -> Iterable[Problem]:
        del job
        return forbidden_job(spec, self._settings)

    def privileges(self, job: Job, spec: K8sSpec) -> Iterable[str]:
        del job
        return beyond_ordinary(self._settings, lambda settings: forbidden_job(spec, settings))

    async def preflight(self, spec: K8sSpec) -> Iterable[Problem]:
        found = self._settings.cluster_of(spec.cluster)
        return [found] if isinstance(found, Problem) else []

    def preview(self, run: RunFacts, spec: K8sSpec) -> Mapping[str, Sequence[str]]:
        return preview_of(plan_run(run, spec, self._settings))

    # ---------------------------------------------------------------- verbs

    async def start(self, run: Run, spec: K8sSpec) -> Handle | Outcome:
        got = await self._runs.start(run, spec, lambda ambient: self._plan(run, spec, ambient))
        return got if isinstance(got, Handle) else refused_outcome(got)

    async def watch(self, run: Run, spec: K8sSpec, handle: Handle) -> Outcome:
        return outcome_of(run, await self._runs.watch(run, handle))

    async def stop(self, run: Run, spec: K8sSpec, handle: Handle, stage: Stage) -> StopReport:
        return await self._runs.stop(run, handle, stage)

    async def find(self, run: Run, spec: K8sSpec) -> Handle | Outcome | None:
        got = await self._runs.find(run, spec, lambda ambient: self._plan(run, spec, ambient))
        return got if got is None or isinstance(got, Handle) else refused_outcome(got)

    async def clean(self, run: Run, spec: K8sSpec, handle: Handle | None) -> None:
        await self._runs.clean(run, handle)

    def _plan(self, run: Run, spec: K8sSpec, ambient: str) -> Plan:
        return plan_run(run, spec, self._settings, namespace=ambient)
