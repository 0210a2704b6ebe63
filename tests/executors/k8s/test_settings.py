"""What an operator sets."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from anyjob.problem import Problem
from anyjob_k8s.settings import ClusterSettings, K8sSettings


def test_without_settings_the_contexts_of_the_ambient_kubeconfig_are_the_clusters() -> None:
    settings = K8sSettings()
    assert (settings.cluster_of(None), settings.cluster_of("kind")) == ("", "kind")
    assert settings.connection("") == ClusterSettings()
    assert settings.connection("kind") == ClusterSettings(context="kind")


def test_with_clusters_there_are_no_others() -> None:
    one = ClusterSettings(kubeconfig=Path("/etc/anyjob/kubeconfig"), context="x", namespace="jobs")
    settings = K8sSettings(clusters={"prod": one})
    assert (settings.cluster_of(None), settings.cluster_of("prod")) == ("prod", "prod")
    assert settings.connection("prod") is one
    wrong = settings.cluster_of("prd")
    assert isinstance(wrong, Problem)
    assert str(wrong) == 'XAttrs.cluster: "prd" is no cluster of the worker\'s settings; did you mean prod?'


def test_with_two_clusters_one_is_named() -> None:
    two = {"prod": ClusterSettings(), "test": ClusterSettings()}
    missing = K8sSettings(clusters=two).cluster_of(None)
    assert isinstance(missing, Problem)
    assert str(missing).endswith("the worker's settings name no default; write one of: prod, test")
    assert K8sSettings(clusters=two, default="test").cluster_of(None) == "test"


@pytest.mark.parametrize(
    ("said", "what"),
    [
        ({"default": "x"}, "default 'x' is none of the clusters; write one of: none"),
        ({"clusters": {"a": {"kubeconfig": "relative"}}}, "is a relative path; write it from the root"),
        ({"clusters": {"a": {"namespace": "N"}}}, "is no name of Kubernetes"),
        ({"allowed": {"host_path": ["data"]}}, "is a relative path"),
        ({"allowed": {"privleged": True}}, "Extra inputs are not permitted"),
        ({"pending": 0}, "greater than 0"),
        ({"keep": -1}, "greater than or equal to 0"),
    ],
)
def test_wrong_settings(said: dict[str, Any], what: str) -> None:
    with pytest.raises(ValidationError, match=what):
        K8sSettings.model_validate(said)
