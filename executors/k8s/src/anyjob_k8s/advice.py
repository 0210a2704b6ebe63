"""What to do about words of Kubernetes that name a thing and not where a job writes it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Final

from anyjob.outcome import Cause, Evidence
from anyjob.problem import short
from anyjob_k8s.fact import fact
from anyjob_k8s.objects import name_of, part, parts, text
from anyjob_k8s.sight import Sight, Verdict

__all__ = ["advice_on_refusal", "advised"]

_EXEC: Final = re.compile(r'exec: "([^"]+)"')
_ACCOUNT: Final = re.compile(r'service ?account "([^"]+)" not found')
_PRIORITY: Final = re.compile(r"no PriorityClass with name (\S+) was found")
_RUNTIME: Final = re.compile(r'RuntimeClass "([^"]+)" not found')
_NAMESPACE: Final = re.compile(r'namespaces "([^"]+)" not found')
_OBJECT: Final = re.compile(r'\b(secret|configmap) "([^"]+)" not found')
_KEY: Final = re.compile(r"couldn't find key (\S+) in (Secret|ConfigMap) (\S+)")
_PULLED: Final = re.compile(r'(?:pulling|pull|unpack) image "([^"]+)"')
_DENIED: Final = re.compile(
    r"unauthorized|authorization failed|authentication required|denied|40[13] |insufficient_scope", re.IGNORECASE
)
_CAUSES: Final = frozenset({Cause.BAD_CONFIG, Cause.DEPENDENCY_MISSING, Cause.START_FAILED, Cause.REJECTED})


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a job writes a thing: the key for pods of ours, and the field of a manifest."""

    ours: str
    manifest: str

    def of(self, *, ours: bool | None) -> str:
        """`ours` None: it is not known whose pod it is."""
        if ours is None:
            return f"{self.ours}, or {self.manifest} of a manifest"
        return self.ours if ours else f"{self.manifest} of the manifest"


_SECRETS: Final = _Place("XAttrs.secretEnv or XAttrs.envFrom", "env, envFrom or volumes")
_MAPS: Final = _Place("XAttrs.configMapEnv or XAttrs.envFrom", "env, envFrom or volumes")
_ROOT: Final = _Place("XAttrs.runAsUser (commands: XAttrs.user)", "securityContext.runAsUser")


def advised(verdict: Verdict | None, sight: Sight) -> Verdict | None:
    """The verdict with its advice before the words that it is about: those of the kubelet and of admission."""
    if verdict is None or verdict.cause not in _CAUSES:
        return verdict
    for item in verdict.evidence:
        found = next(_advice(item, verdict.cause, sight), None)
        if found is not None:
            return replace(verdict, evidence=[found, *verdict.evidence])
    return verdict


def advice_on_refusal(said: str, *, ours: bool | None = None) -> Evidence | None:
    """Of an admission that misses an object of the cluster; `said`: its words. None: they are not about one."""
    for pattern, place, what in (
        (_ACCOUNT, _Place("XAttrs.serviceAccount", "serviceAccountName"), "ServiceAccount"),
        (_PRIORITY, _Place("XAttrs.priorityClass", "priorityClassName"), "PriorityClass"),
        (_RUNTIME, _Place("runtimeClassName", "runtimeClassName"), "RuntimeClass"),
    ):
        if match := pattern.search(said):
            return _absent(place.of(ours=ours), what, match[1])
    if match := _NAMESPACE.search(said):
        where = "XAttrs.namespace (else the manifest's, the settings' or the context's)"
        return _absent(where, "namespace", match[1], there="")
    return None


def _absent(where: str, what: str, name: str, there: str = " in the run's namespace") -> Evidence:
    there = "" if what.endswith("Class") else there
    return fact(where, f"names the {what} {short(name)}, which is not there; create it{there}, or name another")


def _advice(item: Evidence, cause: Cause, sight: Sight) -> Iterator[Evidence]:
    kind, _, name = item.source.partition(" ")
    if kind == "event" and (found := advice_on_refusal(item.text, ours=sight.ours)) is not None:
        yield found
    if kind not in ("container", "event"):
        return
    yield from _on_objects(item.text, ours=sight.ours)
    image = _image_of(sight, name) if kind == "container" else ""
    yield from _on_image(item.text, image, name, passing=cause is Cause.START_FAILED, ours=sight.ours)
    if kind == "container" and cause is not Cause.START_FAILED and (match := _EXEC.search(item.text)):
        where = _where(name, "XAttrs.image", ours=sight.ours)
        does = "is not in" if "not found" in item.text or "no such file" in item.text else "cannot be executed in"
        other = (
            "another by XAttrs.command, or another image by XAttrs.image" if sight.ours else "another command or image"
        )
        remedy = "install it there" if does == "is not in" else "make it a program there"
        yield fact(where, f"'{short(match[1])}' {does} image {image or 'of the container'}; {remedy}, or name {other}")


def _on_objects(said: str, *, ours: bool) -> Iterator[Evidence]:
    if match := _KEY.search(said):
        where = _SECRETS if match[2] == "Secret" else _MAPS
        remedy = f"names the key {short(match[1])} of {match[2]} {short(match[3])}, which has none of that name"
        yield fact(where.of(ours=ours), f"{remedy}; add it there, or name another")
    if match := _OBJECT.search(said):
        secret = match[1] == "secret"
        what = "Secret" if secret else "ConfigMap"
        yield _absent((_SECRETS if secret else _MAPS).of(ours=ours), what, match[2])
    if "runAsNonRoot" in said:
        yield fact(
            _ROOT.of(ours=ours), "is not set, and the image would run as root, which it must not; write a number"
        )


def _on_image(said: str, image: str, name: str, *, passing: bool, ours: bool) -> Iterator[Evidence]:
    where = _where(name, "XAttrs.image", ours=ours)
    pulled = _PULLED.search(said)
    named = image or (pulled[1] if pulled else "")
    if said.startswith("InvalidImageName"):
        remedy = "is no name of an image; write one such as busybox or registry.example.com/team/app:1.2, in lower case"
        yield fact(where, f"{short(named)} {remedy}")
    elif said.startswith("ErrImageNeverPull"):
        policy = "XAttrs.imagePullPolicy" if ours else "imagePullPolicy"
        remedy = f"is not on the node; load it there, or write another {policy} than Never"
        yield fact(where, f"image {short(named)} {remedy}")
    elif pulled is not None or said.startswith(("ErrImagePull", "ImagePullBackOff")):
        secrets = "XAttrs.imagePullSecrets" if ours else "imagePullSecrets"
        why = said.replace(named, "")  # what users write may hold any word
        if passing:
            remedy = "could not be pulled; see that the nodes reach its registry, or name another image"
        elif _DENIED.search(why):
            remedy = f"is not given to this cluster; correct the name, or name the registry's credentials by {secrets}"
        else:
            remedy = "is not in its registry; push it, or correct its name or tag"
        yield fact(where, f"image {short(named)} {remedy}")


def _where(container: str, ours_at: str, *, ours: bool) -> str:
    return ours_at if ours else f"container {container} of the manifest".replace("  ", " ")


def _image_of(sight: Sight, container: str) -> str:
    """As it is written; empty where nobody has seen the pod."""
    for thing in (*sight.pods, *(() if sight.main is None else (sight.main,))):
        spec = part(thing, "spec", "template", "spec") or part(thing, "spec")
        for item in (*parts(spec, "containers"), *parts(spec, "initContainers")):
            if name_of({"metadata": item}) == container:
                return text(item, "image")
    return ""
