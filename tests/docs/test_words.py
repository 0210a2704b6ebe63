"""What stands between the blocks: links lead somewhere, and commands in running text are commands with such options."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
import tomllib
from importlib.metadata import metadata
from pathlib import Path

import pytest
from tests.docs.fences import ROOT, pages
from tests.docs.inline import ELSEWHERE, OTHERS, Line, lines, path_of, prose, run_by_fences, typed, wrong

ALONE = {"tests/grounds/README.md", "tests/bench/README.md"}
"""Pages that lie beside what they are about, for those who work on it."""

_LINK = re.compile(r"\]\((?!https?:)(?P<path>[^)#\s]*)(?:#(?P<part>[^)\s]+))?\)")


def parts(page: Path) -> set[str]:
    """The names under which GitHub lets a page's headings be linked."""
    headings = re.findall(r"^#+ (.*)$", page.read_text(), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).strip().replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", pages())
def test_its_links_lead_somewhere(page: str) -> None:
    for found in _LINK.finditer(prose(page)):
        there = (ROOT / page).parent / found["path"] if found["path"] else ROOT / page
        assert there.exists(), f"{page}: {found[0]}"
        assert found["part"] is None or found["part"] in parts(there), f"{page}: {found[0]} has no such heading"


def test_every_page_is_found_from_the_readme() -> None:
    seen, next_ones = set[str](), ["README.md"]
    while next_ones:
        page = next_ones.pop()
        if page not in seen and page in pages():
            seen.add(page)
            links = (found["path"] for found in _LINK.finditer(prose(page)) if found["path"])
            next_ones += [((ROOT / page).parent / path).resolve().relative_to(ROOT).as_posix() for path in links]
    assert set(pages()) - seen <= ALONE


def begins(line: Line, beginning: str) -> bool:
    """By whole words: `kill` is no `killall`."""
    words = tuple(beginning.split())
    return line.words[: len(words)] == words


def elsewhere(line: Line) -> bool:
    return any(begins(line, one) for one in ELSEWHERE)


@pytest.mark.parametrize("page", pages())
def test_its_commands_are_commands(page: str) -> None:
    for line in lines(page):
        if line.words[0] == "anyjob":
            faults = [*wrong(line.words[1:])]
            assert not faults, f"{page}: `{line.shown}`: {', '.join(faults)}"


@pytest.mark.parametrize("page", pages())
def test_its_commands_are_run(page: str) -> None:
    """By a block of any page; else the tables of inline.py say by which test, or why not."""
    for line in lines(page):
        if line.words[0] == "anyjob":
            run = len(line.words) == 1 or path_of(line.words[1:]) in run_by_fences()
        else:
            run = " ".join(line.words) in typed() or any(begins(line, one) for one in OTHERS)
        assert run or elsewhere(line), (
            f"{page}: no block runs `{line.shown}`; show it in one, or write a row in tests/docs/inline.py: a test that"
            " runs it (ELSEWHERE), or why nothing here can (OTHERS)"
        )


@pytest.mark.parametrize("beginning", [*OTHERS, *ELSEWHERE])
def test_a_row_is_needed(beginning: str) -> None:
    assert any(begins(line, beginning) for page in pages() for line in lines(page)), "no page says it: remove the row"


@pytest.mark.parametrize("beginning", ELSEWHERE)
def test_a_row_names_a_test_that_runs_it(beginning: str) -> None:
    file, _, name = ELSEWHERE[beginning].test.partition("::")
    text = (ROOT / file).read_text()
    assert any(isinstance(one, ast.FunctionDef) and one.name == name for one in ast.parse(text).body), f"no {name}"
    assert beginning.rsplit(maxsplit=1)[-1] in re.findall(r"[\w.-]+", text), f"{file} does not hold the word"


@pytest.mark.parametrize("page", pages())
def test_its_extras_are_extras(page: str) -> None:
    """`pip install DISTRIBUTION[EXTRA]`, by name or by folder."""
    for line in lines(page):
        found = re.search(r"^pip install (\S+)\[([\w,]+)\]$", " ".join(line.words))
        if found:
            name = found[1] if "/" not in found[1] else own_name(ROOT / found[1])
            extras = metadata(name).get_all("Provides-Extra") or []
            assert set(found[2].split(",")) <= set(extras), f"{page}: {name} has the extras {', '.join(extras)}"


def own_name(folder: Path) -> str:
    return tomllib.loads((folder / "pyproject.toml").read_text())["project"]["name"]


def modules() -> list[str]:
    found = {line.words[2] for page in pages() for line in lines(page) if line.words[1:2] == ("-m",)}
    return sorted(found)


@pytest.mark.parametrize("module", modules())
def test_a_module_takes_its_options(module: str) -> None:
    """`python -m MODULE --option`: the module is there, and its help names the option."""
    said = subprocess.run([sys.executable, "-m", module, "--help"], cwd=ROOT, capture_output=True, text=True)
    assert said.returncode == 0, said.stderr
    for line in (line for page in pages() for line in lines(page) if line.words[1:3] == ("-m", module)):
        lacks = [word for word in line.words[3:] if word.startswith("--") and word not in said.stdout]
        assert not lacks, f"{line.page}: {module} has no {', '.join(lacks)}"


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("job run NAME --wait", ""),
        ("job run NAME --wat", "--wat"),
        ("job rum NAME", "no command 'rum'"),
        ("why JOB OTHER", "nothing takes OTHER"),
        ("job delete --json", "is missing"),
        ("cron EXPR --count some", "integer"),
        ("cron EXPR --count", "--count"),
        ("up executors/shell/examples/no.yaml", "is not there"),
        ("key create --app GROUP", ""),
        ("nothing", "no command 'nothing'"),
    ],
)
def test_what_the_command_line_does_not_take_is_found(text: str, fault: str) -> None:
    found = ", ".join(wrong(tuple(text.split())))
    assert fault in found
    assert bool(found) == bool(fault), found
