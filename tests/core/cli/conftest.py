from __future__ import annotations

import pytest
from tests.core.cli.program import Program


@pytest.fixture
def anyjob(program: Program) -> Program:
    return program
