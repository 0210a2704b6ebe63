"""Images that must be pulled, from a registry of the tests' own."""

# docker's own types are not whole.
# pyright: reportUnknownMemberType=false

from __future__ import annotations

import json
from collections.abc import Generator
from pathlib import Path

import docker
import pytest
from tests.grounds.docker.engine import Engine
from tests.grounds.images.registry import Registry
from tests.plugins.docker.conftest import Ground, ground

from anyjob.outcome import Cause, Json
from anyjob.testing.rig import Finished
from anyjob.worker.settings import SecretSource

pytestmark = pytest.mark.needs("docker")


@pytest.fixture
def registry() -> Generator[Registry]:
    with Registry("team", "pass:word") as made:
        yield made


@pytest.fixture
def pulling(tmp_path: Path, engine: Engine) -> Generator[Ground]:
    with ground(tmp_path, engine, pull_policy="IfNotPresent") as made:
        yield made


def says(rig: Ground, image: str, policy: str | None = None, *, secret: str | None = None) -> Finished:
    """A run in the image."""
    xattrs: dict[str, Json] = {"image": image}
    if policy is not None:
        xattrs["pullPolicy"] = policy
    secrets: dict[str, SecretSource] = {}
    text = "ls $ANYJOB_SECRETS 2>/dev/null; echo ran"
    if secret is not None:
        xattrs |= {"registrySecret": "REGISTRY", "secrets": {"REGISTRY": "registry"}}
        (rig.folder / "registry").write_text(secret)
        secrets["registry"] = SecretSource(file=rig.folder / "registry", groups=["*"])
    return rig.says(rig.script(text, xattrs), secrets)


def test_pulls_by_policy_and_credentials(pulling: Ground, registry: Registry, client: docker.DockerClient) -> None:
    image = registry.add("team/tool:1", "busybox:test")
    denied = says(pulling, image)
    assert denied.outcome.cause is Cause.BAD_CONFIG, denied.said
    assert f'XAttrs.image: "{image}" cannot be pulled' in denied.outcome.result
    assert "registrySecret" in denied.outcome.result
    never = says(pulling, image, "Never")
    assert never.outcome.cause is Cause.DEPENDENCY_MISSING
    assert "is not to be pulled" in never.outcome.result
    try:
        for secret in ("team:pass:word", json.dumps({"username": "team", "password": "pass:word"})):
            got = says(pulling, image, "Always", secret=secret)
            assert got.outcome.ok, got.said
            assert got.log == b"ran\n"  # the registry's secret is for the engine alone
        asked = len(registry.asked)
        assert says(pulling, image).outcome.ok  # it is there now
        assert len(registry.asked) == asked
    finally:
        client.images.remove(image, force=True)


def test_images_that_cannot_be_had_are_told_by_kind(pulling: Ground, registry: Registry) -> None:
    known = registry.add("team/tool:1", "busybox:test")
    missing = says(pulling, known.replace("tool:1", "tool:2"), secret="team:pass:word")
    assert missing.outcome.cause is Cause.BAD_CONFIG, missing.said
    assert "tool:2" in missing.outcome.result
    wrong = says(pulling, registry.add("team/tool:1", "busybox:test"), secret="nothing")
    assert wrong.outcome.cause is Cause.BAD_CONFIG
    assert wrong.outcome.result.startswith('XAttrs.registrySecret: "REGISTRY" holds no user and password')
    away = says(pulling, "127.0.0.1:1/team/tool:1")
    assert away.outcome.cause is Cause.DEPENDENCY_MISSING, away.said
    assert "out of reach" in away.outcome.result
    registry.fault = 503
    busy = says(pulling, registry.add("team/tool:1", "busybox:test"), secret="team:pass:word")
    assert busy.outcome.cause is Cause.DEPENDENCY_MISSING, busy.said
