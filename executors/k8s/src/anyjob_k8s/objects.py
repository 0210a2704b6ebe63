"""Objects of Kubernetes as the API writes them: JSON, read by small functions that expect nothing to be there."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, Final, TypeAlias, cast

__all__ = [
    "LABEL_RUN",
    "MARK",
    "K8sObject",
    "annotations_of",
    "condition_of",
    "conditions_of",
    "container_statuses",
    "containers_of",
    "deleted_at",
    "epoch",
    "identity",
    "labels_of",
    "meta",
    "name_of",
    "namespace_of",
    "part",
    "parts",
    "phase_of",
    "text",
    "uid_of",
]

K8sObject: TypeAlias = Mapping[str, Any]
"""An object as the API gives and takes it."""

LABEL_RUN: Final = "anyjob.dev/run"
"""On every object of a run, pods included: the run's name. Its being there selects what a worker watches."""

MARK: Final = "anyjob.dev/mark"
"""Annotation of a run's main object: which installation made it. Names may meet in a namespace, marks do not."""


def part(where: object, *path: str) -> K8sObject:
    """The object at the end of the path; empty where there is none."""
    for name in path:
        where = cast("Mapping[str, object]", where).get(name) if isinstance(where, Mapping) else None
    return cast("K8sObject", where) if isinstance(where, Mapping) else {}


def parts(where: object, *path: str) -> Sequence[K8sObject]:
    """The objects of the list at the end of the path; none where there is no list."""
    found = part(where, *path[:-1]).get(path[-1])
    if not isinstance(found, Sequence) or isinstance(found, str | bytes):
        return ()
    return [cast("K8sObject", item) for item in cast("Sequence[object]", found) if isinstance(item, Mapping)]


def text(where: object, *path: str) -> str:
    """The text at the end of the path; empty where there is none."""
    found = part(where, *path[:-1]).get(path[-1])
    return found if isinstance(found, str) else ""


def meta(thing: K8sObject) -> K8sObject:
    """Its metadata; empty where there is none."""
    return part(thing, "metadata")


def name_of(thing: K8sObject) -> str:
    """Its name; empty where there is none."""
    return text(thing, "metadata", "name")


def namespace_of(thing: K8sObject) -> str:
    """Its namespace; empty for what lies in none."""
    return text(thing, "metadata", "namespace")


def uid_of(thing: K8sObject) -> str:
    """The uid, which no later object of the name has."""
    return text(thing, "metadata", "uid")


def labels_of(thing: K8sObject) -> Mapping[str, str]:
    """Its labels; empty where there are none."""
    return part(thing, "metadata", "labels")


def annotations_of(thing: K8sObject) -> Mapping[str, str]:
    """Its annotations; empty where there are none."""
    return part(thing, "metadata", "annotations")


def identity(thing: K8sObject) -> str:
    """For people: `Job aj-1-0-1`."""
    return f"{thing.get('kind') or 'object'} {name_of(thing)}"


def epoch(when: object) -> float | None:
    """Epoch seconds of a time as the API writes it; None where there is none."""
    if not isinstance(when, str):
        return None
    try:
        return datetime.fromisoformat(when).timestamp()
    except ValueError:
        return None


def deleted_at(thing: K8sObject) -> float | None:
    """Epoch seconds at which the object goes, or should have gone; None: nobody deleted it."""
    return epoch(meta(thing).get("deletionTimestamp"))


def phase_of(pod: K8sObject) -> str:
    """`Pending`, `Running`, `Succeeded`, `Failed` or `Unknown`; empty where it is not told."""
    return text(pod, "status", "phase")


def conditions_of(thing: K8sObject) -> Sequence[K8sObject]:
    """What is said of its state, each with `type`, `status`, `reason` and `message`."""
    return parts(thing, "status", "conditions")


def condition_of(thing: K8sObject, kind: str) -> K8sObject | None:
    """The condition of that type when it holds (`status: "True"`)."""
    for condition in conditions_of(thing):
        if condition.get("type") == kind and condition.get("status") == "True":
            return condition
    return None


def containers_of(pod: K8sObject) -> Iterator[K8sObject]:
    """The containers of a pod or of a pod template, in the order in which they start: init containers first."""
    for kind in ("initContainers", "containers"):
        yield from parts(pod, "spec", kind)


def container_statuses(pod: K8sObject) -> Iterator[K8sObject]:
    """What is known of the containers, init containers first."""
    for kind in ("initContainerStatuses", "containerStatuses"):
        yield from parts(pod, "status", kind)
