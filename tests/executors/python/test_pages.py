"""The examples run as they stand, and what the README shows is accepted."""

from __future__ import annotations

import os
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from tests.docs.fences import blocks

from anyjob_python.settings import PythonSettings

HERE = Path(__file__).parents[3] / "executors" / "python"


@pytest.mark.parametrize("file", sorted((HERE / "examples").iterdir()), ids=lambda file: file.stem)
def test_an_example_runs(file: Path, tmp_path: Path) -> None:
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


def test_the_settings_of_the_readme_are_all_there_are() -> None:
    (text,) = blocks("executors/python/README.md", "toml")
    shown = tomllib.loads(text)["executors"]["python"]
    made = PythonSettings.model_validate(shown)
    assert shown.keys() == PythonSettings.model_fields.keys()
    said = {name: getattr(PythonSettings(), name) for name in shown}
    examples = {"uv", "cache", "index_url", "find_links"}
    assert {name: getattr(made, name) for name in shown if name not in examples} == {
        name: value for name, value in said.items() if name not in examples
    }
    assert "password" not in repr(made)
