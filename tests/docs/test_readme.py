"""The README holds two commands that work: CI runs the second word for word, this the first in a copy of the tree."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text()


def command(name: str) -> str:
    (text,) = re.findall(rf"<!-- {name} -->\n```sh\n(.*?)\n```\n<!-- /{name} -->", README, re.DOTALL)
    return text


def test_there_are_exactly_two_set_up_commands() -> None:
    assert len(re.findall(r"python3 -m venv", README)) == 2
    for name in ("run", "tests"):
        assert command(name).count("\n") == 0, "a command is one line"


@pytest.mark.timeout(900)
def test_the_first_command_sets_up_and_runs_a_job_with_live_output(tmp_path: Path) -> None:
    listed = subprocess.run(
        ["git", "ls-files", "-co", "--exclude-standard"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    for name in listed.stdout.splitlines():
        if (ROOT / name).is_file():
            target = tmp_path / "anyjob tree" / name
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, target)
    done = subprocess.run(
        ["bash", "-c", command("run")], cwd=tmp_path / "anyjob tree", capture_output=True, text=True, timeout=600
    )
    assert done.returncode == 0, done.stderr
    assert re.search(
        r"^hello from hello, run aj-[0-9a-f]+-0-1\nstep 1\nstep 2\nstep 3\ndone$", done.stdout, re.MULTILINE
    )
