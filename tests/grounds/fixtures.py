"""The grounds as fixtures: made for the first test that asks, gone with the session."""

from __future__ import annotations

import os
from collections.abc import Generator

import pytest
from tests.grounds.docker.engine import Engine, lent_engine
from tests.grounds.kubernetes.cluster import Cluster
from tests.grounds.postgres.cluster import Postgres, lent_postgres


@pytest.fixture(scope="session")
def engine() -> Generator[Engine]:
    """A Docker engine with the busybox images. If a test kills it, it is back for the next."""
    with lent_engine() as lent:
        yield lent


@pytest.fixture(autouse=True)
def _engine_is_back(request: pytest.FixtureRequest) -> Generator[None]:  # pyright: ignore[reportUnusedFunction] pytest's
    lent: Engine | None = request.getfixturevalue("engine") if "engine" in request.fixturenames else None
    yield
    if lent:
        lent.start()


@pytest.fixture(scope="session")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Generator[Cluster]:
    """A Kubernetes cluster with one node and the busybox images. What a test kills of it is back for the next one."""
    made = Cluster(tmp_path_factory.mktemp("cluster"))
    made.up(owner=os.getpid())
    yield made
    made.down()


@pytest.fixture(autouse=True)
def _cluster_is_whole(request: pytest.FixtureRequest) -> Generator[None]:  # pyright: ignore[reportUnusedFunction] pytest's
    lent: Cluster | None = request.getfixturevalue("cluster") if "cluster" in request.fixturenames else None
    yield
    if lent:
        lent.heal()


@pytest.fixture(scope="session")
def postgres() -> Generator[Postgres]:
    """A PostgreSQL cluster. A test takes a database of its own, and starts again what it stopped."""
    with lent_postgres() as lent:
        yield lent
