"""The README holds two commands that work: CI runs the second word for word, this the first in a copy of the tree."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from tests.docs.fences import fences

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
    assert re.search(r"^anyjob: job 'hello' succeeded \(", done.stderr, re.MULTILINE)
    assert re.search(
        r"^hello from hello, run aj-[0-9a-f]+-0-1\nstep 1\nstep 2\nstep 3\ndone$", done.stdout, re.MULTILINE
    )


TOUR: list[tuple[str, str, str]] = re.findall(
    r"<!-- tour ?(\d*) -->\n```sh\n(.*?)\n```\n(?:```\n(.*?)\n```\n)?", README, re.DOTALL
)
SHOWN = fences("README.md")


def visit(commands: str, home: Path) -> subprocess.CompletedProcess[str]:
    """The commands of one stop of the tour, by this environment's programs."""
    here = commands.replace(".venv/bin/", f"{Path(sys.executable).parent}/")
    env = {**os.environ, "XDG_STATE_HOME": str(home)}
    return subprocess.run(["bash", "-ec", here], cwd=ROOT, env=env, capture_output=True, text=True, timeout=60)


def test_every_command_of_the_tour_is_visited() -> None:
    commands = [fence for fence in SHOWN if fence.language == "sh"]
    assert len(commands) == len(TOUR) + 2 > 6, "a command that is neither one of the two nor a stop of the tour"
    assert len(SHOWN) - len(commands) == len([stop for stop in TOUR if stop[2]]), "it shows what nothing compares"


@pytest.mark.parametrize(("status", "commands"), [stop[:2] for stop in TOUR])
def test_the_tour_ends_as_it_says(status: str, commands: str, tmp_path: Path) -> None:
    done = visit(commands, tmp_path)
    assert done.returncode == int(status or 0), done.stderr


@pytest.mark.needs("cgroup2")
@pytest.mark.parametrize(("commands", "shown"), [stop[1:] for stop in TOUR if stop[2]])
def test_the_tour_shows_what_it_says(commands: str, shown: str, tmp_path: Path) -> None:
    """Line by line, but for the numbers of seconds."""
    done = visit(commands, tmp_path)
    said = (done.stdout + done.stderr).splitlines()
    for line in shown.splitlines():
        pattern = re.sub(r"\d+\\\.\d+", r"[0-9.]+", re.escape(line))
        assert any(re.fullmatch(pattern, one) for one in said), (line, said)
