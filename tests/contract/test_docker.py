"""The docker type, and commands of other types in containers, on a real engine."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import ClassVar

import pytest
from tests.grounds.docker.engine import Engine

from anyjob.samples import Sample, SampleSource
from anyjob.testing import ExecutorContract
from anyjob.testing.cases.contexts import ContextCases
from anyjob.testing.cases.endings import EndingCases
from anyjob.testing.cases.inputs import InputCases
from anyjob.testing.cases.secrets import SecretCases
from anyjob.testing.rig import Rig
from anyjob.testing.suite import Suite
from anyjob.testing.supply import Supply
from anyjob_docker.samples import SHOWS, jobs
from anyjob_python.samples import SAMPLES as PYTHON
from anyjob_shell.samples import SAMPLES as SHELL

IMAGE = "busybox:test"


class InContainers(Suite):
    """Whatever a case writes lies in its own folder, which its containers see, too."""

    patience = 180
    crowd = 16
    many = 5
    image: ClassVar[str] = IMAGE

    @pytest.fixture(scope="class", autouse=True)
    @classmethod
    def settled(cls, engine: Engine) -> None:
        cls.launcher_settings = {"docker": {"host": engine.url, "mounts": "*", "pull_policy": "Never"}}
        engine.images.need(cls.image)

    @classmethod
    def make_rig(cls, folder: Path, supply: Supply | None = None) -> Rig:
        cls.xattrs = {**cls.xattrs, "mounts": [{"source": str(folder), "target": str(folder)}]}
        return super().make_rig(folder, supply)


@pytest.mark.needs("docker")
class TestDocker(InContainers, ExecutorContract):
    job_type = "docker"
    samples: ClassVar[SampleSource | None] = jobs(IMAGE)


@pytest.mark.needs("docker")
class TestShellInContainers(InContainers, EndingCases, ContextCases, SecretCases):
    """Beyond what the launcher owes every command: that this type's own commands and files come into a container."""

    job_type = "shell"
    xattrs: ClassVar = {"launcher": "docker", "image": IMAGE}
    # Busybox has no iconv.
    samples: ClassVar[SampleSource | None] = replace(SHELL, leaves=None, shows_secret=Sample({"Content": SHOWS}))


@pytest.mark.needs("docker")
class TestPythonInContainers(InContainers, ContextCases, InputCases):
    job_type = "python"
    image = "python:test"
    xattrs: ClassVar = {"launcher": "docker", "image": "python:test"}
    samples: ClassVar[SampleSource | None] = replace(PYTHON, leaves=None)
