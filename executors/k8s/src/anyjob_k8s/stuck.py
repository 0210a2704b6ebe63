"""Why a run does not begin, and when that is its end.

Sources: Kubernetes, pod lifecycle, PodScheduled; Kubernetes source, the events of kube-scheduler and pkg/kubelet.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

from anyjob.outcome import Cause, Evidence
from anyjob_k8s.fact import fact, joined
from anyjob_k8s.objects import (
    K8sObject,
    condition_of,
    conditions_of,
    container_statuses,
    epoch,
    meta,
    name_of,
    part,
    phase_of,
    text,
    uid_of,
)
from anyjob_k8s.refusal import Patience, Refusal, read_refusal
from anyjob_k8s.sight import Sight, Verdict
from anyjob_k8s.waiting import read_event, read_mount, read_waiting

__all__ = ["not_begun", "without_pods"]

_SHORT: Final = 20.0
"""Seconds in which what a pod refers to, and anyjob makes after it, is there."""
_AGAIN: Final = 150.0
"""Seconds after which a kubelet has tried again what failed, and said so: a mount waits for at most 122."""


def not_begun(pod: K8sObject, sight: Sight) -> Verdict | None:
    """Why a pod that runs nothing yet never will; None: it may still."""
    if phase_of(pod) not in ("Pending", ""):
        return None
    age = _age(sight, meta(pod).get("creationTimestamp"))
    for refusal, evidence in (*_containers(pod, sight), *_mounts(pod, sight)):
        if _counts(refusal.patience, age, sight):
            return Verdict(cause=refusal.cause, evidence=evidence)
    if age < sight.pending_limit:
        return None
    events = _warnings(sight, pod)[-3:]
    causes = (
        read_event(text(event, "reason"), text(event, "message")) for event in events if _holds(event, pod, sight)
    )
    cause = next((cause for cause in reversed([*causes]) if cause is not None), Cause.START_FAILED)
    unmet = [*_unmet(pod)]
    told = dict.fromkeys(_words(event) for event in events if not _is_told(event, unmet))
    evidence = [*unmet, *(fact("event", words) for words in told)]
    return Verdict(cause=cause, evidence=[_waited(f"pod {name_of(pod)}", sight), *evidence])


def without_pods(job: K8sObject, sight: Sight) -> Verdict | None:
    """Why a Job has no pod that could run; None: one may still come."""
    events = [event for event in _warnings(sight, job) if text(event, "reason") == "FailedCreate"]
    if sight.pods:  # between two tries: what was refused before them is history
        last = max((epoch(meta(pod).get("creationTimestamp")) or 0 for pod in sight.pods), default=0)
        events = [event for event in events if _last(event) > last]
    began = part(job, "status").get("startTime") or meta(job).get("creationTimestamp")
    if events:
        event = events[-1]
        refusal = read_refusal(text(event, "message"))
        age = sight.now - min(map(_first, events)) if sight.pods else _age(sight, began)
        if _counts(refusal.patience, age, sight):
            return Verdict(cause=refusal.cause, evidence=[fact("event", _words(event))])
        return None
    if sight.pods or _age(sight, began) < sight.pending_limit:
        return None
    return Verdict(cause=Cause.START_FAILED, evidence=[_waited(f"job {name_of(job)}", sight)])


def _containers(pod: K8sObject, sight: Sight) -> Iterable[tuple[Refusal, Sequence[Evidence]]]:
    for status in container_statuses(pod):
        waiting = part(status, "state", "waiting")
        reason, message = text(waiting, "reason"), text(waiting, "message")
        refusal = None if part(status, "lastState", "terminated") else read_waiting(reason, message, ours=sight.ours)
        if refusal is not None:
            yield refusal, [fact(f"container {text(status, 'name')}", joined(reason, message))]


def _mounts(pod: K8sObject, sight: Sight) -> Iterable[tuple[Refusal, Sequence[Evidence]]]:
    """A mount that failed is tried again, and only its trouble leaves an event: what counts is that it still fails when
    what it needs should be there."""
    born = epoch(meta(pod).get("creationTimestamp")) or 0.0
    for event in _warnings(sight, pod):
        if text(event, "reason") != "FailedMount" or not _holds(event, pod, sight):
            continue
        refusal = read_mount(text(event, "message"), ours=sight.ours)
        if refusal.patience is Patience.SHORT and _last(event) - born >= _SHORT:
            yield refusal, [fact("event", _words(event))]


def _holds(event: K8sObject, pod: K8sObject, sight: Sight) -> bool:
    """Whether what the event tells may still be so: it would have been said again meanwhile, and volumes that are there
    cannot be missing."""
    mounted = condition_of(pod, "PodReadyToStartContainers") is not None
    return sight.now - _last(event) < _AGAIN and not (mounted and text(event, "reason") == "FailedMount")


def _counts(patience: Patience, age: float, sight: Sight) -> bool:
    match patience:
        case Patience.NONE:
            return True
        case Patience.SHORT:
            return age >= min(_SHORT, sight.pending_limit)
        case Patience.LIMIT:
            return age >= sight.pending_limit


def _unmet(pod: K8sObject) -> Iterable[Evidence]:
    for condition in conditions_of(pod):
        if condition.get("type") == "PodScheduled" and condition.get("status") == "False":
            yield fact(f"pod {name_of(pod)}", joined(text(condition, "reason"), text(condition, "message")))
    for status in container_statuses(pod):
        if reason := text(status, "state", "waiting", "reason"):
            said = joined(reason, text(status, "state", "waiting", "message"))
            yield fact(f"container {text(status, 'name')}", said)


def _is_told(event: K8sObject, unmet: Iterable[Evidence]) -> bool:
    """Whether the pod's own status has the words of the event: the scheduler writes them into both."""
    said = text(event, "message")
    return bool(said) and any(item.text.endswith(fact("", said).text) for item in unmet)


def _waited(source: str, sight: Sight) -> Evidence:
    return fact(source, f"nothing of it ran within the pending limit of {sight.pending_limit:g} s")


def _warnings(sight: Sight, about: K8sObject) -> list[K8sObject]:
    """Oldest first. Events are told apart by the uid of what they are about: names come back."""
    found = [
        event
        for event in sight.events
        if text(event, "type") == "Warning" and text(event, "involvedObject", "uid") == uid_of(about)
    ]
    return sorted(found, key=_last)


def _first(event: K8sObject) -> float:
    return epoch(event.get("firstTimestamp")) or epoch(event.get("eventTime")) or _last(event)


def _last(event: K8sObject) -> float:
    for when in (event.get("lastTimestamp"), part(event, "series").get("lastObservedTime"), event.get("eventTime")):
        if (known := epoch(when)) is not None:
            return known
    return epoch(meta(event).get("creationTimestamp")) or 0.0


def _words(event: K8sObject) -> str:
    return joined(text(event, "reason"), text(event, "message"))


def _age(sight: Sight, since: object) -> float:
    began = epoch(since)
    return 0.0 if began is None else sight.now - began
