"""What a worker keeps of the objects it watches: five hundred pods must not fill it.

Source: Kubernetes API, Pod and Job.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from anyjob_k8s.objects import K8sObject, part, parts

__all__ = ["Reduce", "reduced_job", "reduced_pod"]

Reduce = Callable[[K8sObject], dict[str, Any]]

_POD: Final = (
    "nodeName", "restartPolicy", "terminationGracePeriodSeconds", "activeDeadlineSeconds", "schedulingGates", "priority"
)  # fmt: skip
_JOB: Final = (
    "backoffLimit",
    "completions",
    "parallelism",
    "suspend",
    "activeDeadlineSeconds",
    "completionMode",
    "backoffLimitPerIndex",
)
_CONTAINER: Final = ("name", "image", "restartPolicy")
_ANNOTATIONS: Final = ("anyjob.dev/", "batch.kubernetes.io/")
_META: Final = (
    "name",
    "namespace",
    "uid",
    "generation",
    "resourceVersion",
    "creationTimestamp",
    "generation",
    "deletionTimestamp",
    "deletionGracePeriodSeconds",
    "labels",
    "ownerReferences",
    "finalizers",
)


def reduced_pod(pod: K8sObject) -> dict[str, Any]:
    """A pod's status whole, of its spec what says how it is run."""
    return {
        "kind": "Pod",
        "metadata": _meta(pod),
        "spec": _pod_spec(part(pod, "spec")),
        "status": pod.get("status", {}),
    }


def reduced_job(job: K8sObject) -> dict[str, Any]:
    """A Job's status whole, of its spec the rules and the names of the containers."""
    spec = part(job, "spec")
    kept = _kept(spec, _JOB)
    kept["template"] = {"spec": _pod_spec(part(spec, "template", "spec"))}
    return {"kind": "Job", "metadata": _meta(job), "spec": kept, "status": job.get("status", {})}


def _pod_spec(spec: K8sObject) -> dict[str, Any]:
    kept = _kept(spec, _POD)
    for kind in ("initContainers", "containers"):
        if found := parts(spec, kind):
            kept[kind] = [_kept(container, _CONTAINER) for container in found]
    return kept


def _meta(thing: K8sObject) -> dict[str, Any]:
    found = part(thing, "metadata")
    kept = _kept(found, _META)
    if own := {name: value for name, value in part(found, "annotations").items() if name.startswith(_ANNOTATIONS)}:
        kept["annotations"] = own
    return kept


def _kept(where: Mapping[str, Any], names: tuple[str, ...]) -> dict[str, Any]:
    return {name: where[name] for name in names if name in where}
