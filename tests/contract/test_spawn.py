"""An executor of the four verbs, as a stranger would write it, and the suite run on it."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import ClassVar

import pytest
from tests.contract.spawner import SAMPLES, SpawnPlugin, clear

from anyjob.testing import ExecutorContract


class TestSpawn(ExecutorContract):
    world: ClassVar[Path]
    samples = SAMPLES

    @pytest.fixture(autouse=True, scope="class")
    @classmethod
    def _world(cls) -> Iterator[None]:
        cls.world = Path(tempfile.mkdtemp(prefix="anyjob-spawn-"))
        cls.plugin = SpawnPlugin(cls.world)
        yield
        clear(cls.world)
        shutil.rmtree(cls.world)
