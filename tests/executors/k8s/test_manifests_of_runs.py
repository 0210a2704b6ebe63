"""A user's manifest, as it is sent for one run: several may be there at one time, and nothing else of it is changed."""

from __future__ import annotations

import json
from copy import deepcopy
from typing import Any

import pytest
import yaml
from tests.executors.k8s.facts import JOB, container_of, job_of, pod_of, problems_of, run_of, spec_of
from tests.executors.k8s.test_manifest import EVERYTHING, RICH
from tests.executors.k8s.test_spec import POD

from anyjob.errors import PasteRefused
from anyjob.job import BadJob
from anyjob_k8s.plan import Plan, kept_seconds, plan_run
from anyjob_k8s.settings import K8sSettings

OURS = {
    "anyjob.dev/run": "aj-4d-0-1",
    "anyjob.dev/managed": "true",
    "anyjob.dev/job-id": "5",
    "anyjob.dev/instance": "77",
}


def plan_of(
    content: str | dict[str, Any],
    xattrs: dict[str, Any] | None = None,
    parameters: str = "",
    template: str = "",
    **facts: Any,
) -> Plan:
    text = content if isinstance(content, str) else json.dumps(content)
    job = job_of(text, {"resource": "job", **(xattrs or {})}, parameters=parameters, template=template)
    return plan_run(run_of(job, **facts), spec_of(job), EVERYTHING, now=1000.0)


def body_of(content: str = JOB) -> dict[str, Any]:
    return yaml.safe_load(content)


def test_the_plainest() -> None:
    plan = plan_of(JOB)
    assert (plan.kind, plan.namespace, plan.container, plan.ours) == ("Job", "default", None, False)
    assert plan.companions == []
    labels = {**OURS, "anyjob.dev/name": "nightly-report"}
    assert plan.main["metadata"]["name"] == "aj-4d-0-1"
    assert plan.main["metadata"]["labels"] == labels
    assert plan.main["spec"]["template"]["metadata"]["labels"] == labels
    assert plan.main["metadata"]["annotations"] == {"anyjob.dev/job": "nightly"}
    assert pod_of(plan.main)["restartPolicy"] == "Never"
    container = container_of(plan.main)
    assert (container["image"], container["imagePullPolicy"]) == ("busybox:test", "IfNotPresent")
    assert container["command"] == ["sh", "-c", "echo hello"]


def test_two_runs_share_no_name_and_no_selector() -> None:
    content = body_of()
    content["spec"] |= {"manualSelector": True, "selector": {"matchLabels": {"app": "x"}}}
    content["spec"]["template"]["metadata"] = {"labels": {"app": "x"}}
    job = job_of(json.dumps(content), {"resource": "job"})
    first, second = (plan_run(run_of(job, instance=n), spec_of(job), K8sSettings()).main for n in (1, 2))
    assert first["metadata"]["name"] != second["metadata"]["name"]
    for main in (first, second):
        assert not {"selector", "manualSelector"} & main["spec"].keys()
        assert main["spec"]["template"]["metadata"]["labels"]["app"] == "x"


def test_what_is_the_user_s_stays() -> None:
    content = body_of()
    own: dict[str, Any] = {
        "parallelism": 3,
        "completions": 9,
        "completionMode": "Indexed",
        "backoffLimit": 4,
        "backoffLimitPerIndex": 1,
        "maxFailedIndexes": 2,
        "activeDeadlineSeconds": 600,
        "suspend": True,
        "podFailurePolicy": {"rules": [{"action": "Ignore", "onPodConditions": [{"type": "DisruptionTarget"}]}]},
        "podReplacementPolicy": "Failed",
    }
    content["spec"] |= own
    pod: dict[str, Any] = {
        "terminationGracePeriodSeconds": 77,
        "serviceAccountName": "s",
        "affinity": {"nodeAffinity": {}},
        "topologySpreadConstraints": [{"maxSkew": 1}],
        "hostAliases": [{"ip": "10.0.0.1", "hostnames": ["db"]}],
        "dnsConfig": {"options": [{"name": "ndots", "value": "1"}]},
    }
    content["spec"]["template"]["spec"] |= pod
    content["metadata"]["labels"] = {"app": "report"}
    content["metadata"]["annotations"] = {"note": "mine"}
    plan = plan_of(deepcopy(content), deadline=2000.0)
    assert {name: plan.main["spec"][name] for name in own} == own
    assert {name: pod_of(plan.main)[name] for name in pod} == pod
    assert plan.main["metadata"]["labels"]["app"] == "report"
    assert plan.main["metadata"]["annotations"]["note"] == "mine"
    assert not plan.deadline_by_remote
    without = plan_of(JOB, deadline=2000.0)
    assert "activeDeadlineSeconds" not in json.dumps(without.main)


def test_copied_from_a_cluster() -> None:
    content = body_of()
    content["metadata"] |= {
        "uid": "5c0",
        "resourceVersion": "77",
        "generation": 1,
        "creationTimestamp": "2026-11-27T00:00:00Z",
        "managedFields": [],
        "ownerReferences": [{"kind": "CronJob", "name": "x", "uid": "1"}],
        "finalizers": ["orphan"],
        "labels": {"controller-uid": "5c0", "job-name": "x", "batch.kubernetes.io/job-name": "x", "app": "a"},
        "annotations": {"kubectl.kubernetes.io/last-applied-configuration": "{}", "a": "b"},
    }
    content["spec"]["selector"] = {"matchLabels": {"batch.kubernetes.io/controller-uid": "5c0"}}
    content["spec"]["template"]["metadata"] = {
        "creationTimestamp": None,
        "labels": {"batch.kubernetes.io/controller-uid": "5c0"},
    }
    content["status"] = {"succeeded": 1}
    main = plan_of(content).main
    assert main.keys() == {"apiVersion", "kind", "metadata", "spec"}
    assert main["metadata"].keys() == {"name", "namespace", "labels", "annotations"}
    assert main["metadata"]["labels"] == {**OURS, "anyjob.dev/name": "nightly-report", "app": "a"}
    assert main["metadata"]["annotations"] == {"a": "b", "anyjob.dev/job": "nightly"}
    assert main["spec"].keys() == {"template"}
    assert main["spec"]["template"]["metadata"]["labels"] == {**OURS, "anyjob.dev/name": "nightly-report"}


@pytest.mark.parametrize(
    ("key", "name", "label", "annotated"),
    [
        ("name", "report", "report", False),
        ("generateName", "report-", "report", True),
        ("name", "a." * 40 + "z", ("a." * 32)[:63], True),
        ("name", "Bericht für alle", "Bericht-f-r-alle", True),
        ("name", "---", None, True),
    ],
)
def test_the_user_s_name_is_kept(key: str, name: str, label: str | None, *, annotated: bool) -> None:
    content = body_of()
    content["metadata"] = {key: name}
    metadata = plan_of(content).main["metadata"]
    assert metadata["labels"].get("anyjob.dev/name") == label
    assert metadata["annotations"].get("anyjob.dev/name") == (name if annotated else None)
    assert metadata["name"] == "aj-4d-0-1"
    assert "generateName" not in metadata


def test_nobody_s_label_hides_a_run() -> None:
    content = body_of()
    content["metadata"]["labels"] = {"anyjob.dev/run": "another", "team": "theirs"}
    labels = plan_of(content, {"labels": {"team": "ours", "tier": "x"}}).main["metadata"]["labels"]
    assert (labels["anyjob.dev/run"], labels["team"], labels["tier"]) == ("aj-4d-0-1", "theirs", "x")


def test_the_run_s_environment_reaches_every_container() -> None:
    content = body_of()
    pod = content["spec"]["template"]["spec"]
    pod["initContainers"] = [{"name": "init", "image": "a"}]
    pod["containers"] += [
        {
            "name": "b",
            "image": "b",
            "env": [{"name": "ANYJOB_RUN", "value": "mine"}, {"name": "X", "value": "$(ANYJOB_KEY)"}],
        }
    ]
    xattrs = {"env": {"MODE": "fast", "X": "ours"}}
    made = pod_of(plan_of(content, xattrs, parameters="$(X)").main)
    for container in (*made["initContainers"], made["containers"][0]):
        env = {entry["name"]: entry["value"] for entry in container["env"]}
        assert (env["ANYJOB_RUN"], env["MODE"], env["X"]) == ("aj-4d-0-1", "fast", "ours")
        assert env["ANYJOB_PARAMETERS"] == "$$(X)"
    own = made["containers"][1]["env"]
    assert [entry["value"] for entry in own if entry["name"] == "ANYJOB_RUN"] == ["mine"]
    assert own[-1] == {"name": "X", "value": "$(ANYJOB_KEY)"}  # after what it refers to
    names = [entry["name"] for entry in own]
    assert len(names) == len(set(names))


def test_secrets_of_the_run() -> None:
    xattrs = {"secrets": {"TOKEN": "t"}, "env": {"P": {"secret": "TOKEN"}}, "mountPath": "/of/anyjob"}
    plan = plan_of(JOB, xattrs, secrets={"t": "hunter2"})
    main, secret = plan.objects
    assert "hunter2" not in json.dumps(main)
    assert secret["stringData"] == {"TOKEN": "hunter2", "env.P": "hunter2"}
    (volume,) = pod_of(main)["volumes"]
    assert volume["projected"]["sources"] == [
        {"secret": {"name": "aj-4d-0-1", "items": [{"key": "TOKEN", "path": "TOKEN"}]}}
    ]
    container = container_of(main)
    assert container["volumeMounts"] == [{"name": volume["name"], "mountPath": "/of/anyjob/secrets", "readOnly": True}]
    assert {"name": "ANYJOB_SECRETS", "value": "/of/anyjob/secrets"} in container["env"]


def test_placeholders_are_pasted_into_texts_and_change_no_structure() -> None:
    text = JOB.replace('"echo hello"', '"echo #{schedulerx.jobParameters}"')
    evil = '"]\n        securityContext: {privileged: true}\n        args: ["'
    container = container_of(plan_of(text, parameters=evil).main)
    assert container["command"] == ["sh", "-c", f"echo {evil}"]
    assert "securityContext" not in container
    with pytest.raises(PasteRefused):
        plan_of(text.replace("jobParameters", "instanceParameters"), instance_parameters="x")


def test_a_pull_policy_is_given_to_containers_that_have_none() -> None:
    content = body_of()
    content["spec"]["template"]["spec"]["containers"] += [{"name": "b", "image": "b", "imagePullPolicy": "Always"}]
    made = pod_of(plan_of(content, {"imagePullPolicy": "Never"}).main)["containers"]
    assert [one["imagePullPolicy"] for one in made] == ["Never", "Always"]


def test_the_cluster_does_not_forget_what_anyjob_has_not_seen() -> None:
    plan = plan_of(RICH)
    assert "ttlSecondsAfterFinished" not in plan.main["spec"]
    assert plan.keep == 5
    assert pod_of(plan.main)["terminationGracePeriodSeconds"] == 1
    job = job_of(RICH, {"resource": "job"})
    assert kept_seconds(spec_of(job), K8sSettings(keep=60)) == 5
    assert (
        plan_run(
            run_of(job_of(JOB, {"resource": "job"})), spec_of(job_of(JOB, {"resource": "job"})), K8sSettings(keep=60)
        ).keep
        == 60
    )


def test_namespace_and_container() -> None:
    content = body_of()
    content["metadata"]["namespace"] = "there"
    plan = plan_of(content, {"container": "report", "pendingLimit": 9})
    assert (plan.namespace, plan.main["metadata"]["namespace"], plan.container, plan.pending) == (
        "there",
        "there",
        "report",
        9,
    )
    filled = body_of()
    filled["metadata"]["namespace"] = "#{schedulerx.jobParameters}"
    assert plan_of(filled, parameters="team-a").namespace == "team-a"
    with pytest.raises(BadJob) as caught:
        plan_of(filled, {"namespace": "team-b"}, parameters="team-a")
    assert caught.value.problems[0].field == "Content.metadata.namespace"


def test_a_pod() -> None:
    pod = "apiVersion: v1\nkind: Pod\nmetadata: {name: mine}\nspec: {containers: [{name: a, image: b}]}"
    plan = plan_of(pod, deadline=2000.0)
    assert (plan.kind, plan.main["metadata"]["name"]) == ("Pod", "aj-4d-0-1")
    assert plan.main["metadata"]["labels"]["anyjob.dev/name"] == "mine"
    assert plan.main["spec"]["restartPolicy"] == "Never"
    assert "activeDeadlineSeconds" not in plan.main["spec"]


CUSTOM = {"resource": "shell", "templateType": "customTemplate"}


def test_a_custom_template() -> None:
    plan = plan_of("echo #{schedulerx.jobId}\r\n", {**CUSTOM, "namespace": "jobs"}, template=POD, deadline=1060.0)
    assert (plan.kind, plan.namespace, plan.ours, plan.container) == ("Pod", "jobs", False, None)
    main, script = plan.objects
    assert main["metadata"]["labels"]["anyjob.dev/name"] == "schedulerx-shell-5"
    assert main["metadata"]["namespace"] == "jobs"
    assert main["spec"]["volumes"][0]["configMap"] == {
        "name": "aj-4d-0-1",
        "items": [{"key": "schedulerx-shell-5", "path": "run"}],
    }
    assert script["metadata"]["name"] == "aj-4d-0-1"
    assert script["data"] == {"schedulerx-shell-5": "echo 5\n"}
    assert main["spec"]["activeDeadlineSeconds"] == 60
    assert plan.deadline_by_remote
    own = POD.replace("spec:\n", "spec:\n  activeDeadlineSeconds: 600\n")
    plan = plan_of("echo", CUSTOM, template=own, deadline=1060.0)
    assert plan.main["spec"]["activeDeadlineSeconds"] == 600
    assert not plan.deadline_by_remote


@pytest.mark.parametrize(
    "reference",
    [
        "volumes: [{name: v, configMap: {name: schedulerx-configmap}}]",
        "volumes: [{name: v, projected: {sources: [{configMap: {name: schedulerx-configmap}}]}}]",
    ],
)
def test_every_way_to_the_script(reference: str) -> None:
    template = "apiVersion: v1\nkind: Pod\nspec:\n  containers: [{name: a, image: b}]\n  " + reference
    main = plan_of("echo", CUSTOM, template=template).main
    assert "schedulerx-configmap" not in json.dumps(main["spec"])
    assert '{"name": "aj-4d-0-1"}' in json.dumps(main["spec"]["volumes"])
    variable = (
        "apiVersion: batch/v1\nkind: Job\nspec: {template: {spec: {containers: [{name: a, image: b, env: [{name: S,"
        " valueFrom: {configMapKeyRef: {name: schedulerx-configmap, key: 'schedulerx-nodejs-{JOB_ID}'}}}]}]}}}"
    )
    (found,) = problems_of("echo", {**CUSTOM, "resource": "nodejs"}, template=variable)
    assert found.endswith(
        "for the key schedulerx-nodejs-{JOB_ID}, and it holds schedulerx-node-{JOB_ID} alone; write that"
    )
    job = plan_of("echo", {**CUSTOM, "resource": "nodejs"}, template=variable.replace("nodejs", "node"))
    env = {entry["name"]: entry for entry in container_of(job.main)["env"]}
    assert env["S"]["valueFrom"]["configMapKeyRef"] == {"name": "aj-4d-0-1", "key": "schedulerx-node-5"}
    assert job.companions[0]["data"].keys() == {"schedulerx-node-5"}
