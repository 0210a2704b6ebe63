"""The operator's pages: their blocks, and what of an output is the same everywhere."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

__all__ = ["DOCS", "Block", "blocks", "usual"]

DOCS = Path(__file__).parents[3] / "plugins/server/docs"


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """Commands with what they print, or a file. `mark`: the comment in front of it; `section`: the heading above."""

    language: str
    text: str
    output: str
    mark: str
    section: str


_BLOCK = re.compile(
    r"^(?:<!-- (?P<mark>[^\n]*?) -->\n)?```(?P<language>\w*)\n(?P<text>.*?)^```\n(?:```\n(?P<output>.*?)^```\n)?",
    re.DOTALL | re.MULTILINE,
)
_HEADING = re.compile(r"^##+ (.*)$", re.MULTILINE)


def blocks(page: str) -> Iterator[Block]:
    """All of a page, in order. An output stands right behind its commands."""
    text = (DOCS / page).read_text()
    headings = [(found.start(), found[1]) for found in _HEADING.finditer(text)]
    for found in _BLOCK.finditer(text):
        section = next((name for at, name in reversed(headings) if at < found.start()), "")
        yield Block(
            language=found["language"],
            text=found["text"],
            output=found["output"] or "",
            mark=found["mark"] or "",
            section=section,
        )


_SAME = [
    (r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d( [+-]\d{4})?", "TIME"),
    (r"replaced-\d{8}T\d{6}", "replaced-TIME"),
    (r"http://127\.0\.0\.1:\d+", "http://127.0.0.1:PORT"),
    (r"\blocal-[0-9a-f]{12}\b", "local-KEY"),
    (r"\bLTAI\w+\b", "KEY"),
    (r"aj-[0-9a-f]{6,}-", "aj-NUMBER-"),
    (r"\b\d{10,17}\b", "NUMBER"),
    (r"(?<=process )( *)\d+", r"\g<1>PID"),
    (r"up for \d+ \w+( \d+ \w+)?", "up for LONG"),
    (r"\bfor \d+ (s|min)\b", "for LONG"),
    (r"/proc/\d+/", "/proc/PID/"),
    (r"\(\d+\.\d+ s\)", "(LONG)"),
    (r"after \d+\.\d+ s", "after LONG"),
    (r"\d+ (MiB|MB) free", "SOME free"),
    (r", \d+ times", ", SOME times"),
    (r"version \d[\w.]*", "version V"),
    (r"^(  job +|Job )\d+ ", r"\1ID "),
    (r"^(  node +)\S+$", r"\1HOST"),
    (r"boot [0-9a-f-]{36}", "boot BOOT"),
    (r"  +", "  "),
    (r" +$", ""),
]


def usual(text: str) -> list[str]:
    """The lines of an output, without what differs from one time to the next."""
    for pattern, word in _SAME:
        text = re.sub(pattern, word, text, flags=re.MULTILINE)
    return text.splitlines()
