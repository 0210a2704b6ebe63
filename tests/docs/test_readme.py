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


(ENDS,) = re.findall(r"<!-- run shows -->\n```\n(.*?)\n```\n<!-- /run shows -->", README, re.DOTALL)


def test_there_are_exactly_two_set_up_commands() -> None:
    assert len(re.findall(r"python3 -m venv", README)) == 2
    for name in ("run", "tests"):
        assert command(name).count("\n") == 0, "a command is one line"


@pytest.mark.timeout(900)
def test_the_first_command_sets_up_and_shows_what_the_readme_shows(tmp_path: Path) -> None:
    listed = subprocess.run(
        ["git", "ls-files", "-co", "--exclude-standard"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    for name in listed.stdout.splitlines():
        if (ROOT / name).is_file():
            target = tmp_path / "anyjob tree" / name
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, target)
    env = {name: value for name, value in os.environ.items() if name not in OF_A_SHELL}
    env["PATH"] = os.pathsep.join(one for one in env["PATH"].split(os.pathsep) if not (Path(one) / "anyjob").exists())
    done = subprocess.run(
        ["bash", "-c", command("run")],
        cwd=tmp_path / "anyjob tree",
        env=env | {"XDG_STATE_HOME": str(tmp_path / "state")},
        capture_output=True,
        text=True,
        timeout=600,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    table, absent = parts(done.stdout)
    shown, shown_absent = parts(ENDS)
    here = {row.split()[0] for row in table} & MAY_BE_HERE
    for row in shown:
        assert any(re.fullmatch(but_for_numbers(row), one) for one in table), (row, done.stdout)
    for who, why in shown_absent.items():
        # What the README's machine lacks this one may have; then it has run, or lacks something else.
        same = absent.get(who) == why or (absent.get(who) == UNBUILT and who.startswith("springschedule "))
        assert same or here & set(re.findall(r"\w+", who)), (who, why, done.stdout)
    assert {row.split()[0] for row in table} <= {row.split()[0] for row in shown} | MAY_BE_HERE
    last = done.stdout.splitlines()[-2:]
    assert re.fullmatch(r"\d+ jobs ran in \d+ s and ended, all as they are meant to; \d+ cannot run here\.", last[0])
    assert last[1] == ENDS.splitlines()[-1]
    assert re.search(r"^anyjob: shell hello: succeeded \(", done.stderr, re.MULTILINE)


OF_A_SHELL = ("COLUMNS", "KUBECONFIG", "VIRTUAL_ENV", "ANYJOB_XXLJOB_TOKEN")
"""What a reader who begins does not have set."""
UNBUILT = (
    "its application is not built; `.venv/bin/anyjob spring build executors/springschedule/examples/project` builds it"
)
"""Where Java and Maven are."""
MAY_BE_HERE = {"go", "java", "k8s"}
"""Types of the examples that run where the machine has more than Python; the table of the README is of one that has
not."""


CUT = 12
"""Characters by which types and jobs that are not in the README's table may be longer than those that are."""


def parts(output: str) -> tuple[list[str], dict[str, str]]:
    """Rows of the table, their blanks made single, and what is not here: who by why."""
    above, _, below = output.partition("\nNot here:\n")
    rows = [" ".join(line.split()) for line in above.splitlines()[1:] if line]
    absent: dict[str, str] = {}
    who = ""
    for line in below.partition("\n\n")[0].splitlines():
        if line.startswith("      "):
            absent[who] = f"{absent[who]} {line.strip()}".strip()
        elif line.strip() != "...":
            who = line.strip()
            absent[who] = ""
    return rows, absent


def but_for_numbers(row: str) -> str:
    """A pattern that allows other seconds, another proof where the machine has no cgroup v2, and an earlier cut where
    longer names beside it leave a result less room."""
    cut = row.endswith("…")
    pattern = re.sub(r"\d+\\\.\d+\\ s", r"[0-9.]+\\ s", re.escape(row[:-CUT] if cut else row)) + ".*…" * cut
    return pattern.replace(r"by\ cgroup\ v2", "by .*")


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
    assert len(SHOWN) - len(commands) == 1 + len([stop for stop in TOUR if stop[2]]), "it shows what nothing compares"


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
