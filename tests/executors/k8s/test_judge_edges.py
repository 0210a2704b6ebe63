"""What no cluster shows on demand: recordings with one fact changed, so that only the fact can make the difference."""

from __future__ import annotations

import copy
from dataclasses import replace
from typing import Any, cast

from tests.executors.k8s.replay import Recording
from tests.executors.k8s.test_judge import ENDS, USERS, expect

from anyjob_k8s.judge import Sight, judge
from anyjob_k8s.objects import K8sObject, phase_of
from anyjob_k8s.podend import is_given_up, is_over


def changed(thing: K8sObject | None) -> dict[str, Any]:
    """A copy to change."""
    assert thing is not None
    return copy.deepcopy(cast("dict[str, Any]", thing))


def unsettled(job: K8sObject | None) -> dict[str, Any]:
    """The Job before it said anything of its end."""
    made = changed(job)
    made["status"].pop("conditions", None)
    return made


def ended(pod: dict[str, Any]) -> dict[str, Any]:
    """How the first container of a pod ended."""
    return pod["status"]["containerStatuses"][0]["state"]["terminated"]


def test_why_a_pod_of_ours_was_deleted_is_for_its_job_to_say() -> None:
    """The controller deletes the pod of a Job that is past its deadline before it says so."""
    sight = Recording.of("job_deadline").last(ours=True)
    assert any(is_over(pod) for pod in sight.pods)
    assert judge(replace(sight, main=unsettled(sight.main))) is None


def test_a_job_ends_with_its_last_pod() -> None:
    """What is settled is not over: pods that are no longer wanted are still being ended."""
    waited = 0
    for name in [name for name in (*ENDS, *USERS) if "node" not in name]:
        for sight in Recording.of(name).moments():
            going = [pod for pod in sight.pods if not is_over(pod) and not is_given_up(pod)]
            if sight.kind == "Job" and going and phase_of(going[0]) == "Running":
                waited += 1
                assert judge(sight) is None, name
    assert waited > 100


def test_the_last_failure_counts() -> None:
    sight = Recording.of("retries_used_up").last()
    pods = [changed(pod) for pod in sight.pods]
    first, last = sorted(pods, key=lambda pod: ended(pod)["finishedAt"])
    ended(first)["exitCode"], ended(last)["exitCode"] = 5, 6
    for order in ((first, last), (last, first)):
        expect(judge(replace(sight, pods=order)), "exit_code", 6, "exit code 6")


def test_the_failure_that_the_job_names_counts() -> None:
    sight = Recording.of("retries_used_up").last()
    pods = [changed(pod) for pod in sight.pods]
    first, last = sorted(pods, key=lambda pod: ended(pod)["finishedAt"])
    ended(first)["exitCode"], ended(last)["exitCode"] = 42, 6
    job = changed(sight.main)
    for condition in job["status"]["conditions"]:
        named = f"Container main for pod ns/{first['metadata']['name']} failed with exit code 42 matching FailJob rule"
        condition |= {"reason": "PodFailurePolicy", "message": f"{named} at index 0"}
    expect(judge(replace(sight, main=job, pods=pods)), "exit_code", 42, "exit code 42")


def test_what_the_controller_ended_afterwards_is_not_why_the_job_failed() -> None:
    sight = Recording.of("too_many_failed_indexes").last()
    job = changed(sight.main)
    del job["status"]["failedIndexes"]
    verdict = judge(replace(sight, main=job))
    assert verdict is not None
    assert verdict.code in (11, 12)


def test_a_failure_whose_pods_nobody_saw_is_the_jobs_word() -> None:
    for name in ("exit3", "evicted", "pod_deleted"):
        sight = replace(Recording.of(name).last(), pods=())
        expect(judge(sight), "remote_failed", None, "job it|Failed: BackoffLimitExceeded")


def test_pods_that_wait_are_no_end_while_others_run() -> None:
    sight = Recording.of("parallel").last()
    waiting = next(one for one in Recording.of("no_node").last().pods)
    running = next(pod for one in Recording.of("parallel").moments() for pod in one.pods if phase_of(pod) == "Running")
    late = replace(sight, main=unsettled(sight.main), now=sight.now + 10_000)
    assert judge(replace(late, pods=(waiting, running))) is None
    expect(judge(replace(late, pods=(waiting,))), "start_failed", None, "Unschedulable")


def test_what_had_ended_well_in_a_job_that_vanished_is_not_the_whole_of_it() -> None:
    for name in ("complete", "parallel"):
        sight = Recording.of(name).last()
        gone = replace(sight, main=unsettled(sight.main), gone=True)
        expect(judge(gone), "unknown", 0, "job it|it is gone: somebody deleted it")


def test_a_pod_that_is_only_about_to_go_is_not_lost() -> None:
    """The condition comes before the deletion, and may be taken back."""
    lost = next(sight for sight in Recording.of("script_node_lost").moments(ours=True) if judge(sight) is not None)
    pod = changed(lost.pods[0])
    del pod["metadata"]["deletionTimestamp"]
    assert judge(replace(lost, pods=(pod,))) is None


def test_a_container_that_was_never_ready_does_not_make_its_node_lost() -> None:
    lost = next(sight for sight in Recording.of("script_node_lost").moments(ours=True) if judge(sight) is not None)
    pod = changed(lost.pods[0])
    pod["status"]["containerStatuses"][0]["ready"] = False
    assert judge(replace(lost, pods=(pod,))) is None


def test_an_end_within_the_grace_of_a_deletion_is_the_deletions() -> None:
    sight = Recording.of("pod_deleted_polite").last()
    pod = changed(sight.main)
    pod["metadata"] |= {"deletionGracePeriodSeconds": 30, "deletionTimestamp": "2100-01-01T00:00:30Z"}
    for at, cause in (("2100-01-01T00:00:01Z", "stopped"), ("2099-12-31T23:59:59Z", "succeeded")):
        ended(pod)["finishedAt"] = at
        expect(judge(replace(sight, main=pod)), cause, 0, "Completed: exit code 0")


def test_an_end_before_an_eviction_is_its_own() -> None:
    sight = Recording.of("exit3_pod").last()
    pod = changed(sight.main)
    target = {"type": "DisruptionTarget", "status": "True", "reason": "EvictionByEvictionAPI", "message": "evicting"}
    for at, cause in (("1999-01-01T00:00:00Z", "evicted"), ("2100-01-01T00:00:00Z", "exit_code")):
        pod["status"]["conditions"] = [{**target, "lastTransitionTime": at}]
        expect(judge(replace(sight, main=pod)), cause, 3, "Error: exit code 3")
    pod["status"]["conditions"] = [{**target, "status": "False", "lastTransitionTime": "1999-01-01T00:00:00Z"}]
    expect(judge(replace(sight, main=pod)), "exit_code", 3, "")


def test_a_failure_that_nobody_explains_is_unknown() -> None:
    sight = Recording.of("refused_by_node_pod").last()
    pod = changed(sight.main)
    del pod["status"]["reason"]
    expect(judge(replace(sight, main=pod)), "unknown", None, "pod it|Failed: ")
    exited = Recording.of("exit3_pod").last()
    pod = changed(exited.main)
    del ended(pod)["exitCode"]
    expect(judge(replace(exited, main=pod)), "unknown", None, "container main|Error")
    pod = changed(Recording.of("complete_pod").last().main)
    pod["status"]["phase"] = "Failed"
    expect(judge(replace(exited, main=pod)), "unknown", 0, "pod it|Failed")


def test_reasons_of_a_node_that_is_shut_down_or_makes_room() -> None:
    sight = Recording.of("full_folder").last(ours=True)
    for reason, cause in {
        "Terminated": "evicted",
        "Preempting": "evicted",
        "NodeShutdown": "start_failed",
        "NodeLost": "node_lost",
    }.items():
        pod = changed(sight.pods[0])
        pod["status"] |= {"reason": reason, "message": "by the node's word"}
        expect(judge(replace(sight, pods=(pod,))), cause, None, f"{reason}: by the node's word")


def test_a_container_that_is_started_again_has_not_ended() -> None:
    sight = Recording.of("other_goes_on").last(container="main")
    for policy, over in (("Never", True), ("Always", False), ("OnFailure", False)):
        pod = changed(sight.main)
        pod["spec"]["restartPolicy"] = policy
        assert (judge(replace(sight, main=pod)) is not None) is over


def waits(name: str, **status: Any) -> tuple[Sight, dict[str, Any]]:
    sight = Recording.of(name).last(ours=True, later=10_000)
    pod = changed(sight.pods[0])
    pod["status"]["containerStatuses"][0] |= status
    return sight, pod


def test_a_container_that_ran_before_is_not_one_that_cannot_start() -> None:
    ran = {"terminated": {"exitCode": 1, "reason": "Error", "finishedAt": "2026-11-27T00:00:00Z"}}
    sight, pod = waits("never_pull", lastState=ran)
    sight = replace(sight, now=Recording.of("never_pull").seen[0]["at"] + 60)
    assert judge(replace(sight, pods=(pod,))) is None
    expect(judge(sight), "bad_config", None, "ErrImageNeverPull")


def test_a_mount_that_failed_once_is_forgotten_when_the_pod_has_its_volumes() -> None:
    sight, pod = waits("no_mount")
    sight = replace(sight, now=Recording.of("no_mount").seen[0]["at"] + 60)
    expect(judge(sight), "bad_config", None, "FailedMount")
    for condition in pod["status"]["conditions"]:
        if condition["type"] == "PodReadyToStartContainers":
            condition["status"] = "True"
    assert judge(replace(sight, pods=(pod,))) is None


def test_a_mount_that_fails_at_first_may_come_right() -> None:
    """anyjob makes the Secrets of a run after its pod: an event of the first seconds says nothing of the thirtieth."""
    began = Recording.of("no_mount").seen[0]["at"]
    early = [sight for sight in Recording.of("no_mount").moments(ours=True) if sight.now < began + 10][-1]
    assert any(event["reason"] == "FailedMount" for event in early.events)
    assert judge(replace(early, now=began + 60)) is None


def test_the_words_of_other_failures_to_start() -> None:
    cases = {
        ("CreateContainerError", "failed to generate container spec: no command specified"): "bad_config",
        ("CreateContainerError", "context deadline exceeded"): "start_failed",
        ("RunContainerError", 'exec: "x": executable file not found in $PATH'): "dependency_missing",
        ("SignatureValidationFailed", "image pull failed because the signature validation failed"): "rejected",
        ("RegistryUnavailable", "image pull failed because the registry is unavailable"): "start_failed",
        (
            "CreateContainerConfigError",
            "failed to sync secret cache: timed out waiting for the condition",
        ): "start_failed",
        ("ImagePullBackOff", 'Back-off pulling image "x"'): "start_failed",
        ("ErrImagePull", "pull access denied, repository does not exist or may require authorization"): "bad_config",
        (
            "ErrImagePull",
            'Get "https://r.example.com/v2/": dial tcp: lookup r.example.com: server not found',
        ): "start_failed",
        (
            "ErrImagePull",
            "unexpected status from HEAD request: 503 Service Unavailable: manifest unknown",
        ): "start_failed",
        ("SomethingNew", "whatever"): "start_failed",
    }
    for (reason, message), cause in cases.items():
        sight, pod = waits("never_pull", state={"waiting": {"reason": reason, "message": message}})
        expect(judge(replace(sight, pods=(pod,))), cause, None, f"container main|{reason}: {message}")


def test_a_job_between_two_tries_waits_for_its_controller() -> None:
    """What was refused before the last pod is history; what is refused since counts from its first time."""
    sight = Recording.of("retries_used_up").last()
    refused = [
        changed(event) for event in Recording.of("quota_full").last().events if event["reason"] == "FailedCreate"
    ]
    job = unsettled(sight.main)
    for event in refused:
        event["involvedObject"]["uid"] = job["metadata"]["uid"]
    between = replace(sight, main=job, now=sight.now + 10_000)
    assert judge(between) is None
    for event in refused:
        event |= {"firstTimestamp": "1999-01-01T00:00:00Z", "lastTimestamp": "1999-01-01T00:00:00Z"}
    assert judge(replace(between, events=refused)) is None
    for event in refused:
        event |= {"firstTimestamp": "2099-01-01T00:00:00Z", "lastTimestamp": "2099-01-01T00:10:00Z"}
    since = 4_070_908_800.0
    assert judge(replace(between, events=refused, now=since + 299)) is None
    expect(judge(replace(between, events=refused, now=since + 301)), "rejected", None, "event|FailedCreate")


def test_a_job_that_nobody_makes_a_pod_for_ends_at_the_limit() -> None:
    sight = replace(Recording.of("exit3").last(), pods=(), events=())
    began = Recording.of("exit3").seen[0]["at"]
    idle = replace(sight, main=unsettled(sight.main))
    assert judge(replace(idle, now=began + 290)) is None
    expect(judge(replace(idle, now=began + 310)), "start_failed", None, "job it|nothing of it ran within")


def test_what_is_being_deleted_is_waited_for_whatever_the_limit() -> None:
    for name in ("pod_kind_deleted", "job_deleted"):
        for sight in Recording.of(name).moments():
            late = judge(replace(sight, now=sight.now + 1, pending_limit=0))
            if sight.main is not None and "deletionTimestamp" in sight.main["metadata"] and not sight.gone:
                assert late is None or late.cause.value == "stopped"


def test_a_pod_that_is_being_deleted_with_its_job_is_stopped_before_it_has_ended() -> None:
    going = [one for one in Recording.of("job_deleted").moments() if one.pods and not is_over(one.pods[0])][-1]
    assert "deletionTimestamp" in going.pods[0]["metadata"]
    assert judge(going) is None
    expect(judge(replace(going, gone=True)), "stopped", None, "job it|it is gone: somebody deleted it")
    own = "job it|it is gone: deleted, as the run was to stop"
    expect(judge(replace(going, gone=True, asked=True)), "stopped", None, own)


def test_a_pod_that_vanished_unseen_with_its_job_is_unknown() -> None:
    """The watch was away when both went: whether they ended or were deleted, nobody saw."""
    running = next(
        one for one in Recording.of("exit3").moments() if one.pods and one.pods[0]["status"].get("conditions")
    )
    assert judge(replace(running, gone=True)) is None
    unseen = replace(running, gone=True, vanished={running.pods[0]["metadata"]["uid"]})
    expect(judge(unseen), "unknown", None, "job it|it is gone")
    expect(judge(replace(unseen, asked=True)), "stopped", None, "job it|it is gone: deleted, as the run was to stop")


def test_a_job_that_was_to_stop_and_is_gone_is_stopped_though_nobody_saw_it() -> None:
    """The next worker after one that died over its stop."""
    nothing = Sight(kind="Job", main=None, now=0, pending_limit=60, gone=True)
    expect(judge(nothing), "unknown", None, "job|it is gone: somebody deleted it")
    expect(judge(replace(nothing, asked=True)), "stopped", None, "job|it is gone: deleted, as the run was to stop")


def test_at_the_limit_events_tell_what_the_status_does_not_yet() -> None:
    """A busy kubelet says what is wrong in an event some seconds before the pod's status has it."""
    for name, cause, words in (
        ("no_secret", "bad_config", 'event|Failed: Error: secret "absent" not found'),
        ("no_mount", "bad_config", "event|FailedMount"),
        ("pull_not_found", "bad_config", "event|Failed: Failed to pull image"),
        ("pull_unauthorized", "bad_config", "event|Failed: Failed to pull image"),
        ("pull_refused", "start_failed", "event|Failed: Failed to pull image"),
        ("no_node", "start_failed", "event|FailedScheduling"),
    ):
        sight = replace(Recording.of(name).last(), pending_limit=0)
        pod = changed(sight.pods[0])
        for status in pod["status"].get("containerStatuses", ()):
            status["state"] = {"waiting": {"reason": "ContainerCreating"}}
        pod["status"]["conditions"] = [one for one in pod["status"]["conditions"] if one["type"] != "PodScheduled"]
        sight = replace(sight, pods=(pod,))
        expect(judge(sight), cause, None, words)
        # What was not said again is over, and what has its volumes does not lack them.
        expect(judge(replace(sight, now=sight.now + 200)), "start_failed", None, words)
        for condition in pod["status"]["conditions"]:
            if condition["type"] == "PodReadyToStartContainers":
                condition["status"] = "True"
        expect(judge(sight), "start_failed" if name == "no_mount" else cause, None, words)
