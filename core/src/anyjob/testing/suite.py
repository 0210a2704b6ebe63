"""What every group of cases shares: the type under test, and the rig that runs it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import ClassVar

import pytest

from anyjob.outcome import Json
from anyjob.plugins.settings import PluginSettings
from anyjob.samples import SampleSource
from anyjob.testing.rig import Rig
from anyjob.testing.supply import Supply
from anyjob.worker.settings import WorkerSettings

__all__ = ["Suite"]


class Suite:
    """The type under test, by attributes of the class."""

    job_type: ClassVar[str] = ""
    """The JobType; it may be left out where `plugin` offers only one."""
    plugin: ClassVar[object | None] = None
    """The plugin as an object; None: the type is found among the installed plugins, as a worker finds it."""
    plugin_settings: ClassVar[PluginSettings | None] = None
    """What stands in [plugins] of the settings, for types that come from there."""
    samples: ClassVar[SampleSource | None] = None
    """The samples, or a function that gives them for a while; None: those that the type's plugin names."""
    executor_settings: ClassVar[Mapping[str, object]] = {}
    """What stands in [executors.<type>] of the settings."""
    launcher_settings: ClassVar[Mapping[str, Mapping[str, object]]] = {}
    """What stands in [launchers.<name>], by name."""
    xattrs: ClassVar[Mapping[str, Json]] = {}
    """XAttrs of every job, as the launcher with its options; what a sample says itself stays."""
    worker_settings: ClassVar[WorkerSettings] = WorkerSettings()
    """What stands in [worker]."""
    worker_beside: ClassVar[WorkerSettings | None] = None
    """What stands in [worker] of a second worker beside the first, where the two cannot have the same: an address on
    which applications dial in. None: the same."""
    patience: ClassVar[float] = 30
    """Seconds after which something that does not happen is called a hang. Nothing else is measured in time."""
    force_wait: ClassVar[float] = 2
    """Seconds after FORCE in which a run must be seen to end: more where a remote side takes long to say so. More only
    makes bad executors slow to test."""
    crowd: ClassVar[int] = 200
    """Runs of the case with the most at one time; fewer where each of them takes long."""
    many: ClassVar[int] = 20
    """Runs of the cases with many at one time."""

    @classmethod
    def make_rig(cls, folder: Path, supply: Supply | None = None) -> Rig:
        """The rig of one case. `supply`: the samples of the whole class; None: the rig gets its own."""
        return Rig(
            folder,
            job_type=cls.job_type,
            plugin=cls.plugin,
            plugin_settings=cls.plugin_settings,
            samples=cls.samples,
            supply=supply,
            settings=cls.executor_settings,
            launchers=cls.launcher_settings,
            worker=cls.worker_settings,
            worker_beside=cls.worker_beside,
            xattrs=cls.xattrs,
            patience=cls.patience,
            force_wait=cls.force_wait,
        )

    @pytest.fixture(scope="class")
    @classmethod
    def supply(cls) -> Iterator[Supply]:
        """The samples of the class, and whatever they need beside them."""
        supply = Supply()
        yield supply
        supply.close()

    @pytest.fixture
    def rig(self, tmp_path: Path, supply: Supply) -> Iterator[Rig]:
        """A fresh state folder; what a case leaves going is ended."""
        with self.make_rig(tmp_path, supply) as rig:
            yield rig

    def side_effects(self, path: Path) -> list[str]:
        """The lines that runs of the sample `remembers` have left. Override where they are not in a file here."""
        return path.read_text().splitlines() if path.exists() else []
