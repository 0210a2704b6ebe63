"""The two ways in: wheels as a stranger would install them, and `pip install -e .` of the workspace."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
UV = Path(sys.executable).with_name("uv")
JOB = "Name: j\nJobType: shell\nContent: echo packaged; exit 5\n"

pytestmark = pytest.mark.timeout(600)


def run(*words: str | Path, cwd: Path, code: int = 0) -> str:
    env = {name: value for name, value in os.environ.items() if name not in {"VIRTUAL_ENV", "PYTHONPATH"}}
    env |= {"XDG_STATE_HOME": str(cwd / "state-home"), "PIP_NO_COMPILE": "1"}  # bytecode is half of pip's time
    done = subprocess.run([str(word) for word in words], cwd=cwd, capture_output=True, text=True, env=env)
    assert done.returncode == code, f"{words}: {done.returncode}\n{done.stdout}\n{done.stderr}"
    return done.stdout


def test_the_wheels_alone_run_a_job_in_a_clean_environment(tmp_path: Path) -> None:
    for member in ("core", "executors/shell"):
        run(UV, "build", "-q", "--wheel", "--out-dir", tmp_path / "dist", ROOT / member, cwd=tmp_path)
    wheels = sorted((tmp_path / "dist").glob("*.whl"))
    assert [re.sub(r"-.*", "", wheel.name) for wheel in wheels] == ["anyjob", "anyjob_shell"]
    run(UV, "venv", "-q", "-p", sys.executable, tmp_path / "venv", cwd=tmp_path)
    python = tmp_path / "venv/bin/python"
    core, shell = wheels
    run(UV, "pip", "install", "-q", "-p", python, f"anyjob[cli] @ {core.as_uri()}", shell, cwd=tmp_path)
    run(UV, "pip", "check", "-p", python, cwd=tmp_path)
    (tmp_path / "job.yaml").write_text(JOB)
    assert run(tmp_path / "venv/bin/anyjob", "run", "job.yaml", cwd=tmp_path, code=5) == "packaged\n"


def test_pip_installs_the_workspace_editable(tmp_path: Path) -> None:
    run(sys.executable, "-m", "venv", tmp_path / "venv", cwd=tmp_path)
    # A copy: pip must not write its leavings into the tree.
    listed = subprocess.run(["git", "ls-files", "-co", "--exclude-standard"], cwd=ROOT, capture_output=True, text=True)
    for name in listed.stdout.splitlines():
        if not name.startswith("tests/") and (ROOT / name).is_file():
            target = tmp_path / "tree" / name
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes((ROOT / name).read_bytes())
    run(tmp_path / "venv/bin/pip", "install", "-q", "--no-compile", "-e", ".", cwd=tmp_path / "tree")
    (tmp_path / "job.yaml").write_text(JOB)
    assert run(tmp_path / "venv/bin/anyjob", "run", "job.yaml", cwd=tmp_path, code=5) == "packaged\n"
