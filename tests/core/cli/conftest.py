from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.core.cli.program import Program


@pytest.fixture
def anyjob(tmp_path: Path) -> Iterator[Program]:
    """The program, for a user whose state lies below tmp_path."""
    program = Program(tmp_path)
    yield program
    program.clean()
