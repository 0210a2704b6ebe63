"""What every group of cases shares: the type under test, and the rig that runs it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import ClassVar

import pytest

from anyjob.samples import Samples
from anyjob.testing.rig import Rig
from anyjob.worker.settings import WorkerSettings

__all__ = ["Suite"]


class Suite:
    """The type under test, by attributes of the class."""

    job_type: ClassVar[str] = ""
    """The JobType; it may be left out where `plugin` offers only one."""
    plugin: ClassVar[object | None] = None
    """The plugin as an object; None: the type is found among the installed plugins, as a worker finds it."""
    samples: ClassVar[Samples | None] = None
    """The samples; None: those that the type's plugin names."""
    executor_settings: ClassVar[Mapping[str, object]] = {}
    """What stands in [executors.<type>] of the settings."""
    worker_settings: ClassVar[WorkerSettings] = WorkerSettings()
    """What stands in [worker]."""
    patience: ClassVar[float] = 30
    """Seconds after which something that does not happen is called a hang. Nothing else is measured in time."""

    @classmethod
    def make_rig(cls, folder: Path) -> Rig:
        """The rig of one case."""
        return Rig(
            folder,
            job_type=cls.job_type,
            plugin=cls.plugin,
            samples=cls.samples,
            settings=cls.executor_settings,
            worker=cls.worker_settings,
            patience=cls.patience,
        )

    @pytest.fixture
    def rig(self, tmp_path: Path) -> Iterator[Rig]:
        """A fresh state folder; what a case leaves going is ended."""
        with self.make_rig(tmp_path) as rig:
            yield rig

    def side_effects(self, path: Path) -> list[str]:
        """The lines that runs of the sample `remembers` have left. Override where they are not in a file here."""
        return path.read_text().splitlines() if path.exists() else []
