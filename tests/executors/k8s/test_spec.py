"""Jobs that are refused when they are created: each names the field, and what to write instead."""

from __future__ import annotations

from typing import Any

import pytest
from tests.executors.k8s.facts import JOB, SCRIPT, problems_of

from anyjob.spec import CommonXAttrs
from anyjob.spec.schema import spec_schema
from anyjob_k8s.options import K8sOptions
from anyjob_k8s.spec import K8sSpec

POD = """\
apiVersion: v1
kind: Pod
metadata: {name: schedulerx-shell-{JOB_ID}, namespace: {NAMESPACE}}
spec:
  containers:
    - {name: a, image: busybox:test, command: [sh, /s/run], volumeMounts: [{name: s, mountPath: /s}]}
  volumes:
    - name: s
      configMap: {name: schedulerx-configmap, items: [{key: "schedulerx-shell-{JOB_ID}", path: run}]}
"""
CUSTOM = {"resource": "shell", "templateType": "customTemplate"}

GOOD: list[tuple[str, dict[str, Any], dict[str, Any]]] = [
    ("echo", SCRIPT, {}),
    ("echo", {"resource": "Python", "image": "python:3"}, {}),
    ("echo", {"resource": "node", "image": "node"}, {}),
    ("echo", {**SCRIPT, "command": "bash"}, {}),
    ("echo", {**SCRIPT, "command": ["bash", "-eu"], "fileFormat": "windows"}, {}),
    ("echo", {**SCRIPT, "context": "kind", "namespace": "jobs", "serviceAccount": "runner"}, {}),
    ("echo", {**SCRIPT, "serviceAccountName": "runner", "automountServiceAccountToken": True}, {}),
    ("echo", {**SCRIPT, "resources": {"requests": {"cpu": "100m", "memory": 1024, "nvidia.com/gpu": 1}}}, {}),
    (
        "echo",
        {**SCRIPT, "envFrom": [{"secretRef": {"name": "db"}, "prefix": "DB_"}, {"configMapRef": {"name": "a"}}]},
        {},
    ),
    ("echo", {**SCRIPT, "secretEnv": {"P": {"name": "db", "key": "password", "optional": True}}}, {}),
    ("echo", {**SCRIPT, "imagePullSecrets": ["a", {"name": "b"}], "imagePullPolicy": "Always"}, {}),
    ("echo", {**SCRIPT, "tolerations": [{"operator": "Exists"}, {"key": "k", "tolerationSeconds": 5}]}, {}),
    ("echo", {**SCRIPT, "nodeSelector": {"kubernetes.io/os": "linux"}, "priorityClassName": "low"}, {}),
    ("echo", {**SCRIPT, "runAsUser": 0, "runAsGroup": 1, "fsGroup": 2, "readOnlyRootFilesystem": True}, {}),
    (JOB, {"resource": "job"}, {}),
    (JOB, {"resource": "job", "container": "report", "namespace": "jobs", "pendingLimit": 5, "fileFormat": "unix"}, {}),
    ("echo", CUSTOM, {"template": POD}),
    ("echo", {**CUSTOM, "template": POD, "namespace": "jobs", "container": "a"}, {}),
]


@pytest.mark.parametrize(("content", "xattrs", "fields"), GOOD, ids=range(len(GOOD)))
def test_taken(content: str, xattrs: dict[str, Any], fields: dict[str, Any]) -> None:
    assert problems_of(content, xattrs, **fields) == []


SCRIPTS_ONLY = "is for scripts; with resource job it stands in the manifest: take it out here"
BAD: list[tuple[dict[str, Any], str]] = [
    ({}, "XAttrs.resource is missing; write job (Content is a manifest), or shell, python, php, nodejs"),
    ({"resource": "shel", "image": "x"}, 'XAttrs.resource: "shel" is not allowed; did you mean shell?'),
    ({"resource": "shell"}, "XAttrs.image is missing; write the image in which the script runs here"),
    ({**SCRIPT, "image": "two words"}, 'XAttrs.image: "two words" has a blank in it; write'),
    ({**SCRIPT, "namespace": "Jobs"}, 'XAttrs.namespace: "Jobs" is no name of Kubernetes; use a-z, 0-9 and'),
    ({**SCRIPT, "cluster": "a", "context": "b"}, 'XAttrs.cluster: "a" differs from XAttrs.context, which says "b"'),
    ({**SCRIPT, "resources": {"limits": {"memory": "lots"}}}, 'XAttrs.resources.limits.memory: "lots" is no quantity'),
    ({**SCRIPT, "resources": {"limit": {}}}, 'XAttrs.resources.limit: "{}" is unknown; did you mean limits?'),
    ({**SCRIPT, "envFrom": [{}]}, 'XAttrs.envFrom[0]: "{}" names no or two sources; write'),
    ({**SCRIPT, "envFrom": [{"secretRef": {"nam": "x"}}]}, "XAttrs.envFrom[0].secretRef.name is missing; write it"),
    ({**SCRIPT, "secretEnv": {"ANYJOB_X": {"name": "a", "key": "b"}}}, "ANYJOB_X"),
    ({**SCRIPT, "secretEnv": {"P": {"name": "a", "key": "b/c"}}}, 'XAttrs.secretEnv.P.key: "b/c" is no key of a'),
    ({**SCRIPT, "mountPath": "here"}, 'XAttrs.mountPath: "here" is no folder to mount at; write a path from the root'),
    ({**SCRIPT, "mountPath": "/a/../etc"}, 'XAttrs.mountPath: "/a/../etc" is no folder to mount at'),
    ({**SCRIPT, "imagePullPolicy": "always"}, 'XAttrs.imagePullPolicy: "always" is not allowed; did you mean Always?'),
    ({**SCRIPT, "tolerations": [{"effect": "NoSchedule"}]}, "XAttrs.tolerations[0]"),
    ({**SCRIPT, "tolerations": {"key": "x"}}, "XAttrs.tolerations"),
    ({**SCRIPT, "nodeSelector": {"disk": "very fast"}}, 'XAttrs.nodeSelector.disk: "very fast" is no value of a label'),
    ({**SCRIPT, "runAsUser": "root"}, 'XAttrs.runAsUser: "root" is not a whole number'),
    ({**SCRIPT, "pendingLimit": 0}, 'XAttrs.pendingLimit: "0" is out of range; write more than 0'),
    ({**SCRIPT, "container": "main"}, 'XAttrs.container: "main" is for manifests and templates'),
    ({**SCRIPT, "nodeselector": {}}, 'XAttrs.nodeselector: "{}" is read by nobody; did you mean nodeSelector?'),
    ({**SCRIPT, "template": POD}, 'is read with XAttrs {"templateType": "customTemplate"} alone'),
    (CUSTOM, "Template is empty; write the manifest of the pod in which the script runs here or in XAttrs.template"),
    ({**CUSTOM, "template": POD, "image": "x"}, "with one it stands there: take it out here"),
    (
        {**CUSTOM, "template": POD, "container": "b"},
        'XAttrs.container: "b" is no container of the manifest; write one of: a',
    ),
    ({**CUSTOM, "templateType": "custom"}, 'XAttrs.templateType: "custom" is not allowed'),
    ({**CUSTOM, "template": JOB}, "mounts no ConfigMap schedulerx-configmap, so the script reaches no container"),
    (
        {**CUSTOM, "resource": "php", "template": POD},
        "for the key schedulerx-shell-{JOB_ID}, and it holds schedulerx-php-{JOB_ID} alone",
    ),
    ({**CUSTOM, "resource": "job"}, 'XAttrs.templateType: "customTemplate" is for scripts'),
]


@pytest.mark.parametrize(("xattrs", "said"), BAD, ids=[said[:40] for _, said in BAD])
def test_refused(xattrs: dict[str, Any], said: str) -> None:
    found = problems_of("echo", xattrs)
    assert any(said in one for one in found), found


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("image", "busybox"),
        ("command", "bash"),
        ("runAsUser", 0),
        ("resources", {}),
        ("serviceAccount", "a"),
        ("automountServiceAccountToken", True),
        ("envFrom", []),
        ("tolerations", []),
        ("restricted", True),
    ],
)
def test_a_manifest_says_itself_what_its_pod_is_like(key: str, value: object) -> None:
    (found,) = problems_of(JOB, {"resource": "job", key: value})
    assert found.startswith(f"XAttrs.{key}: ")
    assert found.endswith(SCRIPTS_ONLY)


def test_limits_of_a_manifest_stand_in_its_containers() -> None:
    said = "is for scripts in pods of ours; write resources.limits into"
    (found,) = problems_of(JOB, {"resource": "job", "limits": {"memory": "1G"}})
    assert found.startswith("XAttrs.limits: ")
    assert found.endswith(f"{said} the manifest's containers")
    (found,) = problems_of("echo", {**CUSTOM, "limits": {"cpu": 1}}, template=POD)
    assert found.endswith(f"{said} the template's containers")
    assert problems_of("echo", {**SCRIPT, "limits": {"cpu": 1}}) == []
    assert problems_of(JOB, {"resource": "job", "limits": {}}) == []


@pytest.mark.parametrize("value", ["lots", "1 Gi", "1GB", "0x10", "true", "[1]", '""'])
def test_an_amount_that_is_none_is_told_with_its_place(value: str) -> None:
    content = f"{JOB}          resources: {{limits: {{cpu: {value}}}}}\n"
    (found,) = problems_of(content, {"resource": "job"})
    assert "has at spec.template.spec.containers[0].resources.limits.cpu " in found
    assert found.endswith("which is no quantity of Kubernetes; write 500m, 1.5 or 128Mi")


@pytest.mark.parametrize("value", ["1", "0.5", "500m", "128Mi", "1e3", '".5"', '"+1"', "2E", "'#{schedulerx.x}'"])
def test_amounts_of_a_manifest(value: str) -> None:
    content = f"{JOB}          resources: {{requests: {{memory: {value}}}}}\n"
    assert problems_of(content, {"resource": "job"}) == []


def test_namespaces_that_contradict() -> None:
    content = JOB.replace("name: nightly-report", "name: nightly-report\n  namespace: there")
    assert problems_of(content, {"resource": "job", "namespace": "there"}) == []
    (found,) = problems_of(content, {"resource": "job", "namespace": "here"})
    assert found.endswith("names the namespace there, and XAttrs.namespace here; keep one of the two")


def test_a_script_fits_into_a_config_map() -> None:
    size = 1 << 20
    assert problems_of("x" * size, SCRIPT) == []
    for text in ("x" * (size + 1), "中" * (size // 3 + 1)):  # it is the encoded size that counts
        (found,) = problems_of(text, SCRIPT)
        assert f"is a script of {len(text.encode())} bytes, and a ConfigMap or Secret holds at most 1048576" in found


@pytest.mark.parametrize("resource", ["job", "shell"])
def test_blank_content(resource: str) -> None:
    xattrs: dict[str, Any] = {"resource": resource} | ({} if resource == "job" else {"image": "x"})
    assert problems_of("", xattrs) == ["Content is empty; write the manifest or the script here"]
    (found,) = problems_of(" \n", xattrs)
    assert "holds blanks only; write the" in found


def test_the_schema_describes_every_key() -> None:
    schema: Any = spec_schema(K8sSpec, CommonXAttrs)
    keys = schema["$defs"]["Job.XAttrs"]["properties"]
    assert {"resource", "image", "context", "cluster", "envFrom", "tolerations", "limits", "template"} <= keys.keys()
    assert schema["$defs"]["Job.XAttrs"]["required"] == ["resource"]
    assert schema["$defs"]["Toleration"]["properties"].keys() == {
        "key",
        "operator",
        "value",
        "effect",
        "tolerationSeconds",
    }
    of_launcher: Any = spec_schema(K8sOptions)
    assert of_launcher["$defs"]["Job.XAttrs"]["required"] == ["image"]
