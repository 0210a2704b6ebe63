"""Started carelessly, as with its standard output closed: the job runs, and its status tells."""

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


def test_outputs_that_nobody_reads_change_nothing_and_leave_nothing_unfinished(tmp_path: Path) -> None:
    (tmp_path / "j.yaml").write_text("Name: j\nJobType: shell\nContent: echo hi; sleep 0.5; echo ho; exit 3\n")
    read, write = os.pipe()
    os.close(read)
    env = {**os.environ, "XDG_STATE_HOME": str(tmp_path / "home")}
    words = [sys.executable, "-m", "anyjob", "run", "j.yaml", "--state", "state"]
    done = subprocess.run(words, cwd=tmp_path, env=env, stdout=write, stderr=write, timeout=60)
    os.close(write)
    assert done.returncode == 3
    again = subprocess.run(words, cwd=tmp_path, env=env, capture_output=True, timeout=60)
    assert again.returncode == 3, again.stderr  # nothing was left to finish first


def test_an_object_that_could_not_be_written_is_not_lost_without_a_word(tmp_path: Path) -> None:
    (tmp_path / "j.yaml").write_text("Name: j\nJobType: shell\nContent: exit 3\n")
    env = {**os.environ, "XDG_STATE_HOME": str(tmp_path / "state")}
    words = [sys.executable, "-m", "anyjob", "run", "--json", "j.yaml"]
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(words, cwd=tmp_path, env=env, stdout=full, stderr=subprocess.PIPE, text=True, timeout=60)
    assert done.returncode == 3
    assert done.stderr == (
        "anyjob: standard output cannot be written (No space left on device); job 'j' failed with exit code 3\n"
    )


def test_the_library_alone_says_what_the_command_line_needs(tmp_path: Path) -> None:
    (tmp_path / "typer.py").write_text("raise ModuleNotFoundError(\"No module named 'typer'\", name='typer')\n")
    env = {**os.environ, "PYTHONPATH": str(tmp_path)}
    words = [sys.executable, "-m", "anyjob", "--version"]
    done = subprocess.run(words, cwd=tmp_path, env=env, capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stdout) == (1, "")
    install = "pip install 'rich>=14,<16' 'typer>=0.21,<1'"
    assert done.stderr == f"anyjob: the command line needs typer, which is not installed: {install}\n"
