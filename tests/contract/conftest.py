"""What the trials of wrong executors share."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.contract.spawner import clear


@pytest.fixture
def world(tmp_path: Path) -> Iterator[Path]:
    folder = tmp_path / "world"
    yield folder
    clear(folder)
