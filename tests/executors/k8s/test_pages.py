"""The page and the examples: what is shown runs, what is not is taken."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml
from tests.docs.fences import blocks
from tests.docs.served import serving
from tests.docs.walk import walk
from tests.grounds.kubernetes.cluster import Cluster

from anyjob.job import read_job
from anyjob.plugins import PluginHost
from anyjob_k8s.health import NEEDED

ROOT = Path(__file__).parents[3]
EXAMPLES = sorted((ROOT / "executors/k8s/examples").glob("*.yaml"))
PAGE = (ROOT / "executors/k8s/README.md").read_text()


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda file: file.stem)
def test_examples_are_taken(example: Path) -> None:
    PluginHost.load().bind(read_job(example))


@pytest.mark.needs("k8s")
@pytest.mark.timeout(300)
def test_the_commands_of_the_page(cluster: Cluster, tmp_path: Path) -> None:
    cluster.need("busybox:latest")
    walk("executors/k8s/README.md", tmp_path / "here", env={"KUBECONFIG": str(cluster.kubeconfig)})


@pytest.mark.needs("k8s", "node")
@pytest.mark.timeout(300)
def test_the_jobs_of_the_page(cluster: Cluster, tmp_path: Path) -> None:
    """On the cluster of the server's kubeconfig, as without settings; with images of the grounds in place of theirs."""
    texts = [*blocks("executors/k8s/README.md", "yaml", "Name"), *blocks("executors/k8s/README.md", "json")]
    images = {"busybox": "busybox:test", "python:3.12-slim": "python:test", "node:16": "node:test"}
    for usual, other in images.items():
        assert any(usual in text for text in texts)
        cluster.need(other)
        texts = [text.replace(usual, other) for text in texts]
    cluster.kubectl("label", "node", "--all", "disk=ssd")
    with cluster.namespace() as name:
        cluster.kubectl("create", "configmap", "reports", "-n", name, "--from-literal=mode=fast")
        cluster.kubectl("create", "secret", "generic", "reports-db", "-n", name, "--from-literal=password=kept")
        env = {"KUBECONFIG": str(cluster.kubeconfig), "API_TOKEN": "well-kept"}
        secret = '[secrets.api_token]\nenv = "API_TOKEN"\ngroups = ["*"]\n'
        with serving(tmp_path / "served", secret, env=env) as served:
            texts = [text.replace("namespace: reports", f"namespace: {name}") for text in texts]
            hello, squares, launched, report, template, by_api = served.fire(*texts)
    cluster.kubectl("label", "node", "--all", "disk-")
    assert (hello.cause, hello.log) == ("succeeded", ["hello "]), hello
    assert squares.cause == "succeeded", squares
    assert sorted(line.split()[-1] for line in squares.log) == ["0", "1", "4", "9"]
    assert (launched.cause, launched.result.split()[0]) == ("succeeded", "Linux"), launched
    assert (report.cause, json.loads(report.result)["mode"]) == ("succeeded", "fast"), report
    assert (template.cause, template.result) == ("succeeded", f"job {template.raw['JobId']}"), template
    assert (by_api.cause, by_api.result) == ("succeeded", "hello"), by_api


@pytest.mark.needs("k8s")
@pytest.mark.timeout(300)
def test_the_settings_of_the_page(cluster: Cluster, tmp_path: Path) -> None:
    """Their cluster is where jobs run that name none, and what they do not allow is refused when a job is made."""
    (settings,) = blocks("executors/k8s/README.md", "toml")
    hello, _, _, report, *_ = blocks("executors/k8s/README.md", "yaml", "Name")
    cluster.need("busybox:latest")
    kubeconfig = yaml.safe_load(cluster.kubeconfig.read_text())
    (context,) = kubeconfig["contexts"]
    kubeconfig["contexts"].append({**context, "name": "prod"})
    (tmp_path / "kubeconfig").write_text(json.dumps(kubeconfig))
    with cluster.namespace() as name:
        places = {"/etc/anyjob/kubeconfig": f"{tmp_path}/kubeconfig", '"jobs"': f'"{name}"'}
        with serving(tmp_path / "served", settings, replace=places) as served:
            (end,) = served.fire(hello)
            refused = served.refusal(report)
            events = cluster.kubectl("get", "events", "-n", name, "-o", "jsonpath={.items[*].reason}")
    assert (end.cause, end.log) == ("succeeded", ["hello "]), end
    assert "SuccessfulCreate" in events, "it ran in the namespace of the settings"
    assert "XAttrs.namespace" in refused
    assert "XAttrs.image" in refused


def test_the_role_of_the_page_is_what_health_asks_for() -> None:
    (text,) = blocks("executors/k8s/README.md", "yaml", "kind: Role")
    role = yaml.safe_load(text)
    given = {
        (group, resource, verb)
        for rule in role["rules"]
        for group in rule["apiGroups"]
        for resource in rule["resources"]
        for verb in rule["verbs"]
    }
    needed = {(group, resource, verb) for group, resource, verbs in NEEDED for verb in verbs}
    assert given == needed | {("batch", "jobs", "patch")}
