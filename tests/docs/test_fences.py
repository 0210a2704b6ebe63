"""Every block of every page is run, or says why it is only shown."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

import pytest
from tests.docs.claims import CLAIMS, PENDING, Row, covers
from tests.docs.fences import ROOT, Fence, fences, pages
from tests.docs.rules import Rule, rule
from tests.docs.walk import walk

FEW = 2
"""So many blocks at most are only shown, in the whole tree: drawings."""


def ruled(*rules: Rule) -> Iterator[Fence]:
    """The blocks that one of these rules covers. What none covers is told by the test below."""
    for page in pages():
        for fence in fences(page):
            try:
                if rule(fence) in rules:
                    yield fence
            except AssertionError:
                continue


def by_place(found: Iterator[Fence]) -> list[Any]:
    return [pytest.param(fence, id=fence.place) for fence in found]


@pytest.mark.parametrize("page", pages())
def test_nothing_is_skipped(page: str) -> None:
    for fence in fences(page):
        rule(fence)
        for mark in fence.marks:
            if rule(fence) == "claimed":
                continue
            word = mark.partition(" ")[0].rstrip(":")
            known = ("exit", "until", "shown", "run", "tests", "tour", "/fields", "/promises")
            assert word in known, f"{fence.place}: <!-- {mark} --> means nothing; known are {', '.join(known)}"


def test_few_are_only_shown() -> None:
    assert sum(1 for _ in ruled("shown")) <= FEW


@pytest.mark.parametrize("row", [*CLAIMS, *PENDING], ids=" ".join)
def test_a_row_has_its_blocks(row: Row) -> None:
    assert any(covers(row, fence) for fence in fences(row[0])), "the row covers nothing: remove it"


@pytest.mark.parametrize("row", CLAIMS, ids=" ".join)
def test_a_claimed_block_is_read_by_its_test(row: Row) -> None:
    file, _, name = CLAIMS[row].test.partition("::")
    tree = ast.parse((ROOT / file).read_text())
    assert any(isinstance(node, ast.FunctionDef) and node.name == name for node in tree.body), f"{file} has no {name}"
    calls = (node for node in ast.walk(tree) if isinstance(node, ast.Call) and isinstance(node.func, ast.Name))
    read = {
        (cast("ast.Name", call.func).id, *(arg.value for arg in call.args if isinstance(arg, ast.Constant)))
        for call in calls
    }
    ways = {("blocks", *row), ("fences", row[0]), ("blocks", Path(row[0]).name)}
    if row[1] in ("sh", "", "diff"):
        ways.add(("walk", row[0]))
    assert ways & read, f"{file} does not read the page; call blocks({', '.join(map(repr, row))}) there"


@pytest.mark.parametrize("fence", by_place(ruled("example")))
def test_an_example_is_the_file_that_a_command_runs(fence: Fence) -> None:
    assert ((ROOT / fence.page).parent / "examples" / str(fence.file)).read_text() == fence.text


@pytest.mark.parametrize("page", sorted({fence.page for fence in ruled("executed")}))
def test_the_program_of_a_page_runs(page: str, tmp_path: Path) -> None:
    lines = [""] * len((ROOT / page).read_text().splitlines())  # so that a traceback tells the page's own lines
    for fence in fences(page):
        if fence.language == "python" and rule(fence) == "executed":
            inside = fence.text.splitlines()
            lines[fence.line : fence.line + len(inside)] = inside
    file = tmp_path / Path(page).with_suffix(".py").name
    file.write_text("\n".join(lines))
    done = subprocess.run([sys.executable, file], cwd=tmp_path, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, f"{page}: {done.stderr}"


@pytest.mark.needs("cgroup2")
@pytest.mark.timeout(300)
@pytest.mark.parametrize("page", sorted({fence.page for fence in ruled("walked")}))
def test_the_commands_of_a_page_do_what_it_says(page: str, tmp_path: Path) -> None:
    walk(page, tmp_path / "here")
