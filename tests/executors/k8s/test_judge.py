"""Ends of runs, judged by what a real cluster (v1.34.4) showed of them: see `sights/record.py`."""

from __future__ import annotations

import json
import tempfile
from dataclasses import replace
from pathlib import Path

import pytest
from tests.executors.k8s.replay import Recording, recordings

from anyjob.outcome import Cause
from anyjob_k8s.judge import Sight, Verdict, forgotten, judge, survivors

NODE_GONE = "DisruptionTarget: DeletionByPodGC: PodGC: node no longer exists"
BACKOFF = "Failed: BackoffLimitExceeded: Job has reached the specified backoff limit"
EVICTED = "DisruptionTarget: EvictionByEvictionAPI: Eviction API: evicting"
PREEMPTED = (
    "DisruptionTarget: PreemptionByScheduler: default-scheduler: preempting to accommodate a higher priority pod"
)
DELETED = "somebody deleted it"
PERHAPS = "which is 128 + 9: the container runtime does not tell whether a signal ended it"

ENDS: dict[str, tuple[str, int | None, str]] = {
    "complete": ("succeeded", 0, ""),
    "complete_pod": ("succeeded", 0, "container main|Completed: exit code 0"),
    "exit3": ("exit_code", 3, "container main|Error: exit code 3"),
    "exit3_pod": ("exit_code", 3, "container main|Error: exit code 3"),
    "exit137": ("exit_code", 137, f"container main|Error: exit code 137, {PERHAPS}"),
    "killed": ("exit_code", 137, f"container main|Error: exit code 137, {PERHAPS}"),
    "last_words": ("exit_code", 4, "container main|the table is locked"),
    "two_containers": ("exit_code", 5, "container second|Error: exit code 5"),
    "two_containers_pod": ("exit_code", 5, "container second|Error: exit code 5"),
    "init_fails": ("exit_code", 7, "container init|Error: exit code 7"),
    "sidecar": ("exit_code", 8, "container main|Error: exit code 8"),
    "sidecar_complete": ("succeeded", 0, ""),
    "late_secret": ("succeeded", 0, ""),
    "ttl": ("succeeded", 0, ""),
    "job_deadline": ("timed_out", None, "job it|Failed: DeadlineExceeded: Job was active longer than"),
    "pod_deadline": ("timed_out", 137, "pod it|DeadlineExceeded: Pod was active on the node longer than"),
    "pod_deadline_in_job": ("timed_out", 137, "DeadlineExceeded: Pod was active on the node longer than"),
    "memory": ("out_of_memory", 137, "container main|OOMKilled: exit code 137"),
    "memory_of_a_child": ("succeeded", 0, ""),
    "memory_of_a_child_fails": ("out_of_memory", 11, "container main|OOMKilled: exit code 11"),
    "memory_of_another": ("exit_code", 12, "container second|OOMKilled: exit code 137"),
    "full_folder": ("evicted", None, 'Evicted: Usage of EmptyDir volume "v" exceeds the limit "1Mi".'),
    "invalid_name": (
        "bad_config",
        None,
        'container main|InvalidImageName: Failed to apply default image tag "UPPER:1"',
    ),
    "no_command": ("dependency_missing", None, 'exec: "/no/such": stat /no/such: no such file or directory'),
    "no_command_pod": ("dependency_missing", None, 'exec: "/no/such": stat /no/such: no such file or directory'),
    "no_command_on_path": ("dependency_missing", None, 'exec: "nosuch": executable file not found in $PATH'),
    "not_executable": ("bad_config", None, 'exec: "/etc/passwd": permission denied'),
    "a_folder": ("bad_config", None, 'exec: "/etc": permission denied'),
    "refused_by_node": (
        "start_failed",
        None,
        "Failed: OutOfcpu: Pod was rejected: Node didn't have enough resource: cpu",
    ),
    "refused_by_node_pod": ("start_failed", None, "pod it|Failed: OutOfcpu: Pod was rejected"),
    "quota_none": ("rejected", None, "exceeded quota: small, requested: pods=1, used: pods=0, limited: pods=0"),
    "quota_too_small": (
        "rejected",
        None,
        "requested: limits.memory=2Gi, used: limits.memory=0, limited: limits.memory=1Gi",
    ),
    "quota_wants_limits": ("rejected", None, "failed quota: small: must specify limits.memory for: main"),
    "pod_security": ("rejected", None, 'event|FailedCreate: Error creating: pods "it-'),
    "job_deleted": ("stopped", 137, DELETED),
    "namespace_deleted": ("stopped", 137, DELETED),
    "pod_deleted": ("stopped", 137, DELETED),
    "pod_kind_deleted": ("stopped", 137, "pod it|somebody deleted it"),
    "pod_deleted_polite": ("stopped", 0, "pod it|somebody deleted it"),
    "script_deleted": ("stopped", 137, DELETED),
    "pod_forced": ("stopped", None, DELETED),
    "pod_kind_forced": ("stopped", None, "pod it|it is gone: somebody deleted it"),
    "ended_then_deleted": ("exit_code", 3, "container main|Error: exit code 3"),
    "evicted": ("evicted", 137, EVICTED),
    "evicted_pod": ("evicted", 137, EVICTED),
    "script_evicted": ("evicted", 137, EVICTED),
    "preempted": ("evicted", 137, PREEMPTED),
    "tainted": ("evicted", 137, "DisruptionTarget: DeletionByTaintManager: Taint manager"),
    "node_lost": ("node_lost", 137, "DisruptionTarget: DeletionByTaintManager: Taint manager"),
    "node_lost_pod": ("node_lost", 137, "DisruptionTarget: DeletionByTaintManager: Taint manager"),
    "script_node_lost": ("node_lost", 137, "DisruptionTarget: DeletionByTaintManager: Taint manager"),
    "node_out_of_sight": ("succeeded", 0, ""),
    "node_removed": ("node_lost", None, NODE_GONE),
}
"""Of runs that try nothing again, whoever wrote the manifest: cause, code, and what the evidence must hold."""

USERS: dict[str, tuple[str, int | None, str]] = {
    "parallel": ("succeeded", 0, "job it|Complete: CompletionsReached: Reached expected number of succeeded pods"),
    "success_policy": ("succeeded", 0, "job it|Complete: SuccessPolicy: Matched rules at index 0"),
    "retried": ("succeeded", 0, "job it|Complete: CompletionsReached"),
    "retries_used_up": ("exit_code", 9, BACKOFF),
    "restarted_in_place": ("succeeded", 0, "job it|Complete: CompletionsReached"),
    "restarts_used_up": ("exit_code", 9, BACKOFF),
    "failure_policy": ("exit_code", 42, "failed with exit code 42 matching FailJob rule at index 0"),
    "failed_indexes": ("exit_code", 1, "job it|Failed: FailedIndexes: Job has failed indexes"),
    "too_many_failed_indexes": ("exit_code", 11, "job it|Failed: MaxFailedIndexesExceeded"),
    "script_deleted_polite": ("succeeded", 0, "job it|Complete: CompletionsReached"),
}
"""Of Jobs whose retries are the user's."""

GOING = (
    "no_command_restarted",
    "node_lost_retried",
    "other_goes_on",
    "pod_deleted_retried",
    "preempted_retried",
    "suspended",
)
"""Of Jobs that go on, however long one looks."""

WAITING: dict[str, tuple[str, float | None, str]] = {
    "never_pull": ("bad_config", 0, "ErrImageNeverPull"),
    "pull_not_found": ("bad_config", 0, "localhost:5000/absent:1: not found"),
    "pull_unauthorized": ("bad_config", 0, "localhost:5000/unauthorized:1"),
    "pull_denied": ("bad_config", 0, "403 Forbidden"),
    "pull_server_error": ("start_failed", None, "500 Internal Server Error"),
    "pull_too_many": ("start_failed", None, "429 Too Many Requests"),
    "pull_refused": ("start_failed", None, "dial tcp 127.0.0.1:1: connect: connection refused"),
    "pull_no_host": ("start_failed", None, "registry.invalid"),
    "no_secret": ("bad_config", 20, 'container main|CreateContainerConfigError: secret "absent" not found'),
    "no_secret_key": ("bad_config", 20, "couldn't find key absent in Secret ns/there"),
    "no_config_map": ("bad_config", 20, 'configmap "absent" not found'),
    "root_refused": ("bad_config", 20, "container has runAsNonRoot and image will run as root"),
    "no_mount": (
        "bad_config",
        20,
        'event|FailedMount: MountVolume.SetUp failed for volume "v" : secret "absent" not found',
    ),
    "no_node": (
        "start_failed",
        None,
        "Unschedulable: 0/1 nodes are available: 1 node(s) didn't match Pod's node affinity",
    ),
    "no_room": ("start_failed", None, "Unschedulable: 0/1 nodes are available: 1 Insufficient cpu"),
    "no_claim": ("start_failed", None, 'persistentvolumeclaim "absent" not found'),
    "gated": ("start_failed", None, "SchedulingGated: Scheduling is blocked due to non-empty scheduling gates"),
    "quota_full": ("rejected", None, "exceeded quota: small, requested: pods=1, used: pods=1, limited: pods=1"),
    "no_service_account": ("bad_config", 20, 'serviceaccount "absent" not found'),
    "no_priority_class": ("bad_config", 20, "no PriorityClass with name absent was found"),
    "no_runtime_class": ("bad_config", 20, 'RuntimeClass "absent" not found'),
}
"""Of runs that do not begin: cause, after how many seconds one of ours has it (None: the pending limit), evidence. A
user's manifest has until the pending limit, as others may mend it."""


def said(verdict: Verdict) -> str:
    return "\n".join(f"{item.source}|{item.text}" for item in verdict.evidence)


def expect(verdict: Verdict | None, cause: str, code: int | None, words: str) -> Verdict:
    assert verdict is not None
    assert (verdict.cause.value, verdict.code, verdict.signal) == (cause, code, None), said(verdict)
    assert words in said(verdict)
    assert all(item.source and item.text for item in verdict.evidence)
    assert verdict.evidence
    return verdict


@pytest.mark.parametrize("ours", [False, True], ids=["user", "ours"])
@pytest.mark.parametrize("name", ENDS)
def test_an_end_has_its_cause_and_evidence(name: str, *, ours: bool) -> None:
    verdict = expect(judge(Recording.of(name).last(ours=ours)), *ENDS[name])
    began, over = Recording.of(name).seen[0]["at"], Recording.of(name).seen[-1]["at"]
    # Whole seconds, rounded down; a node's clock may be a little behind.
    assert verdict.ended is None or began - 3 <= verdict.ended <= over


@pytest.mark.parametrize("name", USERS)
def test_a_users_retries_belong_to_the_user(name: str) -> None:
    expect(judge(Recording.of(name).last()), *USERS[name])


@pytest.mark.parametrize("name", GOING)
def test_what_goes_on_has_no_end(name: str) -> None:
    assert all(judge(sight) is None for sight in Recording.of(name).moments())
    assert judge(Recording.of(name).last(later=10_000)) is None


@pytest.mark.parametrize("name", WAITING)
def test_what_does_not_begin_ends_after_its_time(name: str) -> None:
    cause, after, words = WAITING[name]
    sight = Recording.of(name).last(ours=True)
    began = Recording.of(name).seen[0]["at"]
    limit = sight.pending_limit
    if after != 0:
        assert judge(replace(sight, now=began + (after or limit) - 5)) is None
    expect(judge(replace(sight, now=began + (limit if after is None else max(after, 1)) + 5)), cause, None, words)


@pytest.mark.parametrize("name", WAITING)
def test_a_users_manifest_waits_for_the_pending_limit(name: str) -> None:
    cause, after, words = WAITING[name]
    sight = Recording.of(name).last()
    waited = sight.now - Recording.of(name).seen[0]["at"]
    expect(judge(replace(sight, pending_limit=waited - 2)), cause, None, words)
    if after != 20 or "FailedCreate" not in words:
        assert judge(replace(sight, pending_limit=waited + 5)) is None


@pytest.mark.parametrize("name", recordings())
def test_every_recording_is_judged(name: str) -> None:
    assert (name in ENDS) + (name in USERS) + (name in GOING) + (name in WAITING) == 1


@pytest.mark.parametrize("name", [*ENDS, *USERS])
def test_nothing_is_said_before_it_is_so(name: str) -> None:
    """Whatever was seen first: a verdict that comes earlier is the same. Those of a lost node have no code yet."""
    for ours in {False, name in ENDS}:
        last = judge(Recording.of(name).last(ours=ours))
        assert last is not None
        for sight in Recording.of(name).moments(ours=ours):
            early = judge(sight)
            if early is not None and name != "script_deleted_polite":
                assert early.cause is last.cause
                assert early.code in (last.code, None)


@pytest.mark.parametrize("name", ["exit3", "complete", "memory", "evicted", "full_folder", "no_command"])
def test_ours_ends_with_its_pod_and_a_users_with_the_job(name: str) -> None:
    ours = [judge(sight) is not None for sight in Recording.of(name).moments(ours=True)]
    users = [judge(sight) is not None for sight in Recording.of(name).moments()]
    assert ours.index(True) <= users.index(True)
    if "evicted" not in name:
        assert ours.index(True) < users.index(True)


def test_a_polite_end_after_a_deletion_is_no_success_of_ours() -> None:
    expect(judge(Recording.of("script_deleted_polite").last(ours=True)), "stopped", 0, DELETED)


def test_a_named_container_ends_the_run_while_others_go_on() -> None:
    expect(
        judge(Recording.of("other_goes_on").last(container="main")), "exit_code", 6, "container main|Error: exit code 6"
    )
    assert judge(Recording.of("other_goes_on").last(container="second")) is None
    expect(judge(Recording.of("two_containers_pod").last(container="main")), "exit_code", 5, "container second")


def test_a_lost_node_is_told_while_nobody_hears_of_it_and_its_pod_survives() -> None:
    for name, ours in (("script_node_lost", True), ("node_lost_pod", False), ("node_lost", False)):
        first = next(
            (sight, verdict) for sight in Recording.of(name).moments(ours=ours) if (verdict := judge(sight)) is not None
        )
        expect(first[1], "node_lost", None, "nothing is heard of node node1")
        sight = first[0]
        pods = sight.pods or [sight.main or {}]
        assert [line.split(" on ")[1] for line in survivors(pods)] == ["node node1"]
        last = Recording.of(name).last()
        assert survivors(last.pods or [last.main or {}]) == []


def test_what_a_removed_node_ran_may_still_be_going() -> None:
    sight = Recording.of("node_removed").last()
    assert [line.split(" on ")[1] for line in survivors(sight.pods)] == ["node paper-unplug"]
    assert forgotten(sight.pods) == survivors(sight.pods)


def test_what_was_deleted_by_force_may_still_be_going_though_it_is_gone() -> None:
    for name in recordings():
        sight = Recording.of(name).last()
        left = forgotten(sight.pods or [sight.main or {}])
        assert len(left) == (name in ("pod_forced", "pod_kind_forced", "node_removed")), name


def test_a_user_taint_is_no_lost_node_and_without_events_no_lost_node_is_claimed_afterwards() -> None:
    sight = replace(Recording.of("node_lost").last(), events=())
    expect(judge(sight), "evicted", 137, "DeletionByTaintManager")


def test_what_vanished_unseen_is_unknown() -> None:
    gone = Sight(kind="Job", main=None, now=0, pending_limit=60, gone=True)
    expect(judge(gone), "unknown", None, "job|it is gone: somebody deleted it")
    assert judge(replace(gone, gone=False)) is None
    expect(judge(replace(gone, kind="Pod")), "unknown", None, "pod|it is gone")
    # The worker was away: it saw the Job going, and then no Job. It may have ended well and been collected.
    running = next(sight for sight in Recording.of("exit3").moments() if sight.pods)
    assert running.main is not None
    expect(judge(replace(running, pods=(), gone=True)), "unknown", None, "job it|it is gone")


def test_pods_that_go_on_without_their_job_are_waited_for() -> None:
    *_, (sight, _) = [(one, 0) for one in Recording.of("exit3").moments(ours=True) if judge(one) is None]
    assert sight.pods
    assert judge(replace(sight, gone=True)) is None
    expect(judge(replace(Recording.of("exit3").last(ours=True), gone=True)), "exit_code", 3, "Error: exit code 3")


def test_who_came_first_is_unknown_where_no_generation_tells() -> None:
    """Clusters before 1.34: the kubelet has let the object go, and the deletion's own time is lost."""
    for name in ("pod_kind_deleted", "ended_then_deleted"):
        sight = Recording.of(name).last()
        assert sight.main is not None
        old = {**sight.main, "metadata": {k: v for k, v in sight.main["metadata"].items() if k != "generation"}}
        expect(judge(replace(sight, main=old)), "unknown", sight.main["status"]["containerStatuses"][0]["state"][
            "terminated"]["exitCode"], "pod it|somebody deleted it, before or after its end")  # fmt: skip


def test_a_signal_is_told_where_it_is_told() -> None:
    """CRI runtimes have no such field; others set it."""
    text = json.dumps(Recording.of("exit3_pod").last().main)
    told = json.loads(text.replace('"exitCode": 3', '"exitCode": 0, "signal": 11'))
    verdict = judge(replace(Recording.of("exit3_pod").last(), main=told))
    assert verdict is not None
    assert (verdict.cause, verdict.signal) == (Cause.SIGNAL, 11)


def test_events_of_another_object_with_the_same_name_count_for_nothing() -> None:
    sight = Recording.of("quota_none").last()
    assert sight.main is not None
    other = {**sight.main, "metadata": {**sight.main["metadata"], "uid": "another"}}
    assert judge(replace(sight, main=other)) is None


def test_texts_of_strangers_are_cut_and_no_more() -> None:
    hostile = "\x1b[2J\ud800<script>" + "x" * 100_000
    text = json.dumps(Recording.of("last_words").last().pods)
    pods = json.loads(text.replace(json.dumps("the table is locked\n"), json.dumps(hostile)))
    verdict = judge(replace(Recording.of("last_words").last(ours=True), pods=pods))
    assert verdict is not None
    assert [len(item.text) for item in verdict.evidence] == [18, 1000]
    assert verdict.evidence[1].text.startswith("\x1b[2J?<script>")
    for item in verdict.evidence:
        item.text.encode()


def test_recordings_name_no_machine() -> None:
    places = (Path(__file__).parents[3], Path.home(), Path(tempfile.gettempdir()))
    for path in (Path(__file__).parent / "sights").glob("*.json"):
        text = path.read_text()
        assert [place for place in places if f"{place}/" in text] == []
