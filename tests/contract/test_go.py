"""The go executor, found and run as a worker finds and runs it: a process a run, one for many, an application."""

from __future__ import annotations

import os
import subprocess
import tempfile
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import ClassVar

import pytest

from anyjob.outcome import Json
from anyjob.samples import Samples
from anyjob.testing import ExecutorContract
from anyjob.worker.settings import WorkerSettings
from anyjob_go.samples import built_program, calls


@pytest.mark.needs("go")
class TestGo(ExecutorContract):
    job_type = "go"
    executor_settings: ClassVar = {"folders": ["/"]}


def served(xattrs: Mapping[str, Json]) -> Samples:
    """Names of a process that many runs share: without those that would end it, and those that are about a process."""
    return replace(
        calls(xattrs), exits=None, dies=None, leaves=None, forks=None, prints_surroundings=None, ignores=None,
        eats_memory=None, starts_processes=None, burns=None,
    )  # fmt: skip


@contextmanager
def shared() -> Generator[Samples]:
    with built_program() as program:
        yield served({"binary": str(program), "isolation": "shared"})


@pytest.mark.needs("go")
class TestSharedGo(ExecutorContract):
    job_type = "go"
    executor_settings: ClassVar = {"folders": ["/"]}
    samples = shared


TOKEN = "a token of the suite alone"
PLACES = {name: Path(tempfile.gettempdir()) / f"anyjob-go-{os.getpid()}.{name}" for name in ("first", "beside")}


@contextmanager
def attached() -> Generator[Samples]:
    """Two applications, each of which dials a worker of its own."""
    with built_program() as program:
        apps = [
            subprocess.Popen([program], env=os.environ | {"ANYJOB_APP": f"unix:{place}", "ANYJOB_APP_TOKEN": TOKEN})
            for place in PLACES.values()
        ]
        try:
            yield served({})
        finally:
            for app in apps:
                app.terminate()
            for app in apps:
                app.wait(30)


def listening(place: Path) -> WorkerSettings:
    return WorkerSettings.model_validate({"apps": {"listen": [f"unix:{place}"], "tokens": {"shop": TOKEN}}})


@pytest.mark.needs("go")
class TestAttachedGo(ExecutorContract):
    job_type = "go"
    executor_settings: ClassVar = {"wait": 20, "folders": ["/"]}
    worker_settings = listening(PLACES["first"])
    worker_beside = listening(PLACES["beside"])
    samples = attached
