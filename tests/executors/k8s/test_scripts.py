"""Scripts as objects of Kubernetes: everything of the run reaches them, and nothing of a stranger becomes code."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest
from tests.executors.k8s.facts import SCRIPT, container_of, job_of, pod_of, problems_of, run_of, spec_of

from anyjob.errors import PasteRefused
from anyjob.job import BadJob
from anyjob.run import Shard
from anyjob_k8s.plan import Plan, plan_run
from anyjob_k8s.settings import ClusterSettings, K8sSettings

TOKEN = {"secrets": {"TOKEN": "of-the-settings"}}
KNOWN = {"of-the-settings": "hunter2"}


def plan_of(
    content: str = "echo hello",
    xattrs: dict[str, Any] | None = None,
    settings: K8sSettings | None = None,
    *,
    now: float = 1_000_000.0,
    parameters: str = "",
    **facts: Any,
) -> Plan:
    job = job_of(content, {**SCRIPT, **(xattrs or {})}, parameters=parameters)
    return plan_run(run_of(job, **facts), spec_of(job), settings or K8sSettings(), now=now)


def env_of(plan: Plan) -> dict[str, Any]:
    return {entry["name"]: entry.get("value", entry.get("valueFrom")) for entry in container_of(plan.main)["env"]}


def test_a_plain_script() -> None:
    plan = plan_of()
    assert (plan.kind, plan.cluster, plan.namespace, plan.container) == ("Job", "", "default", "main")
    assert (plan.ours, plan.deadline_by_remote, plan.pending, plan.keep) == (True, False, 300, 0)
    assert [thing["kind"] for thing in plan.objects] == ["Job", "ConfigMap"]
    labels = {
        "anyjob.dev/run": "aj-4d-0-1",
        "anyjob.dev/managed": "true",
        "anyjob.dev/job-id": "5",
        "anyjob.dev/instance": "77",
    }
    for thing in plan.objects:
        metadata = thing["metadata"]
        assert (metadata["name"], metadata["namespace"], metadata["labels"]) == ("aj-4d-0-1", "default", labels)
    spec = plan.main["spec"]
    assert spec["template"]["metadata"]["labels"] == labels
    assert (spec["backoffLimit"], spec["podReplacementPolicy"]) == (0, "Failed")
    assert "activeDeadlineSeconds" not in spec
    assert "activeDeadlineSeconds" not in pod_of(plan.main)
    pod = pod_of(plan.main)
    assert (pod["restartPolicy"], pod["automountServiceAccountToken"]) == ("Never", False)
    assert pod["shareProcessNamespace"] is True
    container = container_of(plan.main)
    assert container["image"] == "busybox:test"
    assert container["imagePullPolicy"] == "IfNotPresent"
    assert container["command"] == ["sh", "/anyjob/script"]
    assert container["securityContext"] == {"allowPrivilegeEscalation": False}
    assert container["volumeMounts"] == [{"name": "anyjob", "mountPath": "/anyjob", "readOnly": True}]
    (source,) = pod["volumes"][0]["projected"]["sources"]
    assert source["configMap"] == {"name": "aj-4d-0-1", "items": [{"key": "script", "path": "script"}]}
    assert plan.companions[0]["data"] == {"script": "echo hello"}
    assert plan.companions[0]["immutable"] is True


@pytest.mark.parametrize(
    ("resource", "interpreter"), [("shell", "sh"), ("python", "python3"), ("php", "php"), ("nodejs", "node")]
)
def test_interpreters(resource: str, interpreter: str) -> None:
    plan = plan_of(xattrs={"resource": resource})
    assert container_of(plan.main)["command"] == [interpreter, "/anyjob/script"]
    assert ("PYTHONUNBUFFERED" in env_of(plan)) == (resource == "python")
    own = plan_of(xattrs={"resource": resource, "command": ["env", "bash", "-$"], "mountPath": "/opt/job"})
    assert container_of(own.main)["command"] == ["env", "bash", "-$$", "/opt/job/script"]


def test_the_run_reaches_the_pod_as_environment() -> None:
    plan = plan_of(
        xattrs={"env": {"MODE": "fast", "PYTHONUNBUFFERED": ""}, "resource": "python"},
        parameters="a=1",
        shard=Shard(id=2, parameter="x y", total=3),
        instance_parameters="fired",
        payload={"k": 1},
        deadline=1_000_060.5,
    )
    env = env_of(plan)
    assert env["MODE"] == "fast"
    assert env["PYTHONUNBUFFERED"] == ""
    wanted = {
        "RUN": "aj-4d-0-1",
        "JOB_ID": "5",
        "INSTANCE_ID": "77",
        "PARAMETERS": "a=1",
        "INSTANCE_PARAMETERS": "fired",
        "SHARD_ID": "2",
        "SHARD_PARAMETER": "x y",
        "SHARD_TOTAL": "3",
        "TASK": '{"k": 1}',
        "DEADLINE": "1000060500",
    }
    assert {name: env[f"ANYJOB_{name}"] for name in wanted} == wanted
    assert not {"ANYJOB_RESULT", "ANYJOB_MAP", "ANYJOB_PROGRESS", "ANYJOB_SECRETS", "PATH"} & env.keys()
    assert container_of(plan.main)["command"] == ["python3", "/anyjob/script", "2", "x y"]


def test_kubernetes_own_references_are_text_in_what_is_ours() -> None:
    plan = plan_of(
        "echo $(ANYJOB_RUN) $$",
        {"env": {"PRICE": "5$ $(PATH) $$"}},
        parameters="$(HOME)",
        shard=Shard(id=0, parameter="$(HOME)$", total=1),
    )
    env = env_of(plan)
    assert env["PRICE"] == "5$$ $$(PATH) $$$$"
    assert env["ANYJOB_PARAMETERS"] == "$$(HOME)"
    assert container_of(plan.main)["command"][2:] == ["0", "$$(HOME)$$"]
    assert plan.companions[0]["data"]["script"] == "echo $(ANYJOB_RUN) $$"  # a file, which nobody expands


def test_placeholders_and_line_ends() -> None:
    text = "echo #{schedulerx.jobParameters}\r\n"
    assert plan_of(text, parameters="p").companions[0]["data"]["script"] == "echo p\n"
    windows = plan_of(text, {"fileFormat": "windows"}, parameters="p")
    assert windows.companions[0]["data"]["script"] == "echo p\r\n"
    assert plan_of(f"\ufeff{text}", parameters="p").companions[0]["data"]["script"] == "echo p\n"
    with pytest.raises(PasteRefused):
        plan_of("#{schedulerx.instanceParameters}", instance_parameters="rm -rf /")


def test_secrets_stand_in_the_secret_alone() -> None:
    xattrs = {**TOKEN, "env": {"P": {"secret": "TOKEN"}, "URL": "db://u:hunter2@h", "PLAIN": "x"}}
    plan = plan_of(xattrs=xattrs, secrets=KNOWN)
    main, script, secret = plan.objects
    assert "hunter2" not in json.dumps([main, script])
    assert secret["kind"] == "Secret"
    assert secret["stringData"] == {"TOKEN": "hunter2", "env.P": "hunter2", "env.URL": "db://u:hunter2@h"}
    env = env_of(plan)
    assert env["P"] == {"secretKeyRef": {"name": "aj-4d-0-1", "key": "env.P"}}
    assert env["URL"] == {"secretKeyRef": {"name": "aj-4d-0-1", "key": "env.URL"}}
    assert (env["PLAIN"], env["ANYJOB_SECRETS"]) == ("x", "/anyjob/secrets")
    _, files = pod_of(main)["volumes"][0]["projected"]["sources"]
    assert files["secret"]["items"] == [{"key": "TOKEN", "path": "secrets/TOKEN"}]


def test_what_does_not_fit() -> None:
    with pytest.raises(BadJob) as caught:
        plan_of("#{schedulerx.jobParameters}" * 200, parameters="x" * 10_000)
    assert str(caught.value.problems[0]).startswith('Content: "2000000 bytes" is a script of 2000000 bytes, and a')
    with pytest.raises(BadJob) as caught:
        plan_of(xattrs=TOKEN, secrets={"of-the-settings": "x" * (1 << 20) + "y"})
    assert caught.value.problems[0].field == "XAttrs.secrets"
    assert "xxx" not in str(caught.value)


def test_a_script_that_json_would_blow_up_travels_in_base64() -> None:
    script = "\x01" * 100_000
    companion = plan_of(script).companions[0]
    assert base64.b64decode(companion["binaryData"]["script"]) == script.encode()
    assert len(json.dumps(companion)) < 140_000


def test_the_deadline() -> None:
    plan = plan_of(xattrs={"grace": 2.5}, deadline=1_000_059.2)
    assert pod_of(plan.main)["activeDeadlineSeconds"] == 60
    assert plan.main["spec"]["activeDeadlineSeconds"] == 60 + 3 + 30  # later: it takes pod and log away
    assert pod_of(plan.main)["terminationGracePeriodSeconds"] == 3
    assert plan.deadline_by_remote
    late = plan_of(xattrs={"grace": 0}, deadline=999_000.0)
    assert pod_of(late.main)["activeDeadlineSeconds"] == 1
    assert pod_of(late.main)["terminationGracePeriodSeconds"] == 1  # 0 would let the API forget it at once
    assert pod_of(plan_of(deadline=9e12).main)["activeDeadlineSeconds"] == 2**31 - 1


def test_limits_and_resources() -> None:
    xattrs = {
        "limits": {"memory": "64Mi", "cpu": 0.25},
        "resources": {"requests": {"cpu": "100m"}, "limits": {"memory": "1Gi", "nvidia.com/gpu": 1}},
    }
    assert container_of(plan_of(xattrs=xattrs).main)["resources"] == {
        "requests": {"cpu": "100m"},
        "limits": {"memory": "67108864", "cpu": "250m", "nvidia.com/gpu": "1"},
    }


def test_every_key_of_the_pod() -> None:
    xattrs: dict[str, Any] = {
        "serviceAccount": "runner",
        "automountServiceAccountToken": True,
        "envFrom": [{"secretRef": {"name": "db"}, "prefix": "DB_"}, {"configMapRef": {"name": "c", "optional": True}}],
        "secretEnv": {"P": {"name": "db", "key": "password"}},
        "configMapEnv": {"M": {"name": "app", "key": "mode", "optional": True}},
        "imagePullPolicy": "Never",
        "imagePullSecrets": ["a", {"name": "b"}],
        "nodeSelector": {"disk": "ssd"},
        "tolerations": [{"key": "k", "value": "v", "effect": "NoExecute", "tolerationSeconds": 5}],
        "priorityClass": "low",
        "runAsUser": 0,
        "runAsGroup": 0,
        "fsGroup": 7,
        "readOnlyRootFilesystem": True,
        "restricted": True,
        "pendingLimit": 7,
        "namespace": "jobs",
    }
    assert problems_of("echo", {**SCRIPT, **xattrs}) == []
    plan = plan_of(xattrs=xattrs)
    pod, container = pod_of(plan.main), container_of(plan.main)
    assert (plan.pending, plan.namespace, plan.main["metadata"]["namespace"]) == (7, "jobs", "jobs")
    assert (pod["serviceAccountName"], pod["automountServiceAccountToken"]) == ("runner", True)
    assert pod["imagePullSecrets"] == [{"name": "a"}, {"name": "b"}]
    assert (pod["nodeSelector"], pod["priorityClassName"]) == ({"disk": "ssd"}, "low")
    (toleration,) = pod["tolerations"]
    assert toleration == {"key": "k", "operator": "Equal", "value": "v", "effect": "NoExecute", "tolerationSeconds": 5}
    assert pod["securityContext"] == {"seccompProfile": {"type": "RuntimeDefault"}, "fsGroup": 7}
    assert container["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "runAsUser": 0,
        "runAsGroup": 0,
        "readOnlyRootFilesystem": True,
        "runAsNonRoot": True,
        "capabilities": {"drop": ["ALL"]},
    }
    assert container["imagePullPolicy"] == "Never"
    assert container["envFrom"] == [
        {"secretRef": {"name": "db"}, "prefix": "DB_"},
        {"configMapRef": {"name": "c", "optional": True}},
    ]
    assert container["env"][:2] == [
        {"name": "P", "valueFrom": {"secretKeyRef": {"name": "db", "key": "password"}}},
        {"name": "M", "valueFrom": {"configMapKeyRef": {"name": "app", "key": "mode", "optional": True}}},
    ]
    assert {mount["mountPath"] for mount in container["volumeMounts"]} == {"/anyjob", "/tmp"}


def test_the_job_s_own_variables_win_over_the_cluster_s() -> None:
    refs = {"A": {"name": "a", "key": "b"}, "B": {"name": "a", "key": "b"}}
    entries = container_of(plan_of(xattrs={"env": {"A": "mine"}, "secretEnv": refs}).main)["env"]
    assert [entry for entry in entries if entry["name"] == "A"] == [{"name": "A", "value": "mine"}]
    assert [entry["name"] for entry in entries].count("B") == 1


def test_own_labels_are_labels_where_they_can_be() -> None:
    labels = {"team": "finance", "job-name": "x", "why": "because it is so", "app": "y" * 64}
    for thing in plan_of(xattrs={"labels": labels}).objects:
        metadata = thing["metadata"]
        assert metadata["labels"]["team"] == "finance"
        assert not {"job-name", "why", "app"} & metadata["labels"].keys()
        assert metadata["annotations"]["label.anyjob.dev/why"] == "because it is so"
        assert metadata["annotations"]["anyjob.dev/job"] == "nightly"


def test_where_it_runs() -> None:
    two = K8sSettings(
        clusters={"a": ClusterSettings(context="x", namespace="of-a"), "b": ClusterSettings()}, default="a"
    )
    assert (plan_of(settings=two).cluster, plan_of(settings=two).namespace) == ("a", "of-a")
    assert plan_of(xattrs={"cluster": "b"}, settings=two).namespace == "default"
    assert plan_of(xattrs={"context": "b", "namespace": "mine"}, settings=two).namespace == "mine"
    with pytest.raises(BadJob) as caught:
        plan_of(xattrs={"cluster": "c"}, settings=two)
    assert str(caught.value.problems[0]).startswith('XAttrs.cluster: "c" is no cluster of the worker')
    assert plan_of(xattrs={"context": "kind"}).cluster == "kind"
