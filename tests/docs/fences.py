"""The fenced blocks of the project's pages, each with the words around it that say what it is."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

__all__ = ["ROOT", "Fence", "blocks", "fences", "pages"]

ROOT = Path(__file__).parents[2]

_PAGES = (
    "README.md",
    "core/README.md",
    "core/docs/*.md",
    "executors/*/README.md",
    "executors/*/docs/*.md",
    "plugins/README.md",
    "plugins/*/README.md",
    "plugins/*/docs/*.md",
    "contrib/**/*.md",
    "tests/**/*.md",
)
_EDGE = re.compile(r"(?P<indent> *)(?P<ticks>`{3,}|~{3,})(?P<info>.*)")
_MARK = re.compile(r"\s*<!-- *(?P<text>.*?) *-->\s*\Z")
_FILE = re.compile(r"`(?P<name>[\w.-]+(?:/[\w.-]+)*\.\w+)`[^`\n]*:\s*\Z")


@dataclass(frozen=True)
class Fence:
    """One block. `line` is that of its first backticks; `before` is what stands between it and the one before.

    `marks` are the HTML comments right before it, as `exit 2`.
    """

    page: str
    line: int
    language: str
    text: str
    before: str
    marks: tuple[str, ...]

    @property
    def place(self) -> str:
        """As an editor opens it: `README.md:16`."""
        return f"{self.page}:{self.line}"

    @property
    def file(self) -> str | None:
        """The file that the words before it name (`` `job.yaml`: ``), whose text it then is."""
        prose = re.sub(r"<!--.*?-->\s*\Z", "", self.before, flags=re.DOTALL)
        named = None if self.language in ("", "sh") else _FILE.search(prose)
        return named["name"] if named else None

    def holds(self, key: str) -> bool:
        """Whether a line begins with the key."""
        return not key or re.search(rf"^\[?{re.escape(key)}\b", self.text, re.MULTILINE) is not None

    def mark(self, word: str) -> str | None:
        """What a mark says after its word: `2` of `exit 2`; None without such a mark."""
        said = (text.partition(" ") for text in self.marks)
        return next((rest.strip() for first, _, rest in said if first.rstrip(":") == word), None)


@cache
def pages() -> tuple[str, ...]:
    """Every page, from the root."""
    found = {path.relative_to(ROOT).as_posix() for pattern in _PAGES for path in ROOT.glob(pattern)}
    return tuple(sorted(page for page in found if "node_modules" not in page and "/." not in page))


@cache
def fences(page: str) -> tuple[Fence, ...]:
    """Those of a page, in order. A block that is never closed is an error, as everything after it would be none."""
    return tuple(_fences(page, (ROOT / page).read_text()))


def blocks(page: str, language: str, key: str = "") -> list[str]:
    """The texts of a page's blocks of one language, in order: for tests that run them in a way of their own.

    With `key` only those that hold a line with it at its beginning: `kind: Role`, `job_type = "sql"`, `[server]`.
    """
    return [fence.text for fence in fences(page) if fence.language == language and fence.holds(key)]


def _fences(page: str, text: str) -> Iterator[Fence]:
    lines = text.splitlines(keepends=True)
    number, after = 0, 0
    while number < len(lines):
        edge = _EDGE.match(lines[number])
        if edge is None:
            number += 1
            continue
        first, number = number, number + 1
        while number < len(lines) and lines[number].strip() != edge["ticks"]:
            number += 1
        assert number < len(lines), f"{page}:{first + 1}: this block is never closed"
        inside = [line.removeprefix(edge["indent"]) for line in lines[first + 1 : number]]
        before = "".join(lines[after:first])
        language = edge["info"].split()[0] if edge["info"].strip() else ""
        yield Fence(page, first + 1, language, "".join(inside), before, tuple(_marks(before)))
        number += 1
        after = number


def _marks(before: str) -> list[str]:
    marks: list[str] = []
    for line in reversed(before.splitlines()):
        found = _MARK.match(line)
        if found is None:
            break
        marks.insert(0, found["text"])
    return marks
