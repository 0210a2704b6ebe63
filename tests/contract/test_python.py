"""The python executor, found and run as a worker finds and runs it; its scripts forked from a resident, too."""

from __future__ import annotations

from typing import ClassVar

from anyjob.testing import ExecutorContract


class TestPython(ExecutorContract):
    job_type = "python"


class TestWarmPython(ExecutorContract):
    job_type = "python"
    executor_settings: ClassVar = {"warm": True}
