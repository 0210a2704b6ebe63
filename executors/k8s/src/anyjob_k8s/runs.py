"""Runs in clusters, whatever they are of: the verbs that executor and launcher share."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from anyjob.executor import Handle, Stage
from anyjob.outcome import Cause, Evidence, StopReport, Strength
from anyjob.problem import Problem
from anyjob_k8s.begin import Lost, Maker, Missing
from anyjob_k8s.client import NoCluster
from anyjob_k8s.clusters import Clusters
from anyjob_k8s.faults import ApiFault
from anyjob_k8s.follow import Ended, Follow
from anyjob_k8s.judge import judge_refusal
from anyjob_k8s.objects import uid_of
from anyjob_k8s.pod import CONTAINER
from anyjob_k8s.target import Target

if TYPE_CHECKING:
    from anyjob.executor import Services
    from anyjob.run import Run
    from anyjob_k8s.cluster import Cluster
    from anyjob_k8s.plan import Plan
    from anyjob_k8s.podkeys import PlaceKeys
    from anyjob_k8s.settings import K8sSettings

__all__ = ["Refused", "Runs"]

_CLEAN_PATIENCE: Final = 30.0

Planner = Callable[[str], "Plan"]
"""Given the namespace of the cluster's context, the plan. Raises BadJob, PasteRefused, SecretMissing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """A run that ended before it began, or of which nothing can be known."""

    cause: Cause
    evidence: Sequence[Evidence]
    stop: StopReport | None = None


class Runs:
    """Those of one executor or launcher object."""

    def __init__(self, settings: K8sSettings, services: Services) -> None:
        self._settings = settings
        self._clusters = Clusters(settings)
        self._maker = Maker(services.folder)
        self._follows: dict[str, Follow] = {}

    async def close(self) -> None:
        """Follows nobody any more, and closes all connections; runs go on."""
        for follow in list(self._follows.values()):
            await follow.close()
        await self._clusters.close()

    # ---------------------------------------------------------------- verbs

    async def start(self, run: Run, keys: PlaceKeys, planner: Planner) -> Handle | Refused:
        """Make the objects that `planner` gives for the cluster's own namespace, or find those that an earlier call
        made. Refused: nothing runs, or nobody can know."""
        try:
            cluster = self._cluster(keys)
            plan = planner(await cluster.namespace())
            target = await self._maker.make(run, plan, cluster, patience=self._settings.patience)
        except NoCluster as error:
            return _no_cluster(error)
        except ApiFault as fault:
            return _of_fault(fault)
        return target.handle()

    async def find(self, run: Run, keys: PlaceKeys, planner: Planner | None) -> Handle | Refused | None:
        """Where a start was cut off before all was made, it goes on: here, given a `planner`; else it is said that
        nothing was started, and the start that follows finds what is there."""
        try:
            cluster = self._cluster(keys)
            ambient = await cluster.namespace()
            plan = None if planner is None else planner(ambient)
            namespace = self._namespace(keys, ambient) if plan is None else plan.namespace
            kind = "Job" if plan is None else plan.kind
            found = await self._maker.find(run, cluster, namespace, kind, patience=self._settings.patience)
        except Missing:
            return None
        except NoCluster as error:
            return Refused(cause=Cause.UNKNOWN, evidence=[Evidence(source="kubeconfig", text=str(error))])
        except ApiFault as fault:
            return Refused(cause=Cause.UNKNOWN, evidence=judge_refusal(fault).evidence)
        if found is None or isinstance(found, Lost):
            return None if found is None else Refused(cause=Cause.UNKNOWN, evidence=[found.evidence])
        if plan is not None:
            return Target.of(plan, found).handle()
        return Target(
            cluster=self._name(keys),
            namespace=namespace,
            kind="Job",
            name=run.name,
            uid=uid_of(found),
            container=CONTAINER,
            ours=True,
            by_remote=run.deadline is not None,
            pending=keys.pending_limit or self._settings.pending,
            keep=self._settings.keep,
        ).handle()

    async def watch(self, run: Run, handle: Handle) -> Ended:
        """How it ended. The newest watch of a run is the one that follows it."""
        target = Target.read(handle)
        follow = Follow(run, self._clusters.open(target.cluster), target, self._settings)
        before = self._follows.get(run.name)
        if before is not None:
            await before.close()
        self._follows[run.name] = follow
        try:
            return await follow.to_the_end()
        finally:
            if self._follows.get(run.name) is follow:
                del self._follows[run.name]

    async def stop(self, run: Run, handle: Handle, stage: Stage) -> StopReport:
        """Ask the cluster to end it, with or without a watch, and say how things stand."""
        follow = self._follows.get(run.name)
        if follow is None:
            target = Target.read(handle)
            follow = self._follows[run.name] = Follow(run, self._clusters.open(target.cluster), target, self._settings)
        return await follow.stop(stage)

    async def clean(self, run: Run, handle: Handle | None) -> None:
        """Remove the objects, or let the cluster do so once they were kept for long enough."""
        if handle is None:
            return
        target = Target.read(handle)
        cluster = self._clusters.open(target.cluster)
        if target.keep and target.kind == "Job":
            change = {"metadata": {"uid": target.uid}, "spec": {"ttlSecondsAfterFinished": target.keep}}
            try:
                await cluster.patch(target.kind, target.namespace, target.name, change, patience=_CLEAN_PATIENCE)
            except ApiFault as fault:
                if fault.status not in (404, 409):
                    raise
            return
        if target.keep:
            return
        await cluster.delete(
            target.kind,
            target.namespace,
            target.name,
            target.uid,
            grace=None,
            propagation="Background",
            patience=_CLEAN_PATIENCE,
        )

    def _cluster(self, keys: PlaceKeys) -> Cluster:
        """Raises NoCluster."""
        return self._clusters.open(self._name(keys))

    def _name(self, keys: PlaceKeys) -> str:
        name = self._settings.cluster_of(keys.cluster)
        if isinstance(name, Problem):
            raise NoCluster(str(name))
        return name

    def _namespace(self, keys: PlaceKeys, ambient: str) -> str:
        return keys.namespace or self._settings.connection(self._name(keys)).namespace or ambient


def _no_cluster(error: NoCluster) -> Refused:
    return Refused(cause=Cause.DEPENDENCY_MISSING, evidence=[Evidence(source="kubeconfig", text=str(error))])


def _of_fault(fault: ApiFault) -> Refused:
    verdict = judge_refusal(fault)
    if fault.untouched:
        return Refused(cause=verdict.cause, evidence=verdict.evidence)
    # The object may be there all the same.
    stop = StopReport(strength=Strength.ASKED, by="nothing was asked")
    return Refused(cause=Cause.UNKNOWN, evidence=verdict.evidence, stop=stop)
