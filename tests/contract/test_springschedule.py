"""The springschedule executor, against Spring Boot applications that have dialled in."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import ClassVar

import pytest

from anyjob.errors import WorkerError
from anyjob.samples import Samples
from anyjob.testing import ExecutorContract
from anyjob.worker.settings import WorkerSettings
from anyjob_springschedule.samples import serving

_TOKEN = "a token of the suite alone"
_PLACE = Path(tempfile.gettempdir()) / f"anyjob-spring-{os.getpid()}.sock"
_BESIDE = _PLACE.with_suffix(".beside")


@contextmanager
def attached() -> Generator[Samples]:
    """An application for the rig, and one for the worker beside it."""
    try:
        with serving([f"unix:{_PLACE}", f"unix:{_BESIDE}"], _TOKEN) as samples:
            yield samples
    except WorkerError as error:
        pytest.skip(str(error))


def listening(place: Path) -> WorkerSettings:
    return WorkerSettings.model_validate({"apps": {"listen": [f"unix:{place}"], "tokens": {"suite": _TOKEN}}})


@pytest.mark.needs("maven", "jdk17")
class TestSpringSchedule(ExecutorContract):
    job_type = "springschedule"
    executor_settings: ClassVar = {"wait": 5}
    worker_settings = listening(_PLACE)
    worker_beside = listening(_BESIDE)
    samples = attached
