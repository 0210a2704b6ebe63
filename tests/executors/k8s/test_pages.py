"""The page and the examples: every job is taken, every key and setting is named."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest
import yaml
from tests.docs.fences import blocks

from anyjob.job import read_job
from anyjob.plugins import PluginHost
from anyjob.spec.place import layout
from anyjob_k8s.health import NEEDED
from anyjob_k8s.options import K8sOptions
from anyjob_k8s.settings import Allowed, ClusterSettings, K8sSettings
from anyjob_k8s.spec import K8sSpec

ROOT = Path(__file__).parents[3]
EXAMPLES = sorted((ROOT / "executors/k8s/examples").glob("*.yaml"))
PAGE = (ROOT / "executors/k8s/README.md").read_text()


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda file: file.stem)
def test_examples_are_taken(example: Path) -> None:
    PluginHost.load().bind(read_job(example))


def test_the_settings_of_the_page_are_all_there_are() -> None:
    (text,) = blocks("executors/k8s/README.md", "toml")
    written = tomllib.loads(text)["executors"]["k8s"]
    settings = K8sSettings.model_validate(written)
    assert set(written) == set(K8sSettings.model_fields)
    assert set(written["allowed"]) == set(Allowed.model_fields)
    assert set(written["clusters"]["prod"]) == set(ClusterSettings.model_fields)
    usual = K8sSettings()
    for name in ("pending", "keep", "poll", "patience", "timeout", "threads"):
        assert getattr(settings, name) == getattr(usual, name)
    for name in set(Allowed.model_fields) - {"namespaces", "images", "service_accounts"}:
        assert getattr(settings.allowed, name) == getattr(usual.allowed, name)


def test_every_key_is_on_the_page() -> None:
    for model in (K8sSpec, K8sOptions):
        for places in layout(model).values():
            for place in places:
                key = place.keys[-1] if place.keys else place.root
                if key not in ("serviceAccountName", "priorityClassName"):  # Kubernetes' own spelling of two of them
                    assert f"`{key}`" in PAGE or f"{key}:" in PAGE, place.field


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
