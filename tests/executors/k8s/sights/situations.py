"""What is recorded: each situation with the objects that bring it about, and what is done to them meanwhile."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Literal, TypeAlias

__all__ = ["DISTURBING", "QUIET", "REFUSED", "Object", "Situation", "job", "pod"]

Object: TypeAlias = dict[str, Any]

Act: TypeAlias = Literal[
    "",
    "delete main",
    "delete pod",
    "delete ended",
    "delete namespace",
    "force",
    "evict",
    "kill",
    "preempt",
    "taint",
    "freeze",
    "unplug",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Situation:
    """`main` is created in a namespace of its own after `before`. Once its pod runs, `act` is done. The recording ends
    when the main object has ended and `after` seconds have gone by, or after `seconds`."""

    main: Object
    before: Sequence[Object] = ()
    act: Act = ""
    seconds: float = 45
    after: float = 1.0
    labels: Mapping[str, str] = field(default_factory=dict[str, str])


def container(script: str, name: str = "main", **more: Any) -> Object:
    """A container that runs a script."""
    return {"name": name, "image": "busybox:test", "command": ["sh", "-c", script], **more}


def template(script: str, more: Object | None = None, spec: Object | None = None) -> Object:
    """The spec of a pod with one container; `more` is the container's, `spec` the pod's."""
    return {
        "restartPolicy": "Never",
        "terminationGracePeriodSeconds": 2,
        "containers": [container(script, **(more or {}))],
        **(spec or {}),
    }


def job(script: str = "echo hello", more: Object | None = None, pod: Object | None = None, **spec: Any) -> Object:
    """A Job whose pod runs a script."""
    return {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {"name": "it"},
        "spec": {"backoffLimit": 0, "template": {"spec": template(script, more, pod)}, **spec},
    }


def pod(script: str = "echo hello", more: Object | None = None, **spec: Any) -> Object:
    """A bare Pod that runs a script."""
    return {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "it"}, "spec": template(script, more, spec)}


def made(kind: str, name: str, version: str = "v1", **more: Any) -> Object:
    """Any other object."""
    return {"apiVersion": version, "kind": kind, "metadata": {"name": name}, **more}


def _env(**source: Any) -> Object:
    return {"env": [{"name": "A", "valueFrom": source}]}


def _limits(memory: str) -> Object:
    return {"resources": {"limits": {"memory": memory}}}


def _quota(**hard: str) -> Object:
    named = {name.replace("_", "."): value for name, value in hard.items()}
    return made("ResourceQuota", "small", spec={"hard": named})


def _image(name: str) -> Object:
    return {"image": name, "imagePullPolicy": "Always"}


_MOUNT: Final = {"volumeMounts": [{"name": "v", "mountPath": "/v"}]}
_FAIL: Final = {"action": "FailJob", "onExitCodes": {"operator": "In", "values": [42]}}
_MEMORY: Final = "tail /dev/zero"
_TWO: Final = [container("echo one"), container("sleep 1; exit 5", "second")]
_SIDECAR: Final = container("sleep 600", "helper", restartPolicy="Always")
_TOLERATIONS: Final = [
    {"key": f"node.kubernetes.io/{key}", "operator": "Exists", "effect": "NoExecute", "tolerationSeconds": 0}
    for key in ("unreachable", "not-ready")
]

QUIET: Final[Mapping[str, Situation]] = {
    # Ends of the job's own making.
    "complete": Situation(main=job()),
    "complete_pod": Situation(main=pod()),
    "exit3": Situation(main=job("echo oops >&2; exit 3")),
    "exit3_pod": Situation(main=pod("exit 3")),
    "exit137": Situation(main=job("exit 137")),
    "last_words": Situation(main=job("echo 'the table is locked' >/dev/termination-log; exit 4")),
    "parallel": Situation(main=job("sleep 1", completions=3, parallelism=2)),
    "two_containers": Situation(main=job(pod={"containers": _TWO})),
    "two_containers_pod": Situation(main=pod(containers=_TWO)),
    "other_goes_on": Situation(main=pod(containers=[container("exit 6"), container("sleep 60", "second")]), seconds=12),
    "init_fails": Situation(main=job(pod={"initContainers": [container("exit 7", "init")]})),
    "sidecar": Situation(main=job("sleep 1; exit 8", pod={"initContainers": [_SIDECAR]})),
    "sidecar_complete": Situation(main=job("sleep 1", pod={"initContainers": [_SIDECAR]})),
    "retried": Situation(
        main=job(
            "test -e /v/it || { touch /v/it; exit 1; }",
            _MOUNT,
            {"volumes": [{"name": "v", "hostPath": {"path": "{folder}"}}]},
            backoffLimit=1,
        ),
        seconds=60,
    ),
    "retries_used_up": Situation(main=job("exit 9", backoffLimit=1), seconds=60),
    "restarted_in_place": Situation(
        main=job(
            "test -e /v/it || { touch /v/it; exit 1; }",
            _MOUNT,
            {"restartPolicy": "OnFailure", "volumes": [{"name": "v", "emptyDir": {}}]},
            backoffLimit=3,
        ),
        seconds=60,
    ),
    "restarts_used_up": Situation(main=job("exit 9", None, {"restartPolicy": "OnFailure"}, backoffLimit=1), seconds=60),
    "failure_policy": Situation(main=job("exit 42", backoffLimit=3, podFailurePolicy={"rules": [_FAIL]})),
    "failed_indexes": Situation(
        main=job(
            "test $JOB_COMPLETION_INDEX != 1",
            completions=3,
            parallelism=3,
            completionMode="Indexed",
            backoffLimitPerIndex=0,
            backoffLimit=None,
        ),
    ),
    "too_many_failed_indexes": Situation(
        main=job(
            "test $JOB_COMPLETION_INDEX = 0 || exit 1$JOB_COMPLETION_INDEX; sleep 60",
            completionMode="Indexed",
            completions=3,
            parallelism=3,
            backoffLimitPerIndex=0,
            backoffLimit=None,
            maxFailedIndexes=1,
        ),
    ),
    "success_policy": Situation(
        main=job(
            "test $JOB_COMPLETION_INDEX = 0 || sleep 60",
            completions=2,
            parallelism=2,
            completionMode="Indexed",
            successPolicy={"rules": [{"succeededIndexes": "0"}]},
        ),
    ),
    "suspended": Situation(main=job(suspend=True), seconds=5),
    "ttl": Situation(main=job(ttlSecondsAfterFinished=0)),
    # Ends by a limit.
    "job_deadline": Situation(main=job("sleep 60", activeDeadlineSeconds=3)),
    "pod_deadline": Situation(main=pod("sleep 60", activeDeadlineSeconds=3)),
    "pod_deadline_in_job": Situation(main=job("sleep 60", pod={"activeDeadlineSeconds": 3})),
    "memory": Situation(main=job(_MEMORY, {**_limits("24Mi"), "command": ["tail", "/dev/zero"]})),
    "memory_of_a_child": Situation(main=job(f"{_MEMORY}; echo went on", _limits("24Mi"))),
    "memory_of_a_child_fails": Situation(main=job(f"{_MEMORY} || exit 11", _limits("24Mi"))),
    "memory_of_another": Situation(
        main=job(pod={"containers": [container("sleep 3; exit 12"), container(_MEMORY, "second", **_limits("24Mi"))]}),
    ),
    "full_folder": Situation(
        main=job(
            "dd if=/dev/zero of=/v/it bs=1M count=8; sleep 120",
            _MOUNT,
            {"volumes": [{"name": "v", "emptyDir": {"sizeLimit": "1Mi"}}]},
        ),
        seconds=90,
    ),
    # What does not start.
    "never_pull": Situation(main=job(more={"image": "absent:1", "imagePullPolicy": "Never"}), seconds=8),
    "invalid_name": Situation(main=job(more={"image": "UPPER:1"}), seconds=8),
    "pull_not_found": Situation(main=job(more=_image("localhost:5000/absent:1")), seconds=20),
    "pull_unauthorized": Situation(main=job(more=_image("localhost:5000/unauthorized:1")), seconds=20),
    "pull_denied": Situation(main=job(more=_image("localhost:5000/denied:1")), seconds=20),
    "pull_server_error": Situation(main=job(more=_image("localhost:5000/broken:1")), seconds=20),
    "pull_too_many": Situation(main=job(more=_image("localhost:5000/throttled:1")), seconds=20),
    "pull_refused": Situation(main=job(more=_image("localhost:1/it:1")), seconds=20),
    "pull_no_host": Situation(main=job(more=_image("registry.invalid/it:1")), seconds=20),
    "no_secret": Situation(main=job(more=_env(secretKeyRef={"name": "absent", "key": "k"})), seconds=8),
    "no_secret_key": Situation(
        main=job(more=_env(secretKeyRef={"name": "there", "key": "absent"})),
        before=[made("Secret", "there", stringData={"k": "v"})],
        seconds=8,
    ),
    "no_config_map": Situation(main=job(more=_env(configMapKeyRef={"name": "absent", "key": "k"})), seconds=8),
    "late_secret": Situation(main=job(more=_env(secretKeyRef={"name": "late", "key": "k"})), seconds=30),
    "root_refused": Situation(main=job(more={"securityContext": {"runAsNonRoot": True}}), seconds=8),
    "no_mount": Situation(
        main=job(more=_MOUNT, pod={"volumes": [{"name": "v", "secret": {"secretName": "absent"}}]}),
        seconds=36,
    ),
    "no_command": Situation(main=job(more={"command": ["/no/such"]})),
    "no_command_on_path": Situation(main=job(more={"command": ["nosuch"]})),
    "no_command_pod": Situation(main=pod(more={"command": ["/no/such"]})),
    "not_executable": Situation(main=job(more={"command": ["/etc/passwd"]})),
    "a_folder": Situation(main=job(more={"command": ["/etc"]})),
    "no_command_restarted": Situation(
        main=job(more={"command": ["/no/such"]}, pod={"restartPolicy": "OnFailure"}, backoffLimit=6), seconds=15
    ),
    "no_node": Situation(main=job(pod={"nodeSelector": {"gpu": "yes"}}), seconds=5),
    "no_room": Situation(main=job(more={"resources": {"requests": {"cpu": "900"}}}), seconds=5),
    "no_claim": Situation(
        main=job(pod={"volumes": [{"name": "v", "persistentVolumeClaim": {"claimName": "absent"}}]}), seconds=5
    ),
    "gated": Situation(main=job(pod={"schedulingGates": [{"name": "example.com/gate"}]}), seconds=5),
    "refused_by_node": Situation(
        main=job(more={"resources": {"requests": {"cpu": "900"}}}, pod={"nodeName": "node1"}), seconds=15
    ),
    "refused_by_node_pod": Situation(
        main=pod(more={"resources": {"requests": {"cpu": "900"}}}, nodeName="node1"), seconds=8
    ),
    "quota_none": Situation(main=job(), before=[_quota(pods="0")], seconds=8),
    "quota_full": Situation(
        main=job(), before=[_quota(pods="1"), {**pod("sleep 60"), "metadata": {"name": "other"}}], seconds=8
    ),
    "quota_wants_limits": Situation(main=job(), before=[_quota(limits_memory="1Gi")], seconds=8),
    "quota_too_small": Situation(
        main=job(more={"resources": {"limits": {"memory": "2Gi"}}}), before=[_quota(limits_memory="1Gi")], seconds=8
    ),
    "pod_security": Situation(main=job(), labels={"pod-security.kubernetes.io/enforce": "restricted"}, seconds=8),
    "no_service_account": Situation(main=job(pod={"serviceAccountName": "absent"}), seconds=8),
    "no_priority_class": Situation(main=job(pod={"priorityClassName": "absent"}), seconds=8),
    "no_runtime_class": Situation(main=job(pod={"runtimeClassName": "absent"}), seconds=8),
    # What others do to it.
    "job_deleted": Situation(main=job("sleep 60"), act="delete main", seconds=20),
    "pod_deleted": Situation(main=job("sleep 60"), act="delete pod", seconds=20),
    "pod_deleted_retried": Situation(main=job("sleep 60", backoffLimit=2), act="delete pod", seconds=12),
    "pod_kind_deleted": Situation(main=pod("sleep 60"), act="delete pod", seconds=20),
    "pod_deleted_polite": Situation(main=pod("trap 'exit 0' TERM; sleep 60 & wait"), act="delete pod", seconds=20),
    "namespace_deleted": Situation(main=job("sleep 60"), act="delete namespace", seconds=25),
    "evicted": Situation(main=job("sleep 60"), act="evict", seconds=20),
    "evicted_pod": Situation(main=pod("sleep 60"), act="evict", seconds=20),
    "ended_then_deleted": Situation(main=pod("exit 3"), act="delete ended", seconds=20),
    "script_deleted": Situation(main=job("sleep 60", podReplacementPolicy="Failed"), act="delete pod", seconds=20),
    "script_deleted_polite": Situation(
        main=job("trap 'exit 0' TERM; sleep 60 & wait", podReplacementPolicy="Failed"), act="delete pod", seconds=20
    ),
    "script_evicted": Situation(main=job("sleep 60", podReplacementPolicy="Failed"), act="evict", seconds=20),
    "pod_forced": Situation(main=job("sleep 60"), act="force", seconds=20),
    "pod_kind_forced": Situation(main=pod("sleep 60"), act="force", seconds=20),
    "killed": Situation(main=job("exec sleep {mark}"), act="kill", seconds=20),
}
"""Recorded at once, each in its own namespace."""

DISTURBING: Final[Mapping[str, Situation]] = {
    "preempted": Situation(
        main=job("sleep 60", {"resources": {"requests": {"cpu": "{most}"}}}), act="preempt", seconds=30
    ),
    "preempted_retried": Situation(
        main=job("sleep 60", {"resources": {"requests": {"cpu": "{most}"}}}, backoffLimit=2), act="preempt", seconds=30
    ),
    "tainted": Situation(main=job("sleep 60"), act="taint", seconds=30),
    "node_lost": Situation(main=job("sleep 90", pod={"tolerations": _TOLERATIONS}), act="freeze", seconds=60, after=3),
    "node_lost_pod": Situation(main=pod("sleep 90", tolerations=_TOLERATIONS), act="freeze", seconds=60, after=3),
    "node_lost_retried": Situation(
        main=job("sleep 90", pod={"tolerations": _TOLERATIONS}, backoffLimit=2), act="freeze", seconds=60, after=3
    ),
    "script_node_lost": Situation(
        main=job("sleep 90", pod={"tolerations": _TOLERATIONS}, podReplacementPolicy="Failed"),
        act="freeze",
        seconds=60,
        after=3,
    ),
    "node_out_of_sight": Situation(main=job("sleep 30"), act="freeze", seconds=75, after=3),
    "node_removed": Situation(main=job("sleep 60", pod={"nodeName": "paper-unplug"}), act="unplug", seconds=90),
}
"""What is done to these is done to the whole node; one kind of act at a time."""

REFUSED: Final[Mapping[str, tuple[Situation, str]]] = {
    "rights": (Situation(main=job()), "limited"),
    "rights_pod": (Situation(main=pod()), "limited"),
    "token": (Situation(main=job()), "nobody"),
    "quota_pod": (Situation(main=pod(), before=[_quota(pods="0")]), "admin"),
    "quota_jobs": (Situation(main=job(), before=[_quota(**{"count/jobs_batch": "0"})]), "admin"),
    "pod_security_pod": (Situation(main=pod(), labels={"pod-security.kubernetes.io/enforce": "restricted"}), "admin"),
    "policy": (Situation(main=job(), labels={"refuse": "policy"}), "admin"),
    "webhook": (Situation(main=job(), labels={"refuse": "webhook"}), "admin"),
    "invalid": (Situation(main=job(more={"command": ["true"], "ports": [{"containerPort": 700000}]})), "admin"),
    "invalid_twice": (Situation(main=job(completions=-1, more={"image": "", "name": "Not A Name"})), "admin"),
    "unknown_field": (Situation(main=job(retries=3)), "admin"),
    "wrong_kind_of_value": (Situation(main=job(backoffLimit="three")), "admin"),
    "no_namespace": (Situation(main=job()), "admin"),
    "leaving_namespace": (Situation(main=job()), "admin"),
    "too_large": (Situation(main=job("#" + "x" * 3_200_000)), "admin"),
    "large": (Situation(main=job("#" + "x" * 1_600_000)), "admin"),
    "no_service_account_pod": (Situation(main=pod(serviceAccountName="absent")), "admin"),
}
"""What the API server answers to the creation of `main` by the user named."""
