"""Custom templates, as SchedulerX has them: the pod is the user's, the script reaches it through a ConfigMap.

Source: SchedulerX user guide, Kubernetes jobs, custom templates.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, Final, cast

from anyjob.problem import WrongValue, short
from anyjob_k8s.manifest import Manifest, containers, read_manifest
from anyjob_k8s.objects import K8sObject, part, parts

if TYPE_CHECKING:
    from anyjob_k8s.resource import Resource

__all__ = ["CONFIG_MAP", "SOME_NAMESPACE", "check_template", "name_config_map", "read_template", "script_key"]

CONFIG_MAP: Final = "schedulerx-configmap"
"""What a template calls the ConfigMap of its script. Every run has one of its own, by the run's name."""

SOME_NAMESPACE: Final = "the-namespace-of-the-run"
"""Stands for the namespace while it is not known."""

_SOME_JOB: Final = 9_007_199_254_740_991
_JOB_ID: Final = "{JOB_ID}"
_NAMESPACE: Final = "{NAMESPACE}"
_WORDS: Final[Mapping[str, str]] = {"nodejs": "node"}


def script_key(resource: Resource, job_id: int | str = _JOB_ID) -> str:
    """The key under which the ConfigMap holds the script: `schedulerx-node-{JOB_ID}`."""
    return f"schedulerx-{_WORDS.get(resource, resource)}-{job_id}"


def read_template(text: str, job_id: int = _SOME_JOB, namespace: str = SOME_NAMESPACE) -> Manifest:
    """The template of one run: `{JOB_ID}` and `{NAMESPACE}` are replaced. Raises WrongValue.

    They are pasted into the text, because without quotes, as the vendor's own samples have them, they are YAML for
    something else; a number and the name of a namespace change nothing but themselves.
    """
    return read_manifest(text.replace(_JOB_ID, str(job_id)).replace(_NAMESPACE, namespace))


def check_template(text: str, resource: Resource) -> Manifest:
    """The template, in which the script reaches a container. Raises WrongValue."""
    manifest = read_template(text)
    found = list(_references(manifest.pod))
    key = script_key(resource)
    if not found:
        raise WrongValue(
            f"mounts no ConfigMap {CONFIG_MAP}, so the script reaches no container; write a volume with its key {key}"
        )
    asked = {name.replace(str(_SOME_JOB), _JOB_ID) for keys in found for name in keys}
    wrong = sorted(asked - {key})
    if wrong:
        raise WrongValue(f"asks {CONFIG_MAP} for the key {short(wrong[0])}, and it holds {key} alone; write that")
    return manifest


def name_config_map(pod: K8sObject, name: str) -> None:
    """Let a template's pod mount the ConfigMap of this name in place of the one that it calls by the common name."""
    for reference in _places(pod):
        reference["name"] = name


def _references(pod: K8sObject) -> Iterator[list[str]]:
    """The keys that each reference to the ConfigMap asks for; none where it asks for all."""
    for place in _places(pod):
        keys = [item.get("key") for item in parts(place, "items")] + [place.get("key")]
        yield [key for key in keys if isinstance(key, str)]


def _places(pod: K8sObject) -> Iterator[dict[str, Any]]:
    """Every reference to the script's ConfigMap."""
    spec = part(pod, "spec")
    for volume in parts(spec, "volumes"):
        yield from _named(volume, "configMap")
        for source in parts(volume, "projected", "sources"):
            yield from _named(source, "configMap")
    for _, container in containers(spec):
        for entry in parts(container, "env"):
            yield from _named(part(entry, "valueFrom"), "configMapKeyRef")
        for entry in parts(container, "envFrom"):
            yield from _named(entry, "configMapRef")


def _named(where: K8sObject, kind: str) -> Iterator[dict[str, Any]]:
    found = where.get(kind)
    if isinstance(found, dict) and cast("dict[str, Any]", found).get("name") == CONFIG_MAP:
        yield cast("dict[str, Any]", found)
