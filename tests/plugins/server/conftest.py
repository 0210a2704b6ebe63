"""A database of either kind, empty, for each test."""

from __future__ import annotations

from collections.abc import Generator
from pathlib import Path

import pytest
from tests.plugins.server.store.place import Place


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.needs("postgres"))])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Generator[Place]:
    """Where a store can be opened; every store of it is closed in the end."""
    postgres = request.getfixturevalue("postgres") if request.param == "postgresql" else None
    made = Place(tmp_path / "state", postgres)
    yield made
    made.close()
