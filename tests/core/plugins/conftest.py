"""The fixture `site`: distributions of the test's own, importable while it lasts."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.core.plugins.site import Site


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Site]:
    monkeypatch.setattr(sys, "path", [str(tmp_path), *sys.path])
    made = Site(tmp_path)
    yield made
    for name in made.modules:
        sys.modules.pop(name, None)
