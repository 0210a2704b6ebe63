"""Fixtures: the compiled host, once a session, and the two Java versions."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.plugins.jvm.jvm import compiled
from tests.plugins.jvm.peer import Peer


@pytest.fixture(scope="session")
def classpath(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    return compiled(tmp_path_factory.mktemp("host"))


@pytest.fixture(
    params=[pytest.param("17", marks=pytest.mark.needs("jdk17")), pytest.param("25", marks=pytest.mark.needs("jdk25"))]
)
def feature(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def peer(tmp_path: Path) -> Iterator[Peer]:
    with Peer(tmp_path) as made:
        yield made
