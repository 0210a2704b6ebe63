"""The ground itself: what the tests of executors rely on."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tests.grounds.images.registry import Registry
from tests.grounds.kubernetes.api import ApiError
from tests.grounds.kubernetes.cluster import Cluster
from tests.grounds.kubernetes.paper import EXIT, TAINT

pytestmark = pytest.mark.needs("k8s")

_ASK = """
read -r T < /var/run/secrets/kubernetes.io/serviceaccount/token
wget -q --no-check-certificate --header "Authorization: Bearer $T" -O - \
  https://$KUBERNETES_SERVICE_HOST:$KUBERNETES_SERVICE_PORT/api/v1/namespaces/default/configmaps/asked
"""


def pod(script: str, **spec: Any) -> dict[str, Any]:
    container = {"name": "main", "image": "busybox:latest", "imagePullPolicy": "Never", "command": ["sh", "-c", script]}
    return {"metadata": {"name": "pod"}, "spec": {"restartPolicy": "Never", "containers": [container], **spec}}


def until(ready: Callable[[], Any]) -> Any:
    end = time.monotonic() + 60
    while not (found := ready()):
        assert time.monotonic() < end
        time.sleep(0.1)
    return found


def phase(cluster: Cluster, namespace: str) -> str:
    return cluster.api.call("GET", f"/api/v1/namespaces/{namespace}/pods/pod")["status"]["phase"]


def state(pid: int | None) -> str:
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]


def told_to_end(cluster: Cluster, namespace: str) -> bool:
    try:
        cluster.kubectl(f"--namespace={namespace}", "exec", "pod", "--", "touch", "/tmp/end")
    except RuntimeError as error:
        if "pod does not exist" in str(error):  # says a kubelet that has just started, and has yet to ask for its pods
            return False
        raise
    return True


def test_a_job_reaches_the_api_server_as_its_service_account(cluster: Cluster) -> None:
    with cluster.namespace() as namespace:
        allow = [f"--serviceaccount={namespace}:default", "--clusterrole=view"]
        cluster.kubectl("create", "rolebinding", namespace, *allow)
        cluster.kubectl("create", "configmap", "asked", "--from-literal=seen=yes")
        where = f"--namespace={namespace}"
        cluster.kubectl(where, "create", "job", "ask", "--image=busybox:test", "--", "sh", "-c", _ASK)
        cluster.kubectl(where, "wait", "--for=condition=complete", "--timeout=60s", "job/ask")
        assert json.loads(cluster.kubectl(where, "logs", "job/ask"))["data"] == {"seen": "yes"}
        by_account = f"--kubeconfig={cluster.kubeconfig_of_account(namespace)}"
        assert f"{namespace}:default" in cluster.kubectl("auth", "whoami", by_account)


def test_there_is_something_to_refuse(cluster: Cluster) -> None:
    limited = f"--kubeconfig={cluster.kubeconfig_of('limited')}"
    with pytest.raises(RuntimeError, match='User "limited" cannot list resource "pods"'):
        cluster.kubectl("get", "pods", limited)
    baseline = {"pod-security.kubernetes.io/enforce": "baseline"}
    with cluster.namespace(**baseline) as strict, cluster.namespace() as full:
        hostile, dry = pod("true", hostNetwork=True), "pods?dryRun=All"
        with pytest.raises(ApiError, match="violates PodSecurity"):
            cluster.api.call("POST", f"/api/v1/namespaces/{strict}/{dry}", hostile)
        assert cluster.api.call("POST", f"/api/v1/namespaces/{full}/{dry}", hostile)
        cluster.kubectl("create", "quota", "none", "--hard=pods=0", f"--namespace={full}")
        quota = f"/api/v1/namespaces/{full}/resourcequotas/none"
        until(lambda: cluster.api.call("GET", quota)["status"].get("hard"))
        with pytest.raises(ApiError, match="exceeded quota"):
            cluster.api.call("POST", f"/api/v1/namespaces/{full}/pods", pod("true"))


def test_what_is_killed_or_frozen_comes_back_and_containers_live_on(cluster: Cluster) -> None:
    with cluster.namespace() as namespace:
        waiting = pod("until [ -e /tmp/end ]; do sleep 0.1; done")
        cluster.api.call("POST", f"/api/v1/namespaces/{namespace}/pods", waiting)
        until(lambda: phase(cluster, namespace) == "Running")
        killed = {name: cluster.pid(name) for name in ("etcd", "kube-controller-manager", "kubelet", "containerd")}
        for process in killed:
            cluster.kill(process)
            assert cluster.pid(process) is None
        with cluster.frozen("kube-apiserver"), pytest.raises(OSError, match="timed out"):
            cluster.api.call("GET", "/readyz", limit=1)
        cluster.freeze("kube-scheduler")
        frozen = cluster.pid("kube-scheduler")
        until(lambda: state(frozen) == "T")
        cluster.heal()
        until(lambda: state(frozen) == "S")
        assert all(cluster.pid(name) not in (None, number) for name, number in killed.items())
        until(lambda: told_to_end(cluster, namespace))
        until(lambda: phase(cluster, namespace) == "Succeeded")


def test_a_node_of_paper_is_ready_and_invents_what_its_pods_did(cluster: Cluster) -> None:
    with cluster.paper_node() as paper, cluster.namespace() as namespace:
        chosen = {"kubernetes.io/hostname": paper.name}
        made = pod("false", nodeSelector=chosen, tolerations=[{"key": TAINT, "operator": "Exists"}])
        made["metadata"]["annotations"] = {EXIT: "3"}
        cluster.api.call("POST", f"/api/v1/namespaces/{namespace}/pods", made)
        until(lambda: phase(cluster, namespace) == "Failed")
        seen = cluster.api.call("GET", f"/api/v1/namespaces/{namespace}/pods/pod")["status"]
        assert seen["containerStatuses"][0]["state"]["terminated"]["exitCode"] == 3
        assert "Ready" in cluster.kubectl("get", "nodes", paper.name)


def test_a_pod_pulls_from_a_registry_of_this_machine_with_a_secret(cluster: Cluster) -> None:
    with Registry("me", "word", address=cluster.host_address) as registry, cluster.namespace() as namespace:
        cluster.trust_registry(registry.host)
        name, where = registry.add("team/tool:1", "busybox:test"), f"--namespace={namespace}"
        login = [f"--docker-server={registry.host}", "--docker-username=me", "--docker-password=word"]
        cluster.kubectl(where, "create", "secret", "docker-registry", "login", *login)
        pulling = pod("true", imagePullSecrets=[{"name": "login"}])
        pulling["spec"]["containers"][0] |= {"image": name, "imagePullPolicy": "Always"}
        cluster.api.call("POST", f"/api/v1/namespaces/{namespace}/pods", pulling)
        until(lambda: phase(cluster, namespace) == "Succeeded")
        assert "HEAD /v2/team/tool/manifests/1 401" in registry.asked
