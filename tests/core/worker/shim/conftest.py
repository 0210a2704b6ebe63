"""Shims for tests: one a test, ended with all it holds when the test is over."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.core.worker.shim.yard import Yard

from anyjob.worker.local.shimclient import ShimOptions


@pytest.fixture
def new_yard(tmp_path: Path) -> Iterator[Callable[..., Yard]]:
    """Makes yards, with ShimOptions as keywords."""
    yards: list[Yard] = []

    def make(**options: Any) -> Yard:
        folder = tmp_path / f"yard{len(yards)}"
        folder.mkdir()
        yards.append(Yard(folder, ShimOptions(**options)))
        return yards[-1]

    yield make
    for yard in yards:
        yard.end()


@pytest.fixture
def yard(new_yard: Callable[..., Yard]) -> Yard:
    """A yard with the machine's best hold."""
    return new_yard()


@pytest.fixture(params=["cgroup", "subreaper", "scan"])
def any_yard(request: pytest.FixtureRequest, new_yard: Callable[..., Yard]) -> Yard:
    """A yard for each way to hold runs."""
    if request.param == "cgroup":
        return new_yard()
    return new_yard(cgroup="off", spawners=64 if request.param == "subreaper" else 0)
