"""The page and the examples: what is shown runs, what is not is taken."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from tests.docs.fences import blocks
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
