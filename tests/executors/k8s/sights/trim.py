"""What is kept of an object in a recording."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, cast

__all__ = ["concerns", "trimmed"]

_METADATA: Final = (
    "name", "namespace", "uid", "generation", "annotations", "finalizers", "creationTimestamp", "deletionTimestamp",
    "deletionGracePeriodSeconds",
)  # fmt: skip
_DULL: Final = frozenset(
    {"hostIP", "hostIPs", "podIP", "podIPs", "qosClass", "imageID", "volumeMounts", "resources", "lastProbeTime"}
)
_POD: Final = ("restartPolicy", "nodeName", "activeDeadlineSeconds", "terminationGracePeriodSeconds")
_CONTAINER: Final = ("name", "image", "restartPolicy")
_EVENT: Final = (
    "type", "reason", "message", "count", "firstTimestamp", "lastTimestamp", "eventTime", "series", "involvedObject",
)  # fmt: skip


def concerns(it: Mapping[str, Any], kind: str) -> bool:
    """Whether an object is the main one, or a pod of it."""
    if it["kind"] == kind and it["metadata"]["name"] == "it":
        return True
    owners = it["metadata"].get("ownerReferences", ())
    return it["kind"] == "Pod" and any(one["name"] == "it" for one in owners)


def trimmed(it: Mapping[str, Any]) -> dict[str, Any]:
    """The object without managed fields, volumes, and the pod's template in a Job."""
    metadata = {key: it["metadata"][key] for key in _METADATA if key in it["metadata"]}
    if it["kind"] == "Event":
        metadata = {key: metadata[key] for key in ("name", "creationTimestamp")}
        kept = {key: it[key] for key in _EVENT if key in it}
        kept["involvedObject"] = {key: it["involvedObject"][key] for key in ("kind", "name", "uid")}
        return {"kind": "Event", "metadata": metadata, **kept}
    spec: Mapping[str, Any] = it.get("spec", {})
    if it["kind"] == "Job":
        kept = {key: value for key, value in spec.items() if key not in ("template", "selector", "manualSelector")}
    else:
        kept = {key: spec[key] for key in _POD if key in spec}
        for key in ("initContainers", "containers"):
            if key in spec:
                kept[key] = [{field: one[field] for field in _CONTAINER if field in one} for one in spec[key]]
    return {"kind": it["kind"], "metadata": metadata, "spec": kept, "status": _told(it.get("status", {}))}


def _told(status: Any) -> Any:
    if isinstance(status, dict):
        return {key: _told(value) for key, value in cast("dict[str, Any]", status).items() if key not in _DULL}
    return [_told(one) for one in cast("list[Any]", status)] if isinstance(status, list) else status
