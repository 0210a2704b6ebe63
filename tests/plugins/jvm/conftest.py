"""Fixtures: the compiled host, once a session, and the Java."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.plugins.jvm.jvm import ON_17, compiled
from tests.plugins.jvm.peer import Peer


@pytest.fixture(scope="session")
def classpath(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    return compiled(tmp_path_factory.mktemp("host"))


@pytest.fixture(params=[ON_17])
def feature(request: pytest.FixtureRequest) -> str:
    """The Java of a test that does not say BOTH."""
    return str(request.param)


@pytest.fixture
def peer(tmp_path: Path) -> Iterator[Peer]:
    with Peer(tmp_path) as made:
        yield made
