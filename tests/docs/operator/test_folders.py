"""What lies in state folders is what docs/serve.md and core/docs/settings.md list, all of it and nothing else."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.core.cli.program import Program
from tests.docs.fences import ROOT, blocks
from tests.docs.operator.house import House
from tests.plugins.server.cli.test_up_folder import a_port

APPLICATION = ROOT / "tests/plugins/server/cli/application.py"


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    made = House(tmp_path)
    yield made
    made.clean()


@pytest.fixture
def anyjob(program: Program) -> Program:
    return program


def listed(listings: list[str]) -> set[str]:
    """The entries of the folder itself: first words of lines, and what else has the form of a file's name."""
    (text,) = listings
    return {
        name.partition("/")[0]
        for line in text.splitlines()
        for name in [line.split()[0], *re.findall(r"server\.db-\w+|\w+/(?=NAME)", line)]
    }


def as_listed(names: set[str]) -> set[str]:
    return {re.sub(r"(?<=^replaced-).*", "TIME", name) for name in names}


def inside(folder: Path) -> set[str]:
    return {entry.name for entry in folder.iterdir()}


def test_the_folder_of_a_server(house: House) -> None:
    house.serve()
    (house.state / "anyjob.toml").write_text("")
    house.call("anyjob hold")
    seen = inside(house.state)
    house.call(f"anyjob backup {house.folder}/backup")
    house.end_by_hand()
    house.call(f"anyjob restore {house.folder}/backup --replace")
    assert as_listed(seen | inside(house.state)) == listed(blocks("plugins/server/docs/serve.md", ""))


@pytest.mark.needs("jdk17")
def test_the_folder_of_a_worker(anyjob: Program, tmp_path: Path) -> None:
    """Of a server's, with an application, a process that many runs share, and an executor that keeps something."""
    worker, jobs = tmp_path / "server" / "worker", tmp_path / "jobs"
    look = jobs / "look" / "examples"
    look.mkdir(parents=True)
    shutil.copy(APPLICATION, look)
    (look / "beside.toml").write_text(
        '[[peers]]\ncommand = ["python", "application.py", "go", "daily", "done"]\n'
        'dials = {type = "go", group = "shop"}\n'
    )
    content = f"ls {worker} > {tmp_path}/seen"
    (look / "look.yaml").write_text(json.dumps({"Name": "look", "JobType": "shell", "Content": content}))
    for kind, name in (("java", "shared.yaml"), ("xxljob", "*")):
        (jobs / kind / "examples").mkdir(parents=True)
        for file in (ROOT / "executors" / kind / "examples").glob(name):
            shutil.copy(file, jobs / kind / "examples")
    port = a_port()  # in a folder that stays the examples' own are used
    for name in ("anyjob.toml", "beside.toml"):
        file = jobs / "xxljob" / "examples" / name
        file.write_text(file.read_text().replace("7781", str(port)))
    state = str(worker.parent)
    done = anyjob("up", str(jobs), "--state", state, "--json")
    assert done.status == 0, done.err
    assert all(json.loads(line)["as_meant"] for line in done.out.splitlines()), done.out
    assert anyjob("key", "create", "--app", "other", "--state", state).status == 0
    seen = inside(worker) | set((tmp_path / "seen").read_text().split())
    written = listed(blocks("core/docs/settings.md", ""))
    assert seen == written - {"launchers"}, "launchers/ is made by those that keep something, as docker's"
