"""The Job of a pod that is wholly ours: one container, for a script or a command.

Source: Kubernetes, Jobs, activeDeadlineSeconds and backoffLimit.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from anyjob_k8s.labels import annotations_for, labels_for
from anyjob_k8s.variables import literal

if TYPE_CHECKING:
    from anyjob.run import RunFacts
    from anyjob_k8s.podkeys import KeyRef, PodKeys, Ref

__all__ = ["CONTAINER", "OurPod", "grace_seconds", "remaining_seconds", "script_job"]

CONTAINER: Final = "main"
_LATER: Final = 30
"""Seconds, beside the grace, by which the Job's deadline comes after its pod's: it would take pod and log away."""
_LONGEST: Final = 2**31 - 1


@dataclass(frozen=True, slots=True, kw_only=True)
class OurPod:
    """What tells one pod of ours from another. `argv` and `cwd` are given as they are meant. `volumes` and `mounts` are
    the objects of Kubernetes."""

    image: str
    argv: Sequence[str]
    env: Sequence[Mapping[str, Any]]
    volumes: Sequence[Mapping[str, Any]]
    mounts: Sequence[Mapping[str, Any]]
    cwd: str | None = None
    user: int | None = None


def script_job(run: RunFacts, keys: PodKeys, pod: OurPod, namespace: str, remaining: int | None) -> dict[str, Any]:
    """The Job. `remaining`: seconds until the run's deadline."""
    spec: dict[str, Any] = {
        "backoffLimit": 0,
        # A pod that is going might still write beside one that replaces it.
        "podReplacementPolicy": "Failed",
        "template": {
            "metadata": {"labels": labels_for(run), "annotations": annotations_for(run)},
            "spec": _pod_spec(run, keys, pod, remaining),
        },
    }
    if remaining is not None:
        # The kubelet's own deadline leaves the pod and its log; it begins to count when the pod is on a node.
        spec["activeDeadlineSeconds"] = min(remaining + grace_seconds(run) + _LATER, _LONGEST)
    return {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {
            "name": run.name,
            "namespace": namespace,
            "labels": labels_for(run),
            "annotations": annotations_for(run),
        },
        "spec": spec,
    }


def grace_seconds(run: RunFacts) -> int:
    """Never 0: with that the API server forgets a pod at once, whatever its node still does."""
    return max(1, math.ceil(run.grace))


def remaining_seconds(run: RunFacts, now: float) -> int | None:
    """Whole seconds from `now` (epoch seconds) to the run's deadline, at least the one that Kubernetes wants."""
    return None if run.deadline is None else min(max(1, math.ceil(run.deadline - now)), _LONGEST)


def _pod_spec(run: RunFacts, keys: PodKeys, pod: OurPod, remaining: int | None) -> dict[str, Any]:
    made: dict[str, Any] = {
        "restartPolicy": "Never",
        "terminationGracePeriodSeconds": grace_seconds(run),
        "automountServiceAccountToken": keys.token,
        "enableServiceLinks": False,
        # As process 1 of its own namespace a program would not hear the signals that it has no handler for.
        "shareProcessNamespace": True,
        "securityContext": _pod_security(keys),
        "containers": [_container(run, keys, pod)],
        "volumes": [*pod.volumes, *([{"name": "tmp", "emptyDir": {}}] if keys.read_only_root else [])],
    }
    further: dict[str, Any] = {
        "activeDeadlineSeconds": remaining,
        "serviceAccountName": keys.service_account,
        "nodeSelector": keys.node_selector,
        "priorityClassName": keys.priority_class,
        "imagePullSecrets": [{"name": name} for name in keys.pull_secrets],
        "tolerations": [item.model_dump(by_alias=True, exclude_none=True) for item in keys.tolerations],
    }
    return made | {name: value for name, value in further.items() if value}


def _container(run: RunFacts, keys: PodKeys, pod: OurPod) -> dict[str, Any]:
    temporary = [{"name": "tmp", "mountPath": "/tmp"}] if keys.read_only_root else []  # noqa: S108 - the container's own
    made: dict[str, Any] = {
        "name": CONTAINER,
        "image": pod.image,
        "imagePullPolicy": keys.pull_policy,
        "command": [literal(word) for word in pod.argv],
        "env": [*_from_cluster(keys, {entry["name"] for entry in pod.env}), *pod.env],
        "volumeMounts": [*pod.mounts, *temporary],
        "resources": _resources(run, keys),
        "securityContext": _security(keys, pod.user),
    }
    if keys.env_from:
        made["envFrom"] = [
            item.model_dump(by_alias=True, exclude_none=True, exclude_defaults=True) for item in keys.env_from
        ]
    if pod.cwd is not None:
        made["workingDir"] = pod.cwd
    return made


def _from_cluster(keys: PodKeys, known: set[str]) -> list[dict[str, Any]]:
    """Variables of the cluster, without those that are `known` already."""
    return [
        {"name": name, "valueFrom": {kind: _ref(ref)}}
        for kind, refs in (("secretKeyRef", keys.secret_env), ("configMapKeyRef", keys.config_map_env))
        for name, ref in refs.items()
        if name not in known
    ]


def _ref(ref: Ref | KeyRef) -> dict[str, Any]:
    return ref.model_dump(exclude_defaults=True)


def _resources(run: RunFacts, keys: PodKeys) -> dict[str, Any]:
    limits = dict(keys.resources.limits)
    common = run.common.limits
    if common.memory is not None:
        limits["memory"] = str(common.memory)
    if common.cpu is not None:
        limits["cpu"] = f"{math.ceil(common.cpu * 1000)}m"
    made = {"requests": dict(keys.resources.requests), "limits": limits}
    return {name: value for name, value in made.items() if value}


def _pod_security(keys: PodKeys) -> dict[str, Any]:
    made: dict[str, Any] = {"seccompProfile": {"type": "RuntimeDefault"}}
    if keys.fs_group is not None:
        made["fsGroup"] = keys.fs_group
    return made


def _security(keys: PodKeys, user: int | None) -> dict[str, Any]:
    made: dict[str, Any] = {"allowPrivilegeEscalation": False}
    if user is not None:
        made["runAsUser"] = user
    if keys.run_as_group is not None:
        made["runAsGroup"] = keys.run_as_group
    if keys.read_only_root:
        made["readOnlyRootFilesystem"] = True
    if keys.restricted:
        made |= {"runAsNonRoot": True, "capabilities": {"drop": ["ALL"]}}
    return made
