"""Runs commands in pods."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from anyjob.executor import Capabilities, DeadlineBy, Exit, Handle, Launcher, Phase, Stage
from anyjob.outcome import StopReport, Strength
from anyjob.problem import Problem
from anyjob_k8s.ends import exit_of, refused_exit
from anyjob_k8s.forbidden import beyond_ordinary, forbidden_command
from anyjob_k8s.options import K8sOptions
from anyjob_k8s.plan import plan_command
from anyjob_k8s.preview import preview_of
from anyjob_k8s.served import Served

if TYPE_CHECKING:
    from anyjob.executor import Command
    from anyjob.job import Job
    from anyjob.run import Run, RunFacts

__all__ = ["K8sLauncher"]


class K8sLauncher(Served, Launcher[K8sOptions]):
    """A command is a Job of one pod, named as the run. Files go in and do not come back."""

    def capabilities(self, options: K8sOptions) -> Capabilities:
        del options
        return Capabilities(
            deadline=DeadlineBy.REMOTE,
            proof=Strength.REPORTED,
            resumes=True,
            limits=frozenset({"memory", "cpu"}),
            phases=frozenset(Phase),
        )

    def check(self, job: Job, options: K8sOptions) -> Iterable[Problem]:
        return forbidden_command(job, options, self._settings)

    def privileges(self, job: Job, options: K8sOptions) -> Iterable[str]:
        return beyond_ordinary(self._settings, lambda settings: forbidden_command(job, options, settings))

    async def preflight(self, options: K8sOptions) -> Iterable[Problem]:
        found = self._settings.cluster_of(options.cluster)
        return [found] if isinstance(found, Problem) else []

    def preview(self, run: RunFacts, command: Command, options: K8sOptions) -> Mapping[str, Sequence[str]]:
        lacks = ["files do not come back: no outputs, progress or map"]
        return {**preview_of(plan_command(run, command, options, self._settings)), "lacking in a pod": lacks}

    # ---------------------------------------------------------------- verbs

    async def start(self, run: Run, command: Command, options: K8sOptions) -> Handle | Exit:
        got = await self._runs.start(
            run, options, lambda ambient: plan_command(run, command, options, self._settings, namespace=ambient)
        )
        return got if isinstance(got, Handle) else refused_exit(got)

    async def watch(self, run: Run, handle: Handle, options: K8sOptions) -> Exit:
        return exit_of(run, await self._runs.watch(run, handle))

    async def stop(self, run: Run, handle: Handle, stage: Stage, options: K8sOptions) -> StopReport:
        return await self._runs.stop(run, handle, stage)

    async def find(self, run: Run, options: K8sOptions) -> Handle | Exit | None:
        got = await self._runs.find(run, options, None)
        return got if got is None or isinstance(got, Handle) else refused_exit(got)

    async def clean(self, run: Run, handle: Handle | None, options: K8sOptions) -> None:
        await self._runs.clean(run, handle)
