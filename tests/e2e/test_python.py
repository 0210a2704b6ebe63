"""python: a real interpreter, started for the run, or forked from one that was there already."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.e2e.way import Deed, Middle, Way

from anyjob.outcome import Strength


class TestPython(Way):
    job_type = "python"
    stopped = Strength.PROVEN

    @pytest.fixture
    def deed(self) -> Deed:
        script = "import sys, anyjob_job\nprint('hello', anyjob_job.parameters, 'colorsys' in sys.modules)"
        return Deed(fields={"Content": script}, result="hello test False", logged="hello test False")

    @pytest.fixture
    def middle(self, tmp_path: Path) -> Middle:
        begun, over = tmp_path / "begun", tmp_path / "over"
        begun.touch()
        script = f"""
import os, time
with open({str(begun)!r}, "a") as file:
    print("once", file=file)
print("once")
while not os.path.exists({str(over)!r}):
    time.sleep(0.05)
print("whole")
"""
        return Middle(
            fields={"Content": script},
            begun=lambda: len(begun.read_text().splitlines()),
            let_go=over.touch,
            result="whole",
            logged=("once", "whole"),
        )


@pytest.mark.needs("cgroup2")
class TestPythonWarm(TestPython):
    """Where there are no cgroups a run is cold, whatever the settings say."""

    @pytest.fixture(scope="class")
    @classmethod
    def settings(cls) -> str:
        return '[server.users]\n"*" = "root"\n[executors.python]\nwarm = true\npreload = ["colorsys"]\n'

    @pytest.fixture
    def deed(self) -> Deed:
        script = "import sys, anyjob_job\nprint('hello', anyjob_job.parameters, 'colorsys' in sys.modules)"
        return Deed(fields={"Content": script}, result="hello test True", logged="hello test True")
