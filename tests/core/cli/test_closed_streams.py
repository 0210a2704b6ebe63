"""Started with its standard output closed, as by a careless service: the job runs, and its status tells."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path


def test_a_closed_standard_output_changes_nothing_but_the_output(tmp_path: Path) -> None:
    (tmp_path / "j.yaml").write_text("Name: j\nJobType: shell\nContent: echo hi; exit 3\n")
    words = f"{sys.executable} -m anyjob run j.yaml >&- 2>err"
    env = {**os.environ, "XDG_STATE_HOME": str(tmp_path / "state")}
    done = subprocess.run(["bash", "-c", words], cwd=tmp_path, env=env, timeout=60)
    said = (tmp_path / "err").read_text()
    assert done.returncode == 3, said
    assert "Traceback" not in said
    assert "failed with exit code 3" in said
