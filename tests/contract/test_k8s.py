"""The suite on a real cluster: JobType k8s, and commands of another type in pods."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import ClassVar

import pytest
from tests.grounds.kubernetes.cluster import Cluster

from anyjob.samples import Sample, SampleSource
from anyjob.testing import ExecutorContract
from anyjob.testing.cases.inputs import InputCases
from anyjob.testing.cases.secrets import SecretCases
from anyjob_docker.samples import SHOWS
from anyjob_shell.samples import SAMPLES as SHELL


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


@pytest.mark.needs("k8s")
@pytest.mark.timeout(300)
class TestShellInPods(InputCases, SecretCases):
    """Beyond what JobType k8s has shown of pods: that a type's own command, files, inputs and secrets come into one."""

    job_type = "shell"
    xattrs: ClassVar = {"launcher": "k8s", "image": "busybox:test"}
    # Busybox has no iconv, and containerd takes the carriage return from the end of a line.
    samples: ClassVar[SampleSource | None] = replace(
        SHELL,
        shows_secret=Sample({"Content": SHOWS}),
        prints_environment=Sample({"Content": "cr=$(printf '\\r'); env | sed \"s/$cr\\$/$cr$cr/\""}),
    )
    patience = 90
    force_wait = 30

    @pytest.fixture(autouse=True)
    def _cluster(self, cluster: Cluster, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("KUBECONFIG", str(cluster.kubeconfig))
