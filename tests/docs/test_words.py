"""What stands between the blocks: links lead somewhere, and commands in running text are commands with such options."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import typer
import typer.main
from tests.docs.fences import ROOT, fences, pages

from anyjob.cli import main as entry

ALONE = {"tests/grounds/README.md", "tests/bench/README.md"}
"""Pages that lie beside what they are about, for those who work on it."""

_LINK = re.compile(r"\]\((?!https?:)(?P<path>[^)#\s]*)(?:#(?P<part>[^)\s]+))?\)")
_COMMAND = re.compile(r"`anyjob (?P<words>[a-z][^`]*)`")


def prose(page: str) -> str:
    """A page without its blocks."""
    text = (ROOT / page).read_text()
    for fence in fences(page):
        text = text.replace(fence.text, "")
    return text


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


@cache
def program(*words: str) -> Any:
    """The command line for these words: of plugins it imports the one command that they name."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("sys.argv", ["anyjob", *words])
        app: typer.Typer = getattr(entry, "_app")()  # noqa: B009 - it is not for others, but its list of commands is
    return typer.main.get_command(app)


def wrong(words: list[str]) -> Iterator[str]:
    """What of a command is none. Words in capitals stand for something."""
    command = program(words[0], *(word for word in words if word == "--app"))
    while words and (commands := getattr(command, "commands", {})):
        name = words.pop(0)
        known = commands.get(name)
        if known is None:
            yield f"no command {name!r}"
            return
        command = known
    options = {option for one in command.params for option in (*one.opts, *one.secondary_opts)} | {"--help"}
    for word in words:
        option = word.strip("[]").partition("=")[0]
        if re.fullmatch(r"--?[a-z][a-z-]*", option) and option not in options:
            yield f"no option {option}"


@pytest.mark.parametrize("page", pages())
def test_its_commands_are_commands(page: str) -> None:
    for found in _COMMAND.finditer(prose(page)):
        alone = re.split(r"\\?[|;<]", found["words"])[0]
        faults = [*wrong(alone.split())]
        assert not faults, f"{page}: {found[0]}: {', '.join(faults)}"
