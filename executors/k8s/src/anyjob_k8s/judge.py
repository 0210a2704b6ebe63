"""From what is known of a run in Kubernetes to its end: cause and evidence, or that it is still going.

Nothing here asks the cluster, keeps anything or raises: the same sight has the same verdict on every worker.

Source: Kubernetes, Jobs, terminal job conditions.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from anyjob.outcome import Cause, Evidence
from anyjob_k8s.advice import advised
from anyjob_k8s.containerend import container_end, deciding, number, terminated
from anyjob_k8s.fact import fact, joined
from anyjob_k8s.objects import (
    K8sObject,
    annotations_of,
    condition_of,
    container_statuses,
    deleted_at,
    epoch,
    name_of,
    part,
    phase_of,
    text,
    uid_of,
)
from anyjob_k8s.podend import early_end, forgotten, is_given_up, is_over, pod_end, survivors
from anyjob_k8s.refusal import judge_refusal
from anyjob_k8s.sight import Sight, Verdict
from anyjob_k8s.stuck import not_begun, without_pods

__all__ = ["Sight", "Verdict", "forgotten", "judge", "judge_refusal", "survivors"]

_SUCCESS: Final = ("Complete", "SuccessCriteriaMet")
_FAILURE: Final = ("Failed", "FailureTarget")
_INDEX: Final = "batch.kubernetes.io/job-completion-index"


def judge(sight: Sight) -> Verdict | None:
    """How the run ended; None: it has not, as far as anybody can know.

    A verdict is not the end of the objects: see `survivors`. What never begins, and a pod on a lost node, still has to
    be deleted.
    """
    return advised(_judge_pod(sight) if sight.kind == "Pod" else _judge_job(sight), sight)


def _judge_pod(sight: Sight) -> Verdict | None:
    pod = sight.main or next(iter(sight.pods), None)
    end = None if pod is None else early_end(pod, sight)
    if end is not None or sight.gone:
        return end or _vanished(sight)
    return None if pod is None or deleted_at(pod) is not None else not_begun(pod, sight)


def _judge_job(sight: Sight) -> Verdict | None:
    job = sight.main
    end = None if job is None else _of_one_pod(job, sight) or _of_job(job, sight)
    if end is not None or sight.gone:
        return end or _vanished(sight)
    if job is None or deleted_at(job) is not None or part(job, "spec").get("suspend") is True:
        return None
    return _waiting(job, sight)


def _of_one_pod(job: K8sObject, sight: Sight) -> Verdict | None:
    """The end of a Job that tries nothing again: that of its pod, which the kubelet tells before the Job does.

    Why a pod was deleted only the Job can say: a deadline of its own, or somebody else.
    """
    if not sight.ours or _deadline(job) is not None:
        return None
    settled = sight.gone or any(condition_of(job, kind) is not None for kind in (*_SUCCESS, *_FAILURE))
    for pod in sight.pods:
        deleted = deleted_at(pod) is not None and condition_of(pod, "DisruptionTarget") is None
        end = None if deleted and not settled else early_end(pod, sight)
        if end is not None:
            return end
    return None


def _of_job(job: K8sObject, sight: Sight) -> Verdict | None:
    """The end by the Job's own conditions.

    The second of each pair is said when it is settled, the first once every pod has ended, and that may never come
    where a node is lost.
    """
    going = any(not is_over(pod) and not is_given_up(pod) for pod in sight.pods)
    for kind in _SUCCESS if going is False else _SUCCESS[:1]:
        condition = condition_of(job, kind)
        if condition is not None:
            ended = epoch(part(job, "status").get("completionTime")) or epoch(condition.get("lastTransitionTime"))
            return Verdict(cause=Cause.SUCCEEDED, code=0, evidence=[_said(job, condition)], ended=ended)
    for kind in _FAILURE if going is False else _FAILURE[:1]:
        condition = condition_of(job, kind)
        if condition is not None:
            return _failed(job, condition, sight)
    return None


def _failed(job: K8sObject, condition: K8sObject, sight: Sight) -> Verdict:
    said = _said(job, condition)
    settled = epoch((condition_of(job, "FailureTarget") or condition).get("lastTransitionTime"))
    if _deadline(job) is not None:
        return Verdict(cause=Cause.TIMED_OUT, evidence=[said], ended=settled)
    pod = _blamed(job, condition, sight, settled)
    end = None if pod is None else _restarted(job, pod, sight, settled) or early_end(pod, sight) or pod_end(pod, sight)
    if end is None or end.cause is Cause.SUCCEEDED:
        return Verdict(cause=Cause.REMOTE_FAILED, evidence=[said], ended=settled)
    return replace(end, evidence=[*end.evidence, said])


def _blamed(job: K8sObject, condition: K8sObject, sight: Sight, settled: float | None) -> K8sObject | None:
    """The pod because of which the Job failed: the one that it names, one of the first failed index, else the last one
    that failed. What the Job's controller ended afterwards has nothing to do with it."""
    failed = [pod for pod in sight.pods if phase_of(pod) == "Failed" or is_given_up(pod)]
    named = [pod for pod in failed if f"/{name_of(pod)} " in text(condition, "message")]
    index = text(job, "status", "failedIndexes").replace("-", ",").partition(",")[0]
    indexed = [pod for pod in failed if index and annotations_of(pod).get(_INDEX) == index]
    before = [pod for pod in failed if not _ended_after(pod, settled)]
    return max(named or indexed or before or failed, key=_time_of, default=None)


def _restarted(job: K8sObject, pod: K8sObject, sight: Sight, settled: float | None) -> Verdict | None:
    """The last end of a container that was started again in its pod as often as the Job allows; its controller then
    deletes the pod."""
    limit = number(part(job, "spec"), "backoffLimit")
    count = sum(number(status, "restartCount") or 0 for status in container_statuses(pod))
    if text(pod, "spec", "restartPolicy") != "OnFailure" or limit is None or not count or count < limit:
        return None
    status = deciding(pod, sight.container)
    if status is None:
        return None
    if _ended_after(pod, settled) and (before := part(status, "lastState", "terminated")):
        status = {**status, "state": {"terminated": before}}
    return container_end(status)


def _ended_after(pod: K8sObject, settled: float | None) -> bool:
    if deleted_at(pod) is None or settled is None or condition_of(pod, "DisruptionTarget") is not None:
        return False
    return _time_of(pod) > settled


def _time_of(pod: K8sObject) -> float:
    """Epoch seconds at which the last of its containers ended; 0 where nobody knows."""
    ends = [epoch(terminated(status).get("finishedAt")) for status in container_statuses(pod)]
    return max((end for end in ends if end is not None), default=0.0)


def _waiting(job: K8sObject, sight: Sight) -> Verdict | None:
    """Of a Job with several pods, one that does not start is no end while others run."""
    live = [pod for pod in sight.pods if not is_over(pod) and deleted_at(pod) is None]
    if not live:
        return without_pods(job, sight)
    if any(phase_of(pod) == "Running" for pod in live):
        return None
    return next((end for pod in live if (end := not_begun(pod, sight)) is not None), None)


def _vanished(sight: Sight) -> Verdict | None:
    """The end of a run whose main object somebody deleted; None: pods of it go on, and may be nobody's now.

    Stopped, where it was seen that it was deleted while it was going, or where the run was asked to stop: a worker that
    died over its stop finds nothing more. What came to an end of its own is not the whole of a Job that nobody sees any
    more, and what nobody saw or asked for is unknown.
    """
    main = sight.main
    gone = fact(f"{sight.kind.lower()} {'' if main is None else name_of(main)}".strip(), f"it is gone: {sight.deleted}")
    pods = [main] if sight.kind == "Pod" and main is not None else sight.pods
    if sight.kind == "Job" and any(_is_there(pod, sight) for pod in pods):
        return None
    ended = max((pod for pod in pods if is_over(pod)), key=_time_of, default=None)
    if ended is None:
        seen = any(deleted_at(one) is not None for one in (*pods, *(() if main is None else (main,))))
        return Verdict(cause=Cause.STOPPED if seen or sight.asked else Cause.UNKNOWN, evidence=[gone])
    end = pod_end(ended, sight)
    cause = Cause.UNKNOWN if end.cause is Cause.SUCCEEDED else end.cause
    return replace(end, cause=cause, evidence=[gone, *end.evidence])


def _is_there(pod: K8sObject, sight: Sight) -> bool:
    return not is_over(pod) and deleted_at(pod) is None and uid_of(pod) not in sight.vanished


def _deadline(job: K8sObject) -> K8sObject | None:
    found = (condition_of(job, kind) for kind in _FAILURE)
    return next((one for one in found if one is not None and text(one, "reason") == "DeadlineExceeded"), None)


def _said(job: K8sObject, condition: K8sObject) -> Evidence:
    words = joined(text(condition, "type"), text(condition, "reason"), text(condition, "message"))
    return fact(f"job {name_of(job)}", words)
