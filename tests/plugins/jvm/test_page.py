"""The host of the README compiles, and runs a call."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest
from tests.docs.fences import blocks
from tests.plugins.jvm.jvm import argv
from tests.plugins.jvm.peer import facts

from anyjob_jvm.homes import choose_home, find_homes
from anyjob_jvm.jars import jar


@pytest.mark.needs("jdk17")
def test_the_host_of_the_readme_runs_a_call(tmp_path: Path) -> None:
    (program,) = blocks("plugins/jvm/README.md", "java")
    (tmp_path / "Host.java").write_text(program)
    app, javac = jar("anyjob_jvm", "app"), choose_home(find_homes(), "17").javac
    words = ["--release", "8", "-Xlint:-options", "-cp", app, "-d", tmp_path, tmp_path / "Host.java"]
    subprocess.run([str(javac), *map(str, words)], check=True)
    run = tmp_path / "run"
    run.mkdir()
    told = {"type": "start", "run": "aj-1", "facts": facts(parameters="hello"), "spec": {"name": "upper"}}
    (run / "start.json").write_text(json.dumps(told))
    files = {f"ANYJOB_{name}": f"{run}/{name.lower()}" for name in ("MAP", "PROGRESS", "SECRETS")}
    env = {"ANYJOB_APP": f"files:{run}", **files}
    subprocess.run(argv([app, tmp_path], "17"), env=env, stdin=subprocess.DEVNULL, timeout=60, check=True)
    outcome = json.loads((run / "outcome.json").read_text())["outcome"]
    assert (outcome["cause"], outcome["result"]) == ("succeeded", "HELLO"), outcome
    assert (run / "progress").read_text() == "1 2\n"
