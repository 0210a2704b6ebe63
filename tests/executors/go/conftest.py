"""The programs, and the fixture `go`: runs calls of them in a state folder of the test's own."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.executors.go.programs import Programs, make
from tests.executors.go.runs import Go


@pytest.fixture(scope="session")
def programs(tmp_path_factory: pytest.TempPathFactory) -> Programs:
    return make(tmp_path_factory.mktemp("go"))


@pytest.fixture
def go(tmp_path: Path, programs: Programs) -> Iterator[Go]:
    made = Go(tmp_path / "rig", programs, folders=[str(programs.folder)])
    with made.rig:
        yield made
