"""What jobs may have: the field that asks for it, and the line of the settings that would allow it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from tests.executors.k8s.facts import JOB, SCRIPT, job_of, run_of, spec_of

from anyjob.executor import Command
from anyjob.job import BadJob
from anyjob.problem import Problem
from anyjob.spec.read import read_spec
from anyjob_k8s.allowed import image_name
from anyjob_k8s.forbidden import forbidden_command, forbidden_job
from anyjob_k8s.options import K8sOptions
from anyjob_k8s.plan import plan_command, plan_run
from anyjob_k8s.settings import Allowed, ClusterSettings, K8sSettings

C0 = "Content.spec.template.spec.containers[0]"


def refusals(content: str, xattrs: dict[str, Any] | None = None, allowed: Allowed | None = None) -> list[Problem]:
    """What a plan refuses, after it was seen that the job's creation refuses the same."""
    job = job_of(content, xattrs or {"resource": "job"})
    spec, settings = spec_of(job), K8sSettings(allowed=allowed or Allowed())
    early = forbidden_job(spec, settings)
    found: list[Problem] = []
    try:
        plan_run(run_of(job), spec, settings)
    except BadJob as error:
        found = list(error.problems)
    assert found == early
    return found


def manifest(container: dict[str, Any] | None = None, template: dict[str, Any] | None = None, **spec: Any) -> str:
    body = yaml.safe_load(JOB)
    body["spec"]["template"]["spec"]["containers"][0] |= container or {}
    body["spec"]["template"]["spec"] |= spec
    body["spec"]["template"] |= template or {}
    return json.dumps(body)


def security(**said: Any) -> str:
    return manifest({"securityContext": said})


HOST = {"name": "v", "hostPath": {"path": "/var/run/docker.sock"}}
APPARMOR = "container.apparmor.security.beta.kubernetes.io"
UNCONFINED = "unconfined = true"
ASKED: list[tuple[str, str, object, str, Allowed]] = [
    (
        security(privileged=True),
        f"{C0}.securityContext.privileged",
        "true",
        "privileged = true",
        Allowed(privileged=True),
    ),
    (manifest(hostNetwork=True), "hostNetwork", "true", "host_network = true", Allowed(host_network=True)),
    (manifest(hostPID=True), "hostPID", "true", "host_pid = true", Allowed(host_pid=True)),
    (manifest(hostIPC=True), "hostIPC", "true", "host_ipc = true", Allowed(host_ipc=True)),
    (
        manifest(volumes=[{"name": "a", "emptyDir": {}}, HOST]),
        "volumes[1].hostPath.path",
        "/var/run/docker.sock",
        '"/var/run/docker.sock" in `host_path`',
        Allowed(host_path=(Path("/var/run"),)),
    ),
    (
        manifest(volumes=[{"name": "a", "nfs": {"server": "s", "path": "/"}}]),
        "volumes[0].nfs",
        '{"server": "s", "path": "/"}',
        '"nfs" in `volumes`',
        Allowed(volumes=("nfs",)),
    ),
    (
        manifest(volumes=[{"name": "a", "image": {"reference": "evil"}}]),
        "volumes[0].image.reference",
        "evil",
        '"evil" in `images`',
        Allowed(images=("busybox", "evil")),
    ),
    (
        security(capabilities={"drop": ["ALL"], "add": ["NET_BIND_SERVICE", "CAP_SYS_ADMIN"]}),
        f"{C0}.securityContext.capabilities.add[1]",
        "CAP_SYS_ADMIN",
        '"SYS_ADMIN" in `capabilities`',
        Allowed(capabilities=("SYS_ADMIN",)),
    ),
    (
        manifest({"ports": [{"containerPort": 1}, {"containerPort": 2, "hostPort": 22}]}),
        f"{C0}.ports[1].hostPort",
        "22",
        "host_ports = true",
        Allowed(host_ports=True),
    ),
    (
        security(procMount="Unmasked"),
        f"{C0}.securityContext.procMount",
        "Unmasked",
        UNCONFINED,
        Allowed(unconfined=True),
    ),
    (
        security(seccompProfile={"type": "Unconfined"}),
        f"{C0}.securityContext.seccompProfile.type",
        "Unconfined",
        UNCONFINED,
        Allowed(unconfined=True),
    ),
    (
        manifest(securityContext={"appArmorProfile": {"type": "Unconfined"}}),
        "securityContext.appArmorProfile.type",
        "Unconfined",
        UNCONFINED,
        Allowed(unconfined=True),
    ),
    (
        security(seLinuxOptions={"type": "spc_t"}),
        f"{C0}.securityContext.seLinuxOptions.type",
        "spc_t",
        UNCONFINED,
        Allowed(unconfined=True),
    ),
    (
        security(seLinuxOptions={"role": "r"}),
        f"{C0}.securityContext.seLinuxOptions.role",
        "r",
        UNCONFINED,
        Allowed(unconfined=True),
    ),
    (
        manifest(securityContext={"sysctls": [{"name": "net.ipv4.tcp_syncookies"}, {"name": "kernel.x"}]}),
        "securityContext.sysctls[1].name",
        "kernel.x",
        UNCONFINED,
        Allowed(unconfined=True),
    ),
    (
        security(windowsOptions={"hostProcess": True}),
        f"{C0}.securityContext.windowsOptions.hostProcess",
        "true",
        "privileged = true",
        Allowed(privileged=True),
    ),
    (
        manifest({"livenessProbe": {"httpGet": {"host": "169.254.169.254", "port": 80}}}),
        f"{C0}.livenessProbe.httpGet.host",
        "169.254.169.254",
        UNCONFINED,
        Allowed(unconfined=True),
    ),
    (
        manifest({"lifecycle": {"preStop": {"tcpSocket": {"host": "db", "port": 80}}}}),
        f"{C0}.lifecycle.preStop.tcpSocket.host",
        "db",
        UNCONFINED,
        Allowed(unconfined=True),
    ),
    (
        manifest(template={"metadata": {"annotations": {f"{APPARMOR}/report": "unconfined"}}}),
        f"Content.spec.template.metadata.annotations.{APPARMOR}/report",
        "unconfined",
        UNCONFINED,
        Allowed(unconfined=True),
    ),
    (
        manifest(initContainers=[{"name": "i", "image": "x", "securityContext": {"privileged": True}}]),
        "initContainers[0].securityContext.privileged",
        "true",
        "privileged = true",
        Allowed(privileged=True),
    ),
    (
        manifest(ephemeralContainers=[{"name": "e", "image": "x", "securityContext": {"privileged": "yes"}}]),
        "ephemeralContainers[0].securityContext.privileged",
        "yes",
        "privileged = true",
        Allowed(privileged=True),
    ),
]  # fmt: skip


@pytest.mark.parametrize(("content", "field", "value", "setting", "allowed"), ASKED, ids=[one[1] for one in ASKED])
def test_refused_by_default_and_allowed_by_one_line(
    content: str, field: str, value: str, setting: str, allowed: Allowed
) -> None:
    if setting.endswith("`images`"):
        assert refusals(content) == []
        (found,) = refusals(content, allowed=Allowed(images=("busybox",)))
    else:
        (found,) = refusals(content)
    assert found.field == (field if field.startswith("Content") else f"Content.spec.template.spec.{field}")
    assert found.value == value
    assert found.remedy.startswith("is not allowed on this worker; ")
    assert f"ask for `{setting}" in found.remedy or f"ask for {setting}" in found.remedy
    assert found.remedy.endswith("under [executors.k8s.allowed]")
    assert refusals(content, allowed=allowed) == []


def test_everything_is_told_at_once() -> None:
    content = manifest({"securityContext": {"privileged": True}}, hostNetwork=True, hostPID=True, volumes=[HOST])
    assert len(refusals(content)) == 4


def test_a_pod_and_a_template_have_other_places() -> None:
    pod = "apiVersion: v1\nkind: Pod\nspec: {hostPID: true, containers: [{name: a, image: b}]}"
    assert [one.field for one in refusals(pod)] == ["Content.spec.hostPID"]
    text = pod.replace("containers:", "volumes: [{name: v, configMap: {name: schedulerx-configmap}}], containers:")
    custom = {"resource": "shell", "templateType": "customTemplate", "template": text}
    assert [one.field for one in refusals("echo", custom)] == ["Template.spec.hostPID"]


@pytest.mark.parametrize(
    ("path", "fine"),
    [
        ("/data", True),
        ("/data/", True),
        ("/data/a/b", True),
        ("/data2", False),
        ("/data/../etc", False),
        ("/", False),
        ("data", False),
        ("", False),
    ],
)
def test_folders_of_nodes(path: str, *, fine: bool) -> None:
    content = manifest(volumes=[{"name": "v", "hostPath": {"path": path}}])
    assert (refusals(content, allowed=Allowed(host_path=(Path("/data"),))) == []) is fine


@pytest.mark.parametrize(
    ("image", "whole"),
    [
        ("busybox", "docker.io/library/busybox:latest"),
        ("busybox:1.36", "docker.io/library/busybox:1.36"),
        ("team/tool", "docker.io/team/tool:latest"),
        ("index.docker.io/library/busybox", "docker.io/library/busybox:latest"),
        ("registry.example.com/tool", "registry.example.com/tool:latest"),
        ("localhost/tool:1", "localhost/tool:1"),
        ("host:5000/tool", "host:5000/tool:latest"),
        ("tool@sha256:ab", "docker.io/library/tool@sha256:ab"),
    ],
)
def test_names_of_images(image: str, whole: str) -> None:
    assert image_name(image) == whole


@pytest.mark.parametrize(
    ("pattern", "image", "fine"),
    [
        ("*", "anything.example.com/at/all:1", True),
        ("busybox", "busybox:1.36", True),
        ("busybox", "docker.io/library/busybox@sha256:ab", True),
        ("busybox:1.*", "busybox:1.36", True),
        ("busybox:1.*", "busybox", False),
        ("busybox", "busybox.evil.com/x", False),
        ("busybox*", "busybox.evil.com/x", False),
        ("busybox", "evil.com/library/busybox", False),
        ("busybox", "busyboxes", False),
        ("team/*", "team/a/b:1", True),
        ("team/*", "other/a", False),
        ("registry.example.com/*", "registry.example.com/a/b:1", True),
        ("registry.example.com/*", "registry.example.com.evil.com/a", False),
        ("*.example.com/*", "a.example.com/x", True),
        ("*.example.com/x", "evil.com/a.example.com/x", False),
        ("host:5000/tool", "host:5000/tool:2", True),
    ],
)
def test_patterns_of_images(pattern: str, image: str, *, fine: bool) -> None:
    found = refusals("echo", {**SCRIPT, "image": image}, Allowed(images=(pattern,)))
    assert (found == []) is fine
    if not fine:
        assert (found[0].field, found[0].value) == ("XAttrs.image", image)


def test_namespaces_and_accounts() -> None:
    allowed = Allowed(namespaces=("team-*",), service_accounts=("runner",))
    found = refusals("echo", {**SCRIPT, "namespace": "kube-system", "serviceAccount": "admin"}, allowed)
    assert [(one.field, one.value) for one in found] == [
        ("XAttrs.namespace", "kube-system"),
        ("XAttrs.serviceAccount", "admin"),
    ]
    assert refusals("echo", {**SCRIPT, "namespace": "team-a", "serviceAccount": "runner"}, allowed) == []
    (found,) = refusals("echo", {**SCRIPT, "namespace": "team-a"}, allowed)  # which is the account "default"
    assert (found.field, found.value) == ("XAttrs.serviceAccount", "default")
    content = manifest(serviceAccount="admin").replace('"nightly-report"', '"x", "namespace": "kube-system"')
    assert [one.field for one in refusals(content, allowed=allowed)] == [
        "Content.metadata.namespace",
        "Content.spec.template.spec.serviceAccount",
    ]


def test_the_context_s_own_namespace_is_looked_at_when_it_is_known() -> None:
    job = job_of("echo", SCRIPT)
    settings = K8sSettings(allowed=Allowed(namespaces=("jobs",)))
    assert forbidden_job(spec_of(job), settings) == []
    with pytest.raises(BadJob) as caught:
        plan_run(run_of(job), spec_of(job), settings, namespace="default")
    assert caught.value.problems[0].value == "default"
    assert plan_run(run_of(job), spec_of(job), settings, namespace="jobs").namespace == "jobs"


def test_what_a_placeholder_stands_for_is_looked_at() -> None:
    content = manifest({"image": "#{schedulerx.jobParameters}"})
    job = job_of(content, {"resource": "job"}, parameters="evil.com/x")
    settings = K8sSettings(allowed=Allowed(images=("busybox",)))
    assert forbidden_job(spec_of(job), settings) == []
    with pytest.raises(BadJob) as caught:
        plan_run(run_of(job), spec_of(job), settings)
    assert (caught.value.problems[0].field, caught.value.problems[0].value) == (f"{C0}.image", "evil.com/x")
    odd = job_of(JOB.replace("nightly-report", "x\n  namespace: '#{schedulerx.jobParameters}'"), {"resource": "job"},
                 parameters="../../x")  # fmt: skip
    with pytest.raises(BadJob) as caught:
        plan_run(run_of(odd), spec_of(odd), settings)
    assert str(caught.value.problems[0]).startswith('Content.metadata.namespace: "../../x" is no name of a namespace')


def test_commands_have_a_part_of_the_settings_of_their_own() -> None:
    xattrs = {"launcher": "k8s", "image": "evil.com/x", "stopSignal": "INT", "leftovers": "wait", "user": "www"}
    job = job_of("x", xattrs)
    options, problems = read_spec(K8sOptions, job)
    assert options is not None, problems
    settings = K8sSettings(
        clusters={"a": ClusterSettings(namespace="n")}, allowed=Allowed(images=(), namespaces=("m",))
    )
    found = forbidden_command(job, options, settings)
    assert [one.field for one in found] == [
        "XAttrs.stopSignal",
        "XAttrs.leftovers",
        "XAttrs.user",
        "XAttrs.namespace",
        "XAttrs.image",
    ]
    assert found[-1].remedy.endswith("in `images` under [launchers.k8s.allowed]")
    plain = job_of("x", {"launcher": "k8s", "image": "evil.com/x"})
    with pytest.raises(BadJob) as caught:
        plan_command(run_of(plain), Command(argv=["true"]), options, settings)
    assert [one.field for one in caught.value.problems] == ["XAttrs.namespace", "XAttrs.image"]
