"""Executors in other languages: what they promise in their TOML files, they keep."""

from __future__ import annotations

from pathlib import Path

import pytest

from anyjob.plugins.settings import PluginSettings
from anyjob.testing import ExecutorContract

HERE = Path(__file__).parents[2] / "contrib" / "executables"


@pytest.mark.needs("jq")
class TestBash(ExecutorContract):
    job_type = "bash"
    plugin_settings = PluginSettings(executables=(HERE / "bash",))


@pytest.mark.needs("node")
class TestNode(ExecutorContract):
    job_type = "node"
    plugin_settings = PluginSettings(executables=(HERE / "node",))
