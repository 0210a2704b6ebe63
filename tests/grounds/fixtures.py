"""The grounds as fixtures: made for the first test that asks, gone with the session."""

from __future__ import annotations

import os
from collections.abc import Generator

import pytest
from tests.grounds.docker.engine import Engine, lent_engine
from tests.grounds.kubernetes.cluster import Cluster


@pytest.fixture(scope="session")
def engine() -> Generator[Engine]:
    """A Docker engine with the busybox images. Who kills it starts it again before the next test."""
    with lent_engine() as lent:
        yield lent


@pytest.fixture(scope="session")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Generator[Cluster]:
    """A Kubernetes cluster with one node and the busybox images. Who kills a part of it starts that again."""
    made = Cluster(tmp_path_factory.mktemp("cluster"))
    made.up(owner=os.getpid())
    yield made
    made.down()
