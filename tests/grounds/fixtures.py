"""The grounds as fixtures: made for the first test that asks, gone with the session."""

from __future__ import annotations

from collections.abc import Generator

import pytest
from tests.grounds.docker.engine import Engine, lent_engine


@pytest.fixture(scope="session")
def engine() -> Generator[Engine]:
    """A Docker engine with the busybox images. Who kills it starts it again before the next test."""
    with lent_engine() as lent:
        yield lent
