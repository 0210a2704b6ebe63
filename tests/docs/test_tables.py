"""The tables of fields on the pages are those that the models give, and each field says what it means."""

from __future__ import annotations

import re
import subprocess
import sys

import pytest
from tests.docs.fences import ROOT, pages
from tests.docs.tables import TABLE, host, made, readers, rewritten

TABLES = [
    (page, (found["word"], found["what"])) for page in pages() for found in TABLE.finditer((ROOT / page).read_text())
]


@pytest.mark.parametrize("page", sorted({page for page, _ in TABLES}))
def test_the_tables_of_a_page_are_new(page: str) -> None:
    text = (ROOT / page).read_text()
    marks = [line for line in text.splitlines() if re.match("<!-- /?(fields|promises) ?", line)]
    assert len(marks) == 2 * len(TABLE.findall(text)), marks
    assert rewritten(text) == text, "run python -m tests.docs.tables"


@pytest.mark.parametrize("what", sorted({what for _, (word, what) in TABLES if word == "fields"}))
def test_every_field_says_what_it_means(what: str) -> None:
    assert not [line for line in made("fields", what).splitlines() if line.endswith("|  |")]


def test_every_type_has_its_tables() -> None:
    found = {what for _, what in TABLES}
    kinds = {offer.kind.job_type for offer in host().types()}
    assert found >= {("promises", kind) for kind in kinds} | {("fields", kind) for kind in kinds}
    shown = {
        readers()[what.removeprefix("settings ")] for word, what in found if (word, what[:9]) == ("fields", "settings ")
    }
    assert shown >= {model for part, model in readers().items() if model is not None and part != "server"}
    # Those of k8s are, but for `image`, the type's own.
    assert ("fields", "launcher docker") in found
    assert found >= {("fields", "job"), ("fields", "common"), ("fields", "modes")}


def test_the_command_prints_them() -> None:
    argv = [sys.executable, "-m", "anyjob", "schema", "docker", "--markdown"]
    for options, what in (([], "docker"), (["--launcher", "docker"], "launcher docker")):
        done = subprocess.run([*argv, *options], capture_output=True, text=True, timeout=60)
        assert done.stdout == made("fields", what), done.stderr
