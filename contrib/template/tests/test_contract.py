"""The conformance suite of anyjob, on this type."""

from __future__ import annotations

from anyjob.testing import ExecutorContract


class TestTemplate(ExecutorContract):
    job_type = "template"
