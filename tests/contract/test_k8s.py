"""The suite on a real cluster: JobType k8s."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

import pytest
from tests.grounds.kubernetes.cluster import Cluster

from anyjob.testing import ExecutorContract


@pytest.mark.needs("k8s")
@pytest.mark.timeout(300)
class TestK8s(ExecutorContract):
    job_type = "k8s"
    executor_settings: ClassVar[Mapping[str, object]] = {"allowed": {"host_path": ["/"]}}
    patience = 90
    force_wait = 30
    crowd = 30
    many = 5

    @pytest.fixture(autouse=True)
    def _cluster(self, cluster: Cluster, monkeypatch: pytest.MonkeyPatch) -> None:
        # As a worker without settings of clusters finds one.
        monkeypatch.setenv("KUBECONFIG", str(cluster.kubeconfig))
