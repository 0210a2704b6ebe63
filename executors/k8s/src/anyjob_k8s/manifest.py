"""A manifest as a job holds it: one Job or Pod, read from YAML or JSON and checked as far as a server can."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal, cast

from anyjob.job import BadJobFile, read_yaml
from anyjob.jsontext import BadJson, copy_json, parse_json
from anyjob.outcome import Json
from anyjob.problem import WrongValue, short
from anyjob_k8s.objects import K8sObject, name_of, namespace_of, part, parts

__all__ = ["Kind", "Manifest", "containers", "read_manifest", "walked"]

Kind = Literal["Job", "Pod"]

_KINDS: Final[Mapping[tuple[str, str], Kind]] = {("batch/v1", "Job"): "Job", ("v1", "Pod"): "Pod"}
_WANTED: Final = "write a Job of batch/v1 or a Pod of v1"
_MOST_YAML: Final = 256 << 10
_MOST: Final = 1 << 20
_QUANTITY: Final = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([numkMGTPE]|[KMGTPE]i|[eE][+-]?\d+)?\Z", re.ASCII)
_OCTAL: Final = re.compile(r"0o?[0-7]{1,4}\Z")
_MODES: Final = ("defaultMode", "mode")
_LISTS: Final = ("containers", "initContainers", "ephemeralContainers", "volumes")
_CONTAINERS: Final = ("initContainers", "containers", "ephemeralContainers")


@dataclass(frozen=True, slots=True)
class Manifest:
    """A Job or Pod that somebody wrote. `body` is theirs: whoever changes it, copies it."""

    body: K8sObject
    kind: Kind

    @property
    def name(self) -> str:
        """What its author calls it; empty for nothing."""
        return name_of(self.body) or cast("str", part(self.body, "metadata").get("generateName") or "")

    @property
    def namespace(self) -> str:
        """Empty where it names none."""
        return namespace_of(self.body)

    @property
    def pod(self) -> K8sObject:
        """The pod, or the Job's template of it."""
        return part(self.body, "spec", "template") if self.kind == "Job" else self.body

    @property
    def container_names(self) -> list[str]:
        """Of the pod's containers, without those that come before them, in their order."""
        return [name for item in parts(self.pod, "spec", "containers") if isinstance(name := item.get("name"), str)]


def read_manifest(text: str) -> Manifest:
    """The one object of the text. Raises WrongValue, which says where in it something is wrong."""
    body = _document(text)
    if not isinstance(body, Mapping):
        raise WrongValue(f"is no manifest: it holds no object; {_WANTED}")
    kind = _kind(body)
    _check_shape(body, kind)
    return Manifest(cast("K8sObject", walked(body, _read_mode)), kind)


def walked(value: Json | K8sObject, change: Callable[[str, Json], Json], key: str = "") -> Any:
    """A copy of a value in which `change` has seen everything that is neither object nor list, with the key it is
    under; the items of a list are under the list's."""
    if isinstance(value, Mapping):
        entries = cast("Mapping[str, Json]", value)
        return {name: walked(inner, change, name) for name, inner in entries.items()}
    if isinstance(value, list):
        return [walked(inner, change, key) for inner in value]
    return change(key, value)


def _document(text: str) -> Json:
    if text.lstrip().startswith("{"):
        try:
            return parse_json(_fits(text, _MOST))
        except BadJson as wrong:
            not_json = wrong
        try:
            return _only(text)
        except WrongValue:
            raise not_json from None
    return _only(text)


def _only(text: str) -> Json:
    try:
        documents = read_yaml(_fits(text, _MOST_YAML), "Content", _MOST)
    except BadJobFile as wrong:
        place = f"line {wrong.line}, column {wrong.column}: " if wrong.line else ""
        raise WrongValue(f"is no YAML: {place}{wrong.says}", excerpt=wrong.excerpt) from None
    if len(documents) != 1:
        raise WrongValue(f"holds {len(documents) or 'no'} documents; write exactly one object")
    return copy_json(documents[0])  # an escape of YAML can write what JSON cannot carry


def _fits(text: str, most: int) -> str:
    if (size := len(text.encode())) > most:
        raise WrongValue(f"is a manifest of {size} bytes; write at most {most}, and put what is large into the image")
    return text


def _kind(body: Mapping[str, Json]) -> Kind:
    version, kind = body.get("apiVersion"), body.get("kind")
    if not isinstance(kind, str) or not isinstance(version, str):
        raise WrongValue(
            f"is no manifest: it names no {'kind' if isinstance(version, str) else 'apiVersion'}; {_WANTED}"
        )
    known = _KINDS.get((version, kind))
    if known is not None:
        return known
    if kind == "CronJob":
        raise WrongValue(f"is a CronJob; {_WANTED}, and the schedule into TimeType and TimeExpression")
    if kind in _KINDS.values():
        right = next(group for group, name in _KINDS if name == kind)
        raise WrongValue(f"is a {kind} of {short(version)}; write apiVersion: {right}")
    raise WrongValue(f"is a {short(kind)} of {short(version)}, which is nothing that runs and ends; {_WANTED}")


def _check_shape(body: Mapping[str, Json], kind: Kind) -> None:
    """What everything later relies on, and what Kubernetes would refuse in words that nobody understands."""
    _texts(_object(body, "metadata", "metadata"), "metadata")
    spec, at = _object(body, "spec", "spec", needed=True), "spec"
    if kind == "Job":
        template, at = _object(spec, "template", "spec.template", needed=True), "spec.template"
        _texts(_object(template, "metadata", f"{at}.metadata"), f"{at}.metadata")
        at = f"{at}.spec"
        spec = _object(template, "spec", at, needed=True)
    for name in _LISTS:
        _objects(spec, name, f"{at}.{name}")
    if not spec.get("containers"):
        raise WrongValue(f"has no {at}.containers; write at least one")
    policy = spec.get("restartPolicy")
    if policy not in (None, "Never", "OnFailure"):
        raise WrongValue(
            f"says {at}.restartPolicy {short(str(policy))}, with which a run never ends; write Never or OnFailure"
        )
    names: set[object] = set()
    for name in _CONTAINERS:
        for number, container in enumerate(_objects(spec, name, f"{at}.{name}")):
            _check_container(container, f"{at}.{name}[{number}]", names)


def _check_container(container: Mapping[str, Json], at: str, names: set[object]) -> None:
    name = container.get("name")
    if not isinstance(name, str) or not name:
        raise WrongValue(f"has no {at}.name; write one")
    if name in names:
        raise WrongValue(f"has two containers of the name {short(name)}, the second at {at}.name; rename one")
    names.add(name)
    for word in ("command", "args"):
        words = container.get(word)
        if words is not None and not isinstance(words, list):
            raise WrongValue(f'has at {at}.{word} no list; write ["{word}", "..."]')
        for number, item in enumerate(cast("list[Json]", words or [])):
            _text(item, f"{at}.{word}[{number}]")
    for number, entry in enumerate(_objects(container, "env", f"{at}.env")):
        _text(entry.get("name"), f"{at}.env[{number}].name")
        if entry.get("value") is not None:
            _text(entry["value"], f"{at}.env[{number}].value")
    _objects(container, "volumeMounts", f"{at}.volumeMounts")
    resources = _object(container, "resources", f"{at}.resources")
    for name in ("requests", "limits"):
        for resource, amount in _object(resources, name, f"{at}.resources.{name}").items():
            _quantity(amount, f"{at}.resources.{name}.{resource}")


def _quantity(value: Json, at: str) -> None:
    """The API server tells neither field nor value of what it cannot read as an amount."""
    if value is None or (isinstance(value, int | float) and not isinstance(value, bool)):
        return
    if isinstance(value, str) and (_QUANTITY.match(value.strip()) or "{" in value):  # a placeholder, filled later
        return
    raise WrongValue(f"has at {at} {short(str(value))}, which is no quantity of Kubernetes; write 500m, 1.5 or 128Mi")


def _texts(metadata: Mapping[str, Json], at: str) -> None:
    for name in ("name", "generateName", "namespace"):
        if metadata.get(name) is not None:
            _text(metadata[name], f"{at}.{name}")
    for name in ("labels", "annotations"):
        for key, value in _object(metadata, name, f"{at}.{name}").items():
            _text(value, f"{at}.{name}.{key}")


def _text(value: Json, at: str) -> None:
    if not isinstance(value, str):
        what = "nothing" if value is None else short(str(value))
        raise WrongValue(f"has at {at} {what}, which is no text; write one, in quotes")
    if "\0" in value:
        raise WrongValue(f"has a NUL byte at {at}; take it out")


def _object(where: Mapping[str, Json], name: str, at: str, *, needed: bool = False) -> Mapping[str, Json]:
    found = where.get(name)
    if found is None and not needed:
        return {}
    if not isinstance(found, Mapping):
        raise WrongValue(f"has no object at {at}; write one")
    return cast("Mapping[str, Json]", found)


def _objects(where: Mapping[str, Json], name: str, at: str) -> Sequence[Mapping[str, Json]]:
    found = where.get(name)
    if found is None:
        return ()
    if not isinstance(found, list) or not all(isinstance(item, Mapping) for item in found):
        raise WrongValue(f"has at {at} no list of objects; write one")
    return cast("Sequence[Mapping[str, Json]]", found)


def _read_mode(key: str, value: Json) -> Json:
    """File modes are octal in everybody's manifests, and YAML 1.2 has no such numbers."""
    return int(value.replace("o", ""), 8) if key in _MODES and isinstance(value, str) and _OCTAL.match(value) else value


def containers(spec: K8sObject) -> Iterator[tuple[str, K8sObject]]:
    """Every container of a pod's spec, with its place there: `containers[0]`."""
    for kind in _CONTAINERS:
        for number, item in enumerate(parts(spec, kind)):
            yield f"{kind}[{number}]", item
