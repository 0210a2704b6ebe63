"""The java executor, found and run as a worker finds and runs it: a JVM for each run, and one for all."""

from __future__ import annotations

from typing import ClassVar

import pytest

from anyjob.testing import ExecutorContract
from anyjob_java.samples import SHARED


@pytest.mark.needs("jdk17")
class TestJava(ExecutorContract):
    job_type = "java"
    patience = 120  # two hundred JVMs at once


@pytest.mark.needs("jdk17")
class TestSharedJava(ExecutorContract):
    job_type = "java"
    samples: ClassVar = SHARED
