"""How one pod ended: by its containers, or by what others did to it.

Sources: Kubernetes, pod lifecycle, pod phase; Kubernetes, disruptions, DisruptionTarget; Kubernetes source, the reasons
that pkg/kubelet and pkg/controller give a pod.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Final

from anyjob.outcome import Cause, Evidence
from anyjob_k8s.containerend import container_end, deciding, number, others, terminated
from anyjob_k8s.fact import fact, joined
from anyjob_k8s.objects import (
    K8sObject,
    condition_of,
    conditions_of,
    container_statuses,
    deleted_at,
    epoch,
    meta,
    name_of,
    part,
    parts,
    phase_of,
    text,
    uid_of,
)
from anyjob_k8s.sight import Sight, Verdict

__all__ = ["early_end", "forgotten", "is_given_up", "is_over", "node_is_lost", "pod_end", "survivors"]

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
_TAINT: Final = "DeletionByTaintManager"


def is_over(pod: K8sObject) -> bool:
    """Whether the pod has ended, by the API's word."""
    return phase_of(pod) in ("Succeeded", "Failed")


def is_given_up(pod: K8sObject) -> bool:
    """Whether nobody will hear of the pod's end: its node is lost, or it was deleted by force."""
    return not is_over(pod) and (_by_force(pod) or node_is_lost(pod) is not None)


def survivors(pods: Iterable[K8sObject]) -> list[str]:
    """The pods of which something may still be going, one line each: not ended, or said to have ended by others than
    their kubelet."""
    return [_line(pod) for pod in pods if text(pod, "spec", "nodeName") and (not is_over(pod) or _runs(pod))]


def forgotten(pods: Iterable[K8sObject]) -> list[str]:
    """The pods that were taken out of the API while something of them ran, by the last that was seen of them: deleted
    by force, or collected with their node. That they are gone says nothing."""
    return [_line(pod) for pod in pods if _runs(pod) and _by_force(pod)]


def node_is_lost(pod: K8sObject) -> Evidence | None:
    """Why nobody hears of a pod any more that is to go; None: its kubelet will tell of its end.

    A pod leaves its node for any taint. Where the kubelet is silent, the cluster itself has set Ready to false over
    containers that were last seen ready.
    """
    target = condition_of(pod, "DisruptionTarget")
    if target is None or is_over(pod) or deleted_at(pod) is None or text(target, "reason") != _TAINT:
        return None
    ready = next((one for one in conditions_of(pod) if one.get("type") == "Ready"), None)
    seen_ready = any(one.get("ready") is True for one in parts(pod, "status", "containerStatuses"))
    if ready is None or ready.get("status") != "False" or not seen_ready:
        return None
    silent = f"nothing is heard of node {text(pod, 'spec', 'nodeName')}"
    return fact(f"pod {name_of(pod)}", joined("DisruptionTarget", _TAINT, text(target, "message"), silent))


def early_end(pod: K8sObject, sight: Sight) -> Verdict | None:
    """The end of the pod of a run that tries nothing again; None: it has none yet.

    A pod on a lost node will not come back to the run. Where a container is named, others may go on after it.
    """
    if is_over(pod):
        return pod_end(pod, sight)
    lost = node_is_lost(pod)
    if lost is not None:
        return Verdict(cause=Cause.NODE_LOST, evidence=[lost])
    if sight.container is None or text(pod, "spec", "restartPolicy") != "Never" or deleted_at(pod) is not None:
        return None
    for status in parts(pod, "status", "containerStatuses"):
        if text(status, "name") == sight.container and terminated(status):
            return container_end(status)
    return None


def pod_end(pod: K8sObject, sight: Sight) -> Verdict:
    """How a pod ended that is over, or that nobody will hear of again."""
    status = deciding(pod, sight.container)
    inner = None if status is None else container_end(status)
    end = _by_others(pod, inner, sight) or _by_itself(pod, inner)
    return replace(end, evidence=[*end.evidence, *others(pod, status)])


def _by_others(pod: K8sObject, inner: Verdict | None, sight: Sight) -> Verdict | None:
    """The end that others gave the pod, where its container had not ended before."""
    ended = None if inner is None else inner.ended
    reason, target = text(pod, "status", "reason"), condition_of(pod, "DisruptionTarget")
    if phase_of(pod) == "Failed" and reason in _BY_REASON:
        cause, said = _BY_REASON[reason], joined(reason, text(pod, "status", "message"))
    elif target is not None and _not_before(ended, epoch(target.get("lastTransitionTime"))):
        gone = _NODE_GONE in text(target, "message") or (text(target, "reason") == _TAINT and _was_silent(pod, sight))
        cause = Cause.NODE_LOST if gone else Cause.EVICTED
        said = joined("DisruptionTarget", text(target, "reason"), text(target, "message"))
    else:
        deleted = _deleted_first(pod, ended)
        if deleted is False:
            return None
        cause = Cause.UNKNOWN if deleted is None else Cause.STOPPED
        said = sight.deleted + (", before or after its end" if deleted is None else "")
    evidence = [fact(f"pod {name_of(pod)}", said)]
    if inner is None:
        return Verdict(cause=cause, evidence=evidence)
    return replace(inner, cause=cause, signal=None, evidence=[*evidence, *inner.evidence])


def _by_itself(pod: K8sObject, inner: Verdict | None) -> Verdict:
    phase, reason = phase_of(pod), text(pod, "status", "reason")
    said = fact(f"pod {name_of(pod)}", joined(phase or "no phase", reason, text(pod, "status", "message")))
    if inner is None:
        # Refused by the kubelet before anything of it ran: OutOfcpu, NodeAffinity, UnexpectedAdmissionError, ...
        refused = phase == "Failed" and reason and not parts(pod, "status", "containerStatuses")
        ended = Cause.SUCCEEDED if phase == "Succeeded" else Cause.UNKNOWN
        return Verdict(cause=Cause.START_FAILED if refused else ended, evidence=[said])
    if inner.cause is Cause.SUCCEEDED and phase != "Succeeded":
        return replace(inner, cause=Cause.UNKNOWN, evidence=[said, *inner.evidence])
    return replace(inner, evidence=[*inner.evidence, said]) if reason else inner


def _deleted_first(pod: K8sObject, ended: float | None) -> bool | None:
    """Whether the pod was deleted before its container ended; None: nobody can know.

    The deletion's own time is that of the end to come. Once the kubelet lets the object go it is the time of that, and
    whether the kubelet knew of the deletion when it told the end is in the generation that it had seen (from 1.34).
    """
    when = deleted_at(pod)
    if when is None:
        return False
    if ended is None:
        return True
    grace = number(meta(pod), "deletionGracePeriodSeconds")
    if grace:
        return ended >= when - grace
    seen, generation = number(part(pod, "status"), "observedGeneration"), number(meta(pod), "generation")
    return None if seen is None or generation is None else seen >= generation


def _was_silent(pod: K8sObject, sight: Sight) -> bool:
    """Whether the cluster had lost sight of the pod's node: it says so in an event."""
    return any(
        text(event, "reason") == "NodeNotReady" and text(event, "involvedObject", "uid") == uid_of(pod)
        for event in sight.events
    )


def _runs(pod: K8sObject) -> bool:
    return any(part(status, "state", "running") for status in container_statuses(pod))


def _by_force(pod: K8sObject) -> bool:
    """Without a grace, and so without waiting for the kubelet's word."""
    return deleted_at(pod) is not None and number(meta(pod), "deletionGracePeriodSeconds") == 0


def _line(pod: K8sObject) -> str:
    return f"pod {name_of(pod)} on node {text(pod, 'spec', 'nodeName')}"


def _not_before(ended: float | None, when: float | None) -> bool:
    """Times are whole seconds: in the second of the other, the other may have come first."""
    return ended is None or when is None or ended >= when
