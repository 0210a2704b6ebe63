"""The tables of fields on the pages are those that the models give, and each field says what it means."""

from __future__ import annotations

import subprocess
import sys

import pytest
from tests.docs.fences import ROOT, pages
from tests.docs.tables import TABLE, host, made, readers, rewritten

TABLES = [(page, found["what"]) for page in pages() for found in TABLE.finditer((ROOT / page).read_text())]


@pytest.mark.parametrize("page", sorted({page for page, _ in TABLES}))
def test_the_tables_of_a_page_are_new(page: str) -> None:
    text = (ROOT / page).read_text()
    assert text.count("<!-- fields ") == text.count("<!-- /fields -->") == len(TABLE.findall(text))
    assert rewritten(text) == text, "run python -m tests.docs.tables"


@pytest.mark.parametrize("what", sorted({what for _, what in TABLES}))
def test_every_field_says_what_it_means(what: str) -> None:
    assert not [line for line in made(what).splitlines() if line.endswith("|  |")]


def test_every_type_and_launcher_has_its_tables() -> None:
    kinds = {offer.kind.job_type for offer in host().types()}
    settings = {f"settings {part}" for part, model in readers().items() if model is not None and part != "server"}
    launchers = {f"launcher {offer.kind.name}" for offer in host().launchers()} - {"launcher local"}
    assert {what for _, what in TABLES} >= kinds | settings | launchers | {"job", "common", "modes"}


def test_the_command_prints_them() -> None:
    argv = [sys.executable, "-m", "anyjob", "schema", "docker", "--markdown"]
    for options, what in (([], "docker"), (["--launcher", "docker"], "launcher docker")):
        done = subprocess.run([*argv, *options], capture_output=True, text=True, timeout=60)
        assert done.stdout == made(what), done.stderr
