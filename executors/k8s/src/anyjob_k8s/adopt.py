"""A user's manifest made the run's own: named by the run, found by its labels, told about the run.

Nothing else of it is changed but what would keep several runs from being there at one time, or a run from being judged.

Sources: Kubernetes API, ObjectMeta, Job and PodSpec; Kubernetes, Jobs, ttlSecondsAfterFinished.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final, cast

from anyjob_k8s.labels import annotations_for, labels_for
from anyjob_k8s.objects import part

if TYPE_CHECKING:
    from anyjob.run import RunFacts
    from anyjob_k8s.manifest import Manifest

__all__ = ["adopted"]

_NOT_OURS: Final = (
    "name",
    "generateName",
    "namespace",
    "uid",
    "resourceVersion",
    "generation",
    "creationTimestamp",
    "deletionTimestamp",
    "deletionGracePeriodSeconds",
    "selfLink",
    "managedFields",
    # An owner elsewhere might remove the object, and a finalizer keep it for ever.
    "ownerReferences",
    "finalizers",
)
"""Metadata of the object from which a manifest was copied."""

_OF_CONTROLLER: Final = (
    "controller-uid",
    "job-name",
    "batch.kubernetes.io/controller-uid",
    "batch.kubernetes.io/job-name",
)
"""Labels that the Job controller sets, of another Job."""

_LAST_APPLIED: Final = "kubectl.kubernetes.io/last-applied-configuration"


def adopted(
    run: RunFacts,
    manifest: Manifest,
    namespace: str,
    *,
    env: Sequence[Mapping[str, Any]],
    pull_policy: str,
    mounted: tuple[Mapping[str, Any], Mapping[str, Any]] | None = None,
) -> dict[str, Any]:
    """The object to create. `manifest` is the run's: its placeholders are filled, and it may be changed.

    `env` goes to every container that does not set the name itself. `mounted`: a volume and its mount, for every
    container. A Job's `ttlSecondsAfterFinished` is taken out: it may remove the Job before its outcome is known.
    """
    body = dict(manifest.body)
    body.pop("status", None)
    _metadata(body, run, manifest.name)
    body["metadata"] = {"name": run.name, "namespace": namespace, **body["metadata"]}
    spec = cast("dict[str, Any]", body["spec"])
    if manifest.kind == "Job":
        # The controller makes a selector of its own; a second run with this one would take the first one's pods.
        for name in ("selector", "manualSelector", "ttlSecondsAfterFinished"):
            spec.pop(name, None)
        template = cast("dict[str, Any]", spec["template"])
        _metadata(template, run, manifest.name)
        spec = cast("dict[str, Any]", template["spec"])
    _pod(spec, env, pull_policy, mounted)
    return body


def _metadata(thing: dict[str, Any], run: RunFacts, name: str) -> None:
    metadata = {key: value for key, value in part(thing, "metadata").items() if key not in _NOT_OURS}
    labels = {key: value for key, value in part(metadata, "labels").items() if key not in _OF_CONTROLLER}
    annotations = {key: value for key, value in part(metadata, "annotations").items() if key != _LAST_APPLIED}
    ours, told = labels_for(run, name), annotations_for(run, name)
    # What the user wrote wins over XAttrs.labels, and nothing over the names by which the run is found.
    metadata["labels"] = {**ours, **labels, **{key: value for key, value in ours.items() if "/" in key}}
    metadata["annotations"] = {**annotations, **told}
    thing["metadata"] = metadata


def _pod(
    spec: dict[str, Any],
    env: Sequence[Mapping[str, Any]],
    pull_policy: str,
    mounted: tuple[Mapping[str, Any], Mapping[str, Any]] | None,
) -> None:
    spec["restartPolicy"] = spec.get("restartPolicy") or "Never"
    if spec.get("terminationGracePeriodSeconds") == 0:
        # With 0 the API server forgets a pod at once, whatever its node still does.
        spec["terminationGracePeriodSeconds"] = 1
    if mounted is not None:
        spec["volumes"] = [*(spec.get("volumes") or []), mounted[0]]
    for kind in ("initContainers", "containers"):
        for container in cast("list[dict[str, Any]]", spec.get(kind) or []):
            own = cast("list[dict[str, Any]]", container.get("env") or [])
            named = {entry.get("name") for entry in own}
            # Before the user's, which may refer to them as $(ANYJOB_PARAMETERS).
            container["env"] = [*(entry for entry in env if entry["name"] not in named), *own]
            container["imagePullPolicy"] = container.get("imagePullPolicy") or pull_policy
            if mounted is not None:
                container["volumeMounts"] = [*(container.get("volumeMounts") or []), mounted[1]]
