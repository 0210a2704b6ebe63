"""The fixture `python`: runs scripts in a state folder of the test's own."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.executors.python.runs import Python


@pytest.fixture
def python(tmp_path: Path) -> Iterator[Python]:
    made = Python(tmp_path / "rig")
    with made.rig:
        yield made
