"""The page that shows a host program of its own runs as it stands there."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from tests.docs.fences import blocks


def test_the_embedding_program_runs_as_printed(tmp_path: Path) -> None:
    program, _ = blocks("core/docs/embed.md", "python")
    assert len([line for line in program.splitlines() if line.strip()]) <= 21
    file = tmp_path / "host.py"
    file.write_text(program)
    scripts = ["echo one", "echo two; exit 3", "kill -9 $$"]
    done = subprocess.run(
        [sys.executable, str(file), str(tmp_path / "state"), *scripts], capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == ["aj-1-0-1 succeeded one", "aj-2-0-1 exit_code two", "aj-3-0-1 signal "]


def test_the_program_with_a_plugin_of_its_own_runs_as_printed(tmp_path: Path) -> None:
    _, program = blocks("core/docs/embed.md", "python")
    file = tmp_path / "host.py"
    file.write_text(program)
    words = [sys.executable, str(file), str(tmp_path / "state"), "echo one", "rm -rf /nothing/there"]
    done = subprocess.run(words, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    one, two = sorted(done.stdout.splitlines())
    assert one == "script-1 succeeded one"
    assert two.startswith("script-2 rejected ")
    assert "nothing is swept away here; name the files" in two
