"""What a run asks a cluster to hold: its objects, with everything filled in, and checked against what is allowed.

Source: Kubernetes, Jobs, activeDeadlineSeconds and ttlSecondsAfterFinished.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

from anyjob.job import BadJob
from anyjob.problem import Problem
from anyjob_k8s.allowed import Rules, field_of_manifest, field_of_ours
from anyjob_k8s.commandpod import command_parts
from anyjob_k8s.manifest import Kind, Manifest, read_manifest
from anyjob_k8s.manifestpod import filled, manifest_parts
from anyjob_k8s.objects import K8sObject, part
from anyjob_k8s.pod import CONTAINER, remaining_seconds
from anyjob_k8s.scriptpod import script_parts
from anyjob_k8s.template import SOME_NAMESPACE, read_template
from anyjob_k8s.words import is_dns_label

if TYPE_CHECKING:
    from anyjob.executor import Command
    from anyjob.run import RunFacts
    from anyjob_k8s.options import K8sOptions
    from anyjob_k8s.parts import Parts
    from anyjob_k8s.podkeys import PlaceKeys
    from anyjob_k8s.settings import K8sSettings
    from anyjob_k8s.spec import K8sSpec

__all__ = ["Plan", "kept_seconds", "plan_command", "plan_run"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """`cluster` is what `K8sSettings.connection` takes. `main` is the Job or Pod, `companions` are the ConfigMaps and
    Secrets that it needs; all have the run's name. `container`: whose last line is the result; None: the first one's.
    `ours`: the pod is ours, not of a user's manifest or template. `deadline_by_remote`: the cluster ends it at its
    deadline. `pending`: seconds that a pod may wait. `keep`: seconds that it stays once its outcome is kept."""

    cluster: str
    namespace: str
    main: K8sObject
    companions: Sequence[K8sObject]
    kind: Kind
    container: str | None
    ours: bool
    deadline_by_remote: bool
    pending: float
    keep: int

    @property
    def objects(self) -> Sequence[K8sObject]:
        """All of them, in the order of their creation: what `main` owns comes after it."""
        return (self.main, *self.companions)


def plan_run(
    run: RunFacts, spec: K8sSpec, settings: K8sSettings, *, namespace: str = "default", now: float | None = None
) -> Plan:
    """The plan of a k8s job's run. `namespace`: that of the cluster's context; `now`: epoch seconds.

    Raises BadJob with everything that is not allowed, PasteRefused, SecretMissing.
    """
    remaining = remaining_seconds(run, time.time() if now is None else now)
    if spec.ours:
        root, kind = "", "Job"
        where = _Where.of(run, spec, settings, namespace)
        parts = script_parts(run, spec, where.namespace, remaining)
    else:
        root = "Template" if spec.is_script else "Content"
        own = run.fill(_manifest(spec).namespace)
        where = _Where.of(run, spec, settings, namespace, own=own, root=root)
        manifest = filled(run, _manifest(spec, run.job_id, where.namespace))
        kind = manifest.kind
        parts = manifest_parts(run, spec, manifest, where.namespace, remaining)
    where.check(run, parts, root, settings, "executors.k8s")
    return where.plan(
        parts,
        kind,
        container=CONTAINER if spec.ours else spec.container,
        ours=spec.ours,
        by_remote=_kept_by_remote(run, spec, parts, remaining),
        pending=spec.pending_limit or settings.pending,
        keep=kept_seconds(spec, settings),
    )


def plan_command(
    run: RunFacts,
    command: Command,
    options: K8sOptions,
    settings: K8sSettings,
    *,
    namespace: str = "default",
    now: float | None = None,
) -> Plan:
    """The plan of a command's run. As `plan_run`; `now`: epoch seconds, else the clock's."""
    remaining = remaining_seconds(run, time.time() if now is None else now)
    where = _Where.of(run, options, settings, namespace)
    parts = command_parts(run, command, options, where.namespace, remaining)
    where.check(run, parts, "", settings, "launchers.k8s")
    return where.plan(
        parts,
        "Job",
        container=CONTAINER,
        ours=True,
        by_remote=remaining is not None,
        pending=options.pending_limit or settings.pending,
        keep=settings.keep,
    )


def kept_seconds(spec: K8sSpec, settings: K8sSettings) -> int:
    """Seconds that the object stays once its outcome is kept: what a user's Job says itself, else the setting."""
    if spec.ours:
        return settings.keep
    own = part(_manifest(spec).body, "spec").get("ttlSecondsAfterFinished")
    return own if isinstance(own, int) and own >= 0 else settings.keep


def _manifest(spec: K8sSpec, *of_run: Any) -> Manifest:
    return read_template(cast("str", spec.template), *of_run) if spec.is_script else read_manifest(spec.content)


def _kept_by_remote(run: RunFacts, spec: K8sSpec, parts: Parts, remaining: int | None) -> bool:
    if remaining is None or not spec.is_script:
        return False
    pod = part(parts.main, "spec", "template", "spec") or part(parts.main, "spec")
    said = pod.get("activeDeadlineSeconds")
    return isinstance(said, int) and said <= remaining


@dataclass(frozen=True, slots=True, kw_only=True)
class _Where:
    """The cluster and namespace of a run, and the field of its job that named the namespace."""

    cluster: str
    namespace: str
    field: str

    @classmethod
    def of(
        cls, run: RunFacts, keys: PlaceKeys, settings: K8sSettings, ambient: str, *, own: str = "", root: str = ""
    ) -> _Where:
        cluster = settings.cluster_of(keys.cluster)
        if isinstance(cluster, Problem):
            raise BadJob([cluster], run.job.name)
        own = "" if own == SOME_NAMESPACE else own
        field = f"{root}.metadata.namespace"
        if keys.namespace and own and own != keys.namespace:
            remedy = f"differs from XAttrs.namespace {keys.namespace}; keep one of the two"
            raise BadJob([Problem(field=field, value=own, remedy=remedy)], run.job.name)
        if own and not is_dns_label(own):
            remedy = "is no name of a namespace; use a-z, 0-9 and '-', at most 63 characters"
            raise BadJob([Problem(field=field, value=own, remedy=remedy)], run.job.name)
        configured = settings.connection(cluster).namespace
        field = field if own else "XAttrs.namespace"
        return cls(cluster=cluster, namespace=keys.namespace or own or configured or ambient, field=field)

    def check(self, run: RunFacts, parts: Parts, root: str, settings: K8sSettings, table: str) -> None:
        """Raises BadJob with everything that the settings do not allow. `root`: the field that holds the manifest."""
        kind = parts.main["kind"]
        field = field_of_manifest(root, kind) if root else field_of_ours
        rules = Rules(allowed=settings.allowed, table=table, field=field)
        pod = part(parts.main, "spec", "template") if kind == "Job" else parts.main
        problems = [*rules.namespace(self.namespace, self.field), *rules.pod(pod)]
        if problems:
            raise BadJob(problems, run.job.name)

    def plan(
        self, parts: Parts, kind: Kind, *, container: str | None, ours: bool, by_remote: bool, pending: float, keep: int
    ) -> Plan:
        return Plan(
            cluster=self.cluster,
            namespace=self.namespace,
            main=parts.main,
            companions=parts.companions,
            kind=kind,
            container=container,
            ours=ours,
            deadline_by_remote=by_remote,
            pending=pending,
            keep=keep,
        )
