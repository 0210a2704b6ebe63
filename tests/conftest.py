"""What every test shares."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import hypothesis
import pytest
from tests.core.cli.program import Program

pytest_plugins = ["tests.grounds.fixtures", "tests.beside", "tests.tally"]


# How fast examples come says something of the machine, not of the code.
hypothesis.settings.register_profile("anyjob", deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow])
hypothesis.settings.load_profile("anyjob")


def pytest_configure() -> None:
    """What is ignored here would be ignored by everything that tests start: a CI that was itself started in the
    background, or under nohup, hands on such signals. Options for this pytest are none for those that tests start."""
    for number, usual in ((signal.SIGINT, signal.default_int_handler), (signal.SIGHUP, signal.SIG_DFL)):
        if signal.getsignal(number) is signal.SIG_IGN:
            signal.signal(number, usual)
    os.environ.pop("PYTEST_ADDOPTS", None)


@pytest.fixture
def program(tmp_path: Path) -> Iterator[Program]:
    """The program, for a user whose state lies below tmp_path."""
    made = Program(tmp_path)
    yield made
    made.clean()
