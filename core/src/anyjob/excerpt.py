"""A line of a text with a mark under one place of it."""

from __future__ import annotations

from anyjob.problem import plain

__all__ = ["excerpt", "line_and_column"]

_BEFORE, _AFTER = 40, 30


def line_and_column(text: str, offset: int) -> tuple[int, int]:
    """Of the place `offset` characters into the text. Both counted from 1, as editors do."""
    return text.count("\n", 0, offset) + 1, offset - text.rfind("\n", 0, offset)


def excerpt(text: str, offset: int) -> str:
    """Two lines: the line of the text round `offset`, cut to what fits a terminal, and a caret under the place."""
    start = text.rfind("\n", 0, offset) + 1
    end = text.find("\n", offset)
    end = len(text) if end < 0 else end
    first, last = max(start, offset - _BEFORE), min(end, offset + _AFTER)
    before = plain(text[first:offset])
    left = "..." if first > start else ""
    right = "..." if last < end else ""
    return f"{left}{before}{plain(text[offset:last].rstrip())}{right}\n{' ' * (len(left) + len(before))}^"
