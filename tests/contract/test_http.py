"""The http executor, found and run as a worker finds and runs it."""

from __future__ import annotations

from anyjob.testing import ExecutorContract


class TestHttp(ExecutorContract):
    job_type = "http"
