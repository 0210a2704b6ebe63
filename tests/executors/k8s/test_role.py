"""The Role of the page is enough for everything, on a real cluster, and what it lacks is told in its words."""

from __future__ import annotations

import asyncio
import json
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
import yaml
from tests.docs.fences import ROOT, blocks
from tests.executors.k8s.kit import container, job_manifest, pod_manifest, rig_in, script, together
from tests.grounds.kubernetes.cluster import Cluster

from anyjob.executor import Handle
from anyjob.outcome import Cause, Strength
from anyjob.samples import Sample
from anyjob.testing.rig import Finished, Rig
from anyjob.worker.settings import SecretSource
from anyjob_k8s.api import Api

pytestmark = [pytest.mark.needs("k8s"), pytest.mark.timeout(300)]

(ROLE,) = map(yaml.safe_load, blocks("executors/k8s/README.md", "yaml", "kind: Role"))
(BINDING,) = map(yaml.safe_load, blocks("executors/k8s/README.md", "yaml", "kind: RoleBinding"))


@pytest.fixture
def namespace(cluster: Cluster) -> Iterator[str]:
    with cluster.namespace() as name:
        yield name


def given(cluster: Cluster, namespace: str, rules: Sequence[Mapping[str, Any]]) -> Path:
    """A kubeconfig of an account that may do this in the namespace, and nothing else."""
    cluster.kubectl("create", "serviceaccount", "anyjob", "-n", namespace)
    root = f"/apis/rbac.authorization.k8s.io/v1/namespaces/{namespace}"
    cluster.api.call("POST", f"{root}/roles", {**ROLE, "metadata": {"name": "anyjob"}, "rules": list(rules)})
    subjects = [{**subject, "namespace": namespace} for subject in BINDING["subjects"]]
    binding = {**BINDING, "metadata": {"name": "anyjob"}, "subjects": subjects}
    cluster.api.call("POST", f"{root}/rolebindings", binding)
    return cluster.kubeconfig_of_account(namespace, "anyjob")


def rig_as(folder: Path, cluster: Cluster, namespace: str, kubeconfig: Path, **settings: Any) -> Rig:
    clusters = {"ground": {"kubeconfig": str(kubeconfig), "namespace": namespace}}
    return rig_in(folder, cluster, namespace, clusters=clusters, **settings)


TEMPLATE = """\
apiVersion: v1
kind: Pod
spec:
  containers: [{name: a, image: busybox, command: [sh, /s/x], volumeMounts: [{name: s, mountPath: /s}]}]
  volumes: [{name: s, configMap: {name: schedulerx-configmap, items: [{key: "schedulerx-shell-{JOB_ID}", path: x}]}}]
"""


def test_the_role_of_the_page_is_enough(
    tmp_path: Path, cluster: Cluster, namespace: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every kind of job, secrets, a stop, a worker that comes back, what does not start, and `keep`."""
    monkeypatch.setenv("TOKEN_OF_THE_TEST", "hunter2")
    secrets = {"token": SecretSource(env="TOKEN_OF_THE_TEST", groups=["*"])}
    kubeconfig = given(cluster, namespace, ROLE["rules"])
    apis: list[Api] = []
    make = Api.__init__

    def made(self: Api, *args: Any, **more: Any) -> None:
        make(self, *args, **more)
        apis.append(self)

    monkeypatch.setattr(Api, "__init__", made)
    custom: dict[str, Any] = {"resource": "shell", "templateType": "customTemplate", "template": TEMPLATE}
    wants: dict[str, Any] = {"secrets": {"TOKEN": "token"}}

    async def life(rig: Rig) -> tuple[list[Finished], Finished, Finished, Finished]:
        async with rig.worker(secrets) as worker:
            health = await worker.host.dispatch(rig.job(script("true")), None).executor.health()
            assert health.state == "healthy", health.why
            jobs = [
                rig.job(script('cat "$ANYJOB_SECRETS/TOKEN" | wc -c', **wants)),
                rig.job(job_manifest(container("a", "echo made; exit 1"), backoffLimit=0)),
                rig.job(pod_manifest(container("a", "echo pod"))),
                rig.job(Sample({"Content": "echo custom", "XAttrs": custom})),
                rig.job(script("true", image="busybox:missing", imagePullPolicy="Never")),
            ]
            runs = [await rig.submit(worker, rig.order(job)) for job in jobs]
            sleeper = await rig.submit(worker, rig.order(rig.job(script("sleep 300", grace=1))))
            stopped = await rig.submit(worker, rig.order(rig.job(script("echo up; sleep 300", grace=1))))
            handle = await rig.running(sleeper)
            assert isinstance(handle, Handle)
            await rig.running(stopped)
            stopped.stop()
            ends = [await rig.finish(run) for run in runs]
            gone = await rig.finish(stopped)
            order = sleeper.record.order
        async with rig.worker(secrets) as worker:  # the next one finds it
            again = worker.live[order.name]
            again.stop(force=True)
            resumed = await rig.finish(again)
        return ends, gone, resumed, ends[0]

    with rig_as(tmp_path / "a", cluster, namespace, kubeconfig) as rig:
        ends, gone, resumed, _ = asyncio.run(life(rig))
    said = [end.said for end in ends]
    assert [end.outcome.cause for end in ends] == [
        Cause.SUCCEEDED,
        Cause.EXIT_CODE,
        Cause.SUCCEEDED,
        Cause.SUCCEEDED,
        Cause.BAD_CONFIG,
    ], said
    assert [end.outcome.result for end in ends[:4]] == ["7", "made", "pod", "custom"], said
    for end in (gone, resumed):
        assert end.outcome.cause is Cause.STOPPED, end.said
        assert end.outcome.stop is not None
        assert end.outcome.stop.strength is Strength.REPORTED, end.said
    assert cluster.kubectl("get", "jobs,pods,configmaps,secrets", "-n", namespace, "-o", "name").split() == [
        "configmap/kube-root-ca.crt"
    ]
    with rig_as(tmp_path / "b", cluster, namespace, kubeconfig, keep=600) as rig:
        (kept,) = asyncio.run(together(rig, [rig.job(script("echo kept"))]))
    assert kept.outcome.result == "kept"
    job = json.loads(cluster.kubectl("get", "job", kept.order.name, "-n", namespace, "-o", "json"))
    assert job["spec"]["ttlSecondsAfterFinished"] == 600
    asked = {call for api in apis for call in api.sent if call[1] not in ("version", "selfsubjectrulesreviews")}
    allowed = {(verb, one) for rule in ROLE["rules"] for one in rule["resources"] for verb in rule["verbs"]}
    # What is only asked for a start that was cut off in its middle.
    assert allowed - asked == {("get", "jobs"), ("get", "pods"), ("get", "configmaps"), ("get", "secrets")}
    assert asked <= allowed


@pytest.mark.parametrize(
    ("resource", "verb"), [("jobs", "create"), ("configmaps", "create"), ("pods", "watch"), ("pods/log", "get")]
)
def test_what_the_role_lacks_is_told_in_its_words(
    resource: str, verb: str, tmp_path: Path, cluster: Cluster, namespace: str
) -> None:
    rules = [
        {**rule, "resources": [one], "verbs": [word for word in rule["verbs"] if (one, word) != (resource, verb)]}
        for rule in ROLE["rules"]
        for one in rule["resources"]
    ]
    kubeconfig = given(cluster, namespace, [rule for rule in rules if rule["verbs"]])

    async def health(rig: Rig) -> str:
        async with rig.worker() as worker:
            found = await worker.host.dispatch(rig.job(script("true")), None).executor.health()
            assert found.state == "unhealthy"
            return found.why

    with rig_as(tmp_path, cluster, namespace, kubeconfig) as rig:
        assert f"the worker may not {verb} {resource}" in asyncio.run(health(rig))
        if verb == "create":
            (end,) = asyncio.run(together(rig, [rig.job(script("echo x"))]))
            assert end.outcome.cause is Cause.REJECTED, end.said
            for word in (verb, resource, namespace):
                assert word in end.said


def test_a_worker_in_a_pod_needs_no_settings(cluster: Cluster, namespace: str) -> None:
    """The program of this tree, in a pod with an account that has the Role of the page: in-cluster, no kubeconfig."""
    given(cluster, namespace, ROLE["rules"])
    # The files of this machine under the paths that they have here.
    folders = [str(ROOT), sys.base_prefix, "/usr", "/lib", *(["/lib64"] if Path("/lib64").is_dir() else [])]
    volumes = [{"name": f"v{n}", "hostPath": {"path": folder}} for n, folder in enumerate(folders)]
    mounts = [{"name": f"v{n}", "mountPath": folder, "readOnly": True} for n, folder in enumerate(folders)]
    argv = [sys.executable, "-m", "anyjob", "run", f"{ROOT}/executors/k8s/examples/hello.yaml", "--state", "/tmp/state"]
    worker = {"name": "worker", "image": "busybox:test", "command": argv, "volumeMounts": mounts}
    pod = {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "worker"},
        "spec": {
            "serviceAccountName": "anyjob",
            "restartPolicy": "Never",
            "containers": [worker],
            "volumes": volumes,
        },
    }
    cluster.api.call("POST", f"/api/v1/namespaces/{namespace}/pods", pod)
    until = time.monotonic() + 120
    while cluster.kubectl("get", "pod", "worker", "-n", namespace, "-o", "jsonpath={.status.phase}") not in (
        "Succeeded",
        "Failed",
    ):
        assert time.monotonic() < until, cluster.kubectl("describe", "pod", "worker", "-n", namespace)
        time.sleep(0.3)
    said = cluster.kubectl("logs", "worker", "-n", namespace)
    assert "hello world" in said.splitlines(), said
