"""The shell executor, found and run as a worker finds and runs it."""

from __future__ import annotations

from anyjob.testing import ExecutorContract


class TestShell(ExecutorContract):
    job_type = "shell"
