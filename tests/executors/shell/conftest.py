"""The fixture `shell`: runs scripts in a state folder of the test's own."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.executors.shell.runs import Shell

from anyjob.testing import Rig


@pytest.fixture
def shell(tmp_path: Path) -> Iterator[Shell]:
    with Rig(tmp_path, job_type="shell") as rig:
        yield Shell(rig)
