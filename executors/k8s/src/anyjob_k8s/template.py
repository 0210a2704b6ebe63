"""Custom templates, as SchedulerX has them: the pod is the user's, the script reaches it through a ConfigMap."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, Final, cast

from anyjob.outcome import Json
from anyjob.problem import WrongValue, short
from anyjob_k8s.manifest import Manifest, containers, read_manifest, walked
from anyjob_k8s.objects import K8sObject, part, parts

if TYPE_CHECKING:
    from anyjob_k8s.resource import Resource

__all__ = ["CONFIG_MAP", "NAMESPACE", "check_template", "filled_template", "script_key"]

CONFIG_MAP: Final = "schedulerx-configmap"
"""What a template calls the ConfigMap of its script. Every run has one of its own, by the run's name."""

_JOB_ID: Final = "{JOB_ID}"
NAMESPACE: Final = "{NAMESPACE}"
_WORDS: Final[Mapping[str, str]] = {"nodejs": "node"}


def script_key(resource: Resource, job_id: str = _JOB_ID) -> str:
    """The key under which the ConfigMap holds the script: `schedulerx-node-{JOB_ID}`."""
    return f"schedulerx-{_WORDS.get(resource, resource)}-{job_id}"


def check_template(text: str, resource: Resource) -> Manifest:
    """The template, in which the script reaches a container. Raises WrongValue."""
    manifest = read_manifest(text)
    found = list(_references(manifest.pod))
    key = script_key(resource)
    if not found:
        raise WrongValue(
            f"mounts no ConfigMap {CONFIG_MAP}, so the script reaches no container; write a volume with its key {key}"
        )
    wrong = sorted({name for keys in found for name in keys} - {key})
    if wrong:
        raise WrongValue(f"asks {CONFIG_MAP} for the key {short(wrong[0])}, and it holds {key} alone; write that")
    return manifest


def filled_template(manifest: Manifest, job_id: int, namespace: str, config_map: str) -> Manifest:
    """The template of one run: `{JOB_ID}` and `{NAMESPACE}` in every text, and its ConfigMap by the run's name."""

    def fill(key: str, value: Json) -> Json:
        del key
        if not isinstance(value, str):
            return value
        return value.replace(_JOB_ID, str(job_id)).replace(NAMESPACE, namespace)

    made = Manifest(cast("K8sObject", walked(manifest.body, fill)), manifest.kind)
    for reference in _places(made.pod):
        reference["name"] = config_map
    return made


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
