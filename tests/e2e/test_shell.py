"""shell: a real process."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.e2e.way import Deed, Middle, Way

from anyjob.outcome import Strength


class TestShell(Way):
    job_type = "shell"
    stopped = Strength.PROVEN

    @pytest.fixture
    def deed(self) -> Deed:
        return Deed(fields={"Content": "echo 'hello'"}, result="hello", logged="hello")

    @pytest.fixture
    def middle(self, tmp_path: Path) -> Middle:
        begun, over = tmp_path / "begun", tmp_path / "over"
        begun.touch()
        script = f"echo once | tee -a {begun}; while [ ! -e {over} ]; do sleep 0.05; done; echo whole"
        return Middle(
            fields={"Content": script},
            begun=lambda: len(begun.read_text().splitlines()),
            let_go=over.touch,
            result="whole",
            logged=("once", "whole"),
        )
