"""How one pod ended: by its containers, or by what others did to it."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from anyjob.outcome import Cause, Evidence
from anyjob_k8s.containerend import container_end, deciding, number, others, terminated
from anyjob_k8s.fact import fact, joined
from anyjob_k8s.objects import (
    K8sObject,
    condition_of,
    conditions_of,
    deleted_at,
    epoch,
    meta,
    name_of,
    parts,
    phase_of,
    text,
)
from anyjob_k8s.sight import Verdict

__all__ = ["asked_to_go", "is_over", "node_is_lost", "pod_end", "survivors"]

_BY_REASON: Final = {
    "Evicted": Cause.EVICTED,
    "Preempting": Cause.EVICTED,
    "Terminated": Cause.EVICTED,  # an orderly shutdown of the node
    "NodeShutdown": Cause.START_FAILED,
    "DeadlineExceeded": Cause.TIMED_OUT,
    "NodeLost": Cause.NODE_LOST,
}
"""What the kubelet, or the cluster for it, gives as the reason of a whole pod."""

_NODE_GONE: Final = "node no longer exists"


def is_over(pod: K8sObject) -> bool:
    """Whether no container of the pod will run any more, by the kubelet's word."""
    return phase_of(pod) in ("Succeeded", "Failed")


def survivors(pods: list[K8sObject] | tuple[K8sObject, ...]) -> list[str]:
    """The pods that may still be going, one line each."""
    return [f"pod {name_of(pod)} on node {text(pod, 'spec', 'nodeName')}" for pod in pods if _may_run(pod)]


def asked_to_go(pod: K8sObject) -> float | None:
    """Epoch seconds at which somebody deleted the pod; None: nobody did. Its own time is that of the end to come."""
    when = deleted_at(pod)
    return None if when is None else when - (number(meta(pod), "deletionGracePeriodSeconds") or 0)


def node_is_lost(pod: K8sObject) -> Evidence | None:
    """Why nobody hears of the pod any more; None: its node is there, or nobody knows.

    A pod that is taken from its node for any other taint ends soon, by the kubelet's word. Where the kubelet is silent,
    the cluster itself has set Ready to false over containers that were last seen ready.
    """
    target = condition_of(pod, "DisruptionTarget")
    if target is None or is_over(pod):
        return None
    said = joined("DisruptionTarget", text(target, "reason"), text(target, "message"))
    node = text(pod, "spec", "nodeName")
    if text(target, "reason") == "DeletionByPodGC" and _NODE_GONE in text(target, "message"):
        return fact(f"pod {name_of(pod)}", f"{said}; node {node}")
    silent = text(target, "reason") == "DeletionByTaintManager" and _unheard(pod)
    return fact(f"pod {name_of(pod)}", f"{said}; nothing is heard of node {node}") if silent else None


def pod_end(pod: K8sObject, container: str | None = None, *, early: bool = False) -> Verdict | None:
    """How the pod ended; None: it has not.

    `early`: the container that `container` names is waited for, and the others may go on.
    """
    if not is_over(pod):
        lost = node_is_lost(pod)
        if lost is not None:
            return Verdict(cause=Cause.NODE_LOST, evidence=[lost])
        return _early_end(pod, container) if early and container is not None else None
    status = deciding(pod, container)
    inner = None if status is None else container_end(status)
    end = _outer_end(pod, inner) or _inner_end(pod, inner)
    return replace(end, evidence=[*end.evidence, *others(pod, status)])


def _early_end(pod: K8sObject, container: str) -> Verdict | None:
    if text(pod, "spec", "restartPolicy") != "Never" or deleted_at(pod) is not None:
        return None
    for status in parts(pod, "status", "containerStatuses"):
        if text(status, "name") == container and terminated(status):
            return container_end(status)
    return None


def _outer_end(pod: K8sObject, inner: Verdict | None) -> Verdict | None:
    """The end that others gave the pod, where the container had not ended before they did."""
    source = f"pod {name_of(pod)}"
    code, ended = (None, None) if inner is None else (inner.code, inner.ended)
    told = [] if inner is None else inner.evidence
    reason = text(pod, "status", "reason")
    if reason in _BY_REASON and phase_of(pod) == "Failed":
        said = fact(source, joined(reason, text(pod, "status", "message")))
        return Verdict(cause=_BY_REASON[reason], code=code, ended=ended, evidence=[said, *told])
    target = condition_of(pod, "DisruptionTarget")
    if target is not None and _not_before(ended, epoch(target.get("lastTransitionTime"))):
        said = joined("DisruptionTarget", text(target, "reason"), text(target, "message"))
        lost = _NODE_GONE in text(target, "message")
        cause = Cause.NODE_LOST if lost else Cause.EVICTED
        return Verdict(cause=cause, code=code, ended=ended, evidence=[fact(source, said), *told])
    asked = asked_to_go(pod)
    if asked is not None and _not_before(ended, asked):
        said = f"deleted at {text(pod, 'metadata', 'deletionTimestamp')}, its grace included"
        return Verdict(cause=Cause.STOPPED, code=code, ended=ended, evidence=[fact(source, said), *told])
    return None


def _inner_end(pod: K8sObject, inner: Verdict | None) -> Verdict:
    source = f"pod {name_of(pod)}"
    phase, reason = phase_of(pod), text(pod, "status", "reason")
    said = fact(source, joined(phase, reason, text(pod, "status", "message")))
    if inner is None:
        # Refused by the kubelet before anything of it ran: OutOfcpu, NodeAffinity, UnexpectedAdmissionError, ...
        refused = phase == "Failed" and reason and not parts(pod, "status", "containerStatuses")
        succeeded = Cause.SUCCEEDED if phase == "Succeeded" else Cause.UNKNOWN
        return Verdict(cause=Cause.START_FAILED if refused else succeeded, evidence=[said])
    if inner.cause is Cause.SUCCEEDED and phase == "Failed":
        return replace(inner, cause=Cause.UNKNOWN, evidence=[said, *inner.evidence])
    return replace(inner, evidence=[*inner.evidence, said]) if reason else inner


def _may_run(pod: K8sObject) -> bool:
    return bool(text(pod, "spec", "nodeName")) and not is_over(pod)


def _unheard(pod: K8sObject) -> bool:
    ready = next((one for one in conditions_of(pod) if one.get("type") == "Ready"), {})
    seen_ready = any(one.get("ready") is True for one in parts(pod, "status", "containerStatuses"))
    return ready.get("status") == "False" and seen_ready


def _not_before(ended: float | None, when: float | None) -> bool:
    """Times are whole seconds: in the second of the other, the other may have come first."""
    return ended is None or when is None or ended >= when
