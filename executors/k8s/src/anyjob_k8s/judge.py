"""From what is known of a run in Kubernetes to its end: cause and evidence, or that it is still going.

Nothing here asks the cluster, keeps anything or raises: the same sight has the same verdict on every worker.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from anyjob.outcome import Cause, Evidence
from anyjob_k8s.fact import fact, joined
from anyjob_k8s.objects import K8sObject, condition_of, deleted_at, epoch, name_of, part, phase_of, text
from anyjob_k8s.podend import asked_to_go, is_over, node_is_lost, pod_end, survivors
from anyjob_k8s.refusal import judge_refusal
from anyjob_k8s.sight import Sight, Verdict
from anyjob_k8s.stuck import not_begun, without_pods

__all__ = ["Sight", "Verdict", "judge", "judge_refusal", "survivors"]

_SUCCESS: Final = ("Complete", "SuccessCriteriaMet")
_FAILURE: Final = ("Failed", "FailureTarget")
_INDEX: Final = "batch.kubernetes.io/job-completion-index"


def judge(sight: Sight) -> Verdict | None:
    """How the run ended; None: it has not, as far as anybody can know."""
    return _judge_pod(sight) if sight.kind == "Pod" else _judge_job(sight)


def _judge_pod(sight: Sight) -> Verdict | None:
    pod = sight.main or next(iter(sight.pods), None)
    if pod is None:
        return _vanished(sight)
    end = pod_end(pod, sight.container, early=True)
    if end is not None:
        return end
    if sight.gone:
        return _vanished(sight)
    return None if deleted_at(pod) is not None else not_begun(pod, sight)


def _judge_job(sight: Sight) -> Verdict | None:
    job = sight.main
    if job is not None:
        verdict = _of_ours(sight) or _of_job(job, sight)
        if verdict is not None:
            return verdict
    if sight.gone or job is None:
        return _vanished(sight)
    if deleted_at(job) is not None or part(job, "spec").get("suspend") is True:
        return None
    return _waiting(job, sight)


def _of_ours(sight: Sight) -> Verdict | None:
    """The end of a Job that tries nothing again: that of its pod, which the kubelet tells before the Job does.

    Whoever deletes the pod is told by the Job alone (a deadline), unless the pod itself says it.
    """
    if not sight.ours:
        return None
    for pod in sight.pods:
        if deleted_at(pod) is not None and condition_of(pod, "DisruptionTarget") is None and not sight.gone:
            continue
        end = pod_end(pod, sight.container, early=True)
        if end is not None:
            return end
    return None


def _of_job(job: K8sObject, sight: Sight) -> Verdict | None:
    """The end by the Job's own conditions.

    The first of each pair is said when it is settled, the second once every pod has ended, and that may never come
    where a node is lost.
    """
    going = [pod for pod in sight.pods if not is_over(pod) and node_is_lost(pod) is None]
    for kind in _SUCCESS:
        condition = condition_of(job, kind)
        if condition is not None and (kind == "Complete" or not going):
            return Verdict(
                cause=Cause.SUCCEEDED,
                code=0,
                evidence=[_said(job, condition)],
                ended=epoch(part(job, "status").get("completionTime")) or epoch(condition.get("lastTransitionTime")),
            )
    for kind in _FAILURE:
        condition = condition_of(job, kind)
        if condition is not None and (kind == "Failed" or not going):
            return _failed(job, condition, sight)
    return None


def _failed(job: K8sObject, condition: K8sObject, sight: Sight) -> Verdict:
    said, when = _said(job, condition), epoch(condition.get("lastTransitionTime"))
    target = condition_of(job, "FailureTarget")
    settled = when if target is None else epoch(target.get("lastTransitionTime"))
    if text(condition, "reason") == "DeadlineExceeded":
        return Verdict(cause=Cause.TIMED_OUT, evidence=[said], ended=settled)
    pod = _blamed(job, condition, sight, settled)
    end = None if pod is None else pod_end(pod, sight.container)
    if end is None or end.cause is Cause.SUCCEEDED:
        return Verdict(cause=Cause.REMOTE_FAILED, evidence=[said], ended=settled)
    return replace(end, evidence=[*end.evidence, said])


def _blamed(job: K8sObject, condition: K8sObject, sight: Sight, settled: float | None) -> K8sObject | None:
    """The pod because of which the Job failed: the one that it names, one of the first failed index, else the last one
    that failed by itself. What the Job's controller has ended afterwards has nothing to do with it."""
    failed = [pod for pod in sight.pods if phase_of(pod) == "Failed" or node_is_lost(pod) is not None]
    named = [pod for pod in failed if f"/{name_of(pod)} " in text(condition, "message")]
    index = text(job, "status", "failedIndexes").replace("-", ",").partition(",")[0]
    indexed = [pod for pod in failed if index and text(pod, "metadata", "annotations", _INDEX) == index]
    before = [pod for pod in failed if not _ended_by_controller(pod, settled)]
    chosen = named or indexed or before or failed
    return max(chosen, key=lambda pod: _time_of(pod_end(pod, sight.container)), default=None)


def _ended_by_controller(pod: K8sObject, settled: float | None) -> bool:
    asked = asked_to_go(pod)
    if asked is None or settled is None or condition_of(pod, "DisruptionTarget") is not None:
        return False
    return asked >= settled


def _time_of(end: Verdict | None) -> float:
    return 0.0 if end is None or end.ended is None else end.ended


def _waiting(job: K8sObject, sight: Sight) -> Verdict | None:
    """Of a Job with several pods one that does not start is no end while others run."""
    live = [pod for pod in sight.pods if not is_over(pod) and deleted_at(pod) is None]
    if not live:
        return without_pods(job, sight)
    if any(phase_of(pod) == "Running" for pod in live):
        return None
    return next((end for pod in live if (end := not_begun(pod, sight)) is not None), None)


def _vanished(sight: Sight) -> Verdict | None:
    """Somebody deleted the main object. Whether its pods ended before is told by what was last seen of them; what
    nobody saw is unknown."""
    if not sight.gone:
        return None
    source = f"{sight.kind.lower()} {'' if sight.main is None else name_of(sight.main)}".strip()
    seen: Sequence[Evidence] = [fact(source, "it is gone: somebody deleted it")]
    pods = sight.pods or ([sight.main] if sight.kind == "Pod" and sight.main is not None else [])
    ends = [end for pod in pods if (end := pod_end(pod, sight.container)) is not None]
    if sight.main is None or (not ends and sight.pods == () and not _was_active(sight.main)):
        return Verdict(cause=Cause.UNKNOWN, evidence=seen)
    last = max(ends, key=_time_of, default=None)
    if last is None:
        return Verdict(cause=Cause.STOPPED, evidence=seen)
    if last.cause is Cause.SUCCEEDED:  # of a Job that had more to do, or nobody knows
        return Verdict(cause=Cause.UNKNOWN, code=last.code, evidence=[*seen, *last.evidence], ended=last.ended)
    return replace(last, evidence=[*last.evidence, *seen])


def _was_active(main: K8sObject) -> bool:
    return deleted_at(main) is not None


def _said(job: K8sObject, condition: K8sObject) -> Evidence:
    words = joined(text(condition, "type"), text(condition, "reason"), text(condition, "message"))
    return fact(f"job {name_of(job)}", words)
