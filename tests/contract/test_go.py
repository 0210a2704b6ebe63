"""The go executor, found and run as a worker finds and runs it: a process a run."""

from __future__ import annotations

import os
import subprocess
import tempfile
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import ClassVar

import pytest

from anyjob.samples import Samples
from anyjob.testing import ExecutorContract
from anyjob.worker.settings import WorkerSettings
from anyjob_go.samples import built_program, calls


@pytest.mark.needs("go")
class TestGo(ExecutorContract):
    job_type = "go"
    executor_settings: ClassVar = {"folders": ["/"]}


SOCKET = Path(tempfile.gettempdir()) / f"anyjob-go-{os.getpid()}.sock"
TOKEN = "a token of the suite alone"


@contextmanager
def attached() -> Generator[Samples]:
    """The same names, in an application that dials in."""
    with built_program() as program:
        app = subprocess.Popen([program], env=os.environ | {"ANYJOB_APP": f"unix:{SOCKET}", "ANYJOB_APP_TOKEN": TOKEN})
        try:
            yield calls({})
        finally:
            app.terminate()
            app.wait(30)


@pytest.mark.needs("go")
class TestAttachedGo(ExecutorContract):
    job_type = "go"
    executor_settings: ClassVar = {"folders": ["/"], "wait": 20}
    worker_settings = WorkerSettings.model_validate({"apps": {"listen": [f"unix:{SOCKET}"], "tokens": {"*": TOKEN}}})
    samples = attached
