"""The examples run as they stand; hello.yaml is run by the page's own test."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).parents[3] / "executors" / "python"


@pytest.mark.parametrize("name", ["shards", "warm"])
def test_an_example_runs(name: str, tmp_path: Path) -> None:
    file = HERE / "examples" / f"{name}.yaml"
    config = tmp_path / "anyjob.toml"
    config.write_text("[worker]\nshim_idle = 0.2\n")  # so that nothing is left of it
    argv = [
        sys.executable,
        "-m",
        "anyjob",
        "run",
        "--state",
        str(tmp_path / "state"),
        "--config",
        str(config),
        str(file),
    ]
    done = subprocess.run(argv, capture_output=True, text=True, timeout=100, env={**os.environ, "PYTHONWARNINGS": ""})
    assert done.returncode == 0, done.stdout + done.stderr
