"""What messages tell people to install is what is lacking, and is to be had: no index has us."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
OURS = re.compile(r"pip install '?(?:\./)?anyjob")


@pytest.mark.parametrize(
    ("source", "member", "extra"),
    [
        ("core/src/anyjob/cli/checkexecutor.py", "core", "testing"),
        ("core/src/anyjob/cli/entry.py", "core", "cli"),
        ("plugins/server/src/anyjob_server/store/postgres.py", "plugins/server", "postgresql"),
        ("executors/python/src/anyjob_python/environments.py", "executors/python", "requirements"),
        ("executors/python/README.md", "executors/python", "requirements"),
    ],
)
def test_a_remedy_is_what_the_extra_holds(source: str, member: str, extra: str) -> None:
    project = tomllib.loads((ROOT / member / "pyproject.toml").read_text())["project"]
    told = re.findall(r"pip install ((?:'[^']+' ?)+)", (ROOT / source).read_text())
    assert told
    assert {word for line in told for word in re.findall("'([^']+)'", line)} == {
        *project["optional-dependencies"][extra]
    }


def test_no_message_asks_an_index_for_us() -> None:
    modules = [file for place in ("core", "executors", "plugins") for file in (ROOT / place).rglob("src/**/*.py")]
    assert modules
    assert [file for file in modules if OURS.search(file.read_text())] == []
