"""Installed plugins: what is wrong with one is told in a sentence, and never keeps another from running."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from anyjob.errors import BadSettings, PluginBroken, PluginConflict, UnknownJobType
from anyjob.job import Job
from anyjob.plugins import PluginHost, PluginSettings, PluginState

if TYPE_CHECKING:
    from conftest import Site

_spec = importlib.util.spec_from_file_location("plugins_conftest", Path(__file__).with_name("conftest.py"))
