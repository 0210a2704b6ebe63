"""The java executor, found and run as a worker finds and runs it."""

from __future__ import annotations

import pytest

from anyjob.testing import ExecutorContract


@pytest.mark.needs("jdk17")
class TestJava(ExecutorContract):
    job_type = "java"
    patience = 120  # two hundred JVMs at once
