"""What is done with a block: by its language alone where that says enough, else by a mark before it or a claim."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from typing import Literal, cast

import yaml
from tests.docs.claims import CLAIMS, row
from tests.docs.fences import Fence, fences

from anyjob.settings.settings import PARTS

__all__ = ["Rule", "document", "follows_commands", "rule"]

Rule = Literal["walked", "output", "file", "executed", "example", "settings", "claimed", "shown", "pending"]

_BEYOND = re.compile(r"(?<![\w.:}-])/(opt|etc|var|usr|srv|root|home|run|boot)\b|\b(systemctl|sudo|apt-get)\b")
"""What a page's reader may do to his machine, and a test must not."""

REMEDY = """\
{place}: nothing runs this block ({language}). What a block can be:
  sh             commands, run in a folder that shows the tree and a copy of the page's examples (tests/docs/walk.py);
                 `<!-- exit 2 -->` before it: the exit status it ends with; `<!-- until: TEXT -->`: it goes on behind
                 the page, and has begun when it says TEXT
  (no language)  after sh: lines that the commands show
  toml           settings: `anyjob serve` has them as its file, and USES in tests/docs/test_settings_used.py says what
                 shows that they are in force
  python         all of a page's are one program, which is executed
  any language   after words that end in "`name.ext`:": a file that commands of the page use, or of its examples
A block that needs more, as every other job, has a test of its own that reads it by `blocks("{page}", "{language}")`,
and a row in tests/docs/claims.py; `serving` of tests/docs/served.py fires jobs.
What nobody can run, such as a drawing, says why: `<!-- shown: a drawing -->`."""


def document(fence: Fence) -> Mapping[str, object]:
    """What a block of data holds; empty where it is no object."""
    read: object
    match fence.language:
        case "yaml" | "json":
            read = yaml.safe_load(fence.text)
        case "toml":
            read = tomllib.loads(fence.text)
        case _:
            read = {}
    return cast("Mapping[str, object]", read) if isinstance(read, dict) else {}


def rule(fence: Fence) -> Rule:
    """What covers a block. Raises AssertionError with what to write if nothing does."""
    if fence.mark("shown"):
        return "shown"
    by = row(fence)
    if by is not None:
        return "claimed" if by in CLAIMS else "pending"
    match fence.language:
        case "sh":
            beyond = _BEYOND.search(fence.text)
            assert beyond is None, (
                f"{fence.place}: {beyond and beyond[0]!r} reaches beyond the walk's folder, on the\
 machine of whoever runs the tests; run it by a test of its own, in a place of its own, and write a row in claims.py"
            )
            return "walked"
        case "diff":
            return "walked"
        case "python":
            return "executed"
        case "":
            if follows_commands(fence):
                return "output"
        case "toml":
            if document(fence).keys() <= set(PARTS):
                return "settings"
        case _:
            pass
    commands = [one.text for one in fences(fence.page) if one.language == "sh"]
    if fence.file and any(f" examples/{fence.file}" in text for text in commands):
        return "example"
    if fence.file and commands:
        return "file"
    language = fence.language or "no language"
    raise AssertionError(REMEDY.format(place=fence.place, page=fence.page, language=language))


def follows_commands(fence: Fence) -> bool:
    """Whether it stands right behind commands, so that it is what they show."""
    if fence.language:
        return False
    earlier = [one for one in fences(fence.page) if one.line < fence.line]
    words = "".join(line for line in fence.before.splitlines() if not line.startswith("<!--"))
    return bool(earlier) and earlier[-1].language == "sh" and not words.strip()
