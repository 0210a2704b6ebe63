"""What the settings forbid a job, asked when it is created: before there is a run to make a plan of."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from anyjob.problem import Problem
from anyjob.spec import CommonXAttrs, read_spec
from anyjob_k8s.allowed import Rules, field_of_manifest, field_of_ours
from anyjob_k8s.commandpod import unkept
from anyjob_k8s.manifest import read_manifest
from anyjob_k8s.settings import Allowed
from anyjob_k8s.template import SOME_NAMESPACE, read_template

if TYPE_CHECKING:
    from anyjob.job import Job
    from anyjob_k8s.options import K8sOptions
    from anyjob_k8s.podkeys import PlaceKeys
    from anyjob_k8s.settings import K8sSettings
    from anyjob_k8s.spec import K8sSpec

__all__ = ["beyond_ordinary", "forbidden_command", "forbidden_job"]


def forbidden_job(spec: K8sSpec, settings: K8sSettings) -> list[Problem]:
    """What is wrong with a k8s job. Where a placeholder stands, only the run's plan can tell."""
    if spec.ours:
        pod = _pod(spec.image, spec.service_account)
        rules = Rules(allowed=settings.allowed, table="executors.k8s", field=field_of_ours)
        own, field = "", "XAttrs.namespace"
    else:
        manifest = read_template(spec.template or "") if spec.is_script else read_manifest(spec.content)
        root = "Template" if spec.is_script else "Content"
        pod, own = manifest.pod, manifest.namespace.replace(SOME_NAMESPACE, "")
        rules = Rules(allowed=settings.allowed, table="executors.k8s", field=field_of_manifest(root, manifest.kind))
        field = f"{root}.metadata.namespace" if own else "XAttrs.namespace"
    return _known([*_place(spec, settings, rules, own, field), *rules.pod(pod)])


def forbidden_command(job: Job, options: K8sOptions, settings: K8sSettings) -> list[Problem]:
    """What is wrong with a command's job, as far as it is its pod's."""
    common, _ = read_spec(CommonXAttrs, job)
    lacking = [] if common is None else unkept(common.stop_signal, common.leftovers, common.user)
    rules = Rules(allowed=settings.allowed, table="launchers.k8s", field=field_of_ours)
    place = _place(options, settings, rules, "", "XAttrs.namespace")
    return _known([*lacking, *place, *rules.pod(_pod(options.image, options.service_account))])


def beyond_ordinary(settings: K8sSettings, forbidden: Callable[[K8sSettings], list[Problem]]) -> list[str]:
    """What the settings let a job have that only an operator's word allows: a node's folder, its network."""
    ordinary = settings.model_copy(update={"allowed": Allowed()})
    anyway = forbidden(settings)
    return [f"{one.field}: {one.value}" for one in forbidden(ordinary) if one not in anyway]


def _place(keys: PlaceKeys, settings: K8sSettings, rules: Rules, own: str, field: str) -> Iterator[Problem]:
    cluster = settings.cluster_of(keys.cluster)
    if isinstance(cluster, Problem):
        yield cluster
        return
    namespace = keys.namespace or own or settings.connection(cluster).namespace
    if namespace:
        yield from rules.namespace(namespace, field)


def _pod(image: str | None, account: str | None) -> dict[str, object]:
    return {"spec": {"serviceAccountName": account, "containers": [{"name": "main", "image": image}]}}


def _known(problems: list[Problem]) -> list[Problem]:
    return [problem for problem in problems if "#{schedulerx." not in problem.value]
