"""The go executor, found and run as a worker finds and runs it: a process a run."""

from __future__ import annotations

from typing import ClassVar

import pytest

from anyjob.testing import ExecutorContract


@pytest.mark.needs("go")
class TestGo(ExecutorContract):
    job_type = "go"
    executor_settings: ClassVar = {"folders": ["/"]}
