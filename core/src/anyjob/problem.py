"""What is wrong with one value that somebody wrote, and what to write instead."""

from __future__ import annotations

import json
from dataclasses import dataclass

__all__ = ["Problem", "WrongValue", "plain", "short", "shown"]

_SHOWN_CHARACTERS = 80


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """One wrong field of a job or of the settings.

    `field` is the name that its author wrote, with the path inside it (`XAttrs.limits.memory`). `value` is what was
    found, as text; empty for a field that is missing or blank. `remedy` goes on where the value ends: what is wrong and
    what to write (`is not a size; write 256Mi`). `excerpt` holds the lines of a text with a mark under the place, where
    that helps.
    """

    field: str
    value: str
    remedy: str
    excerpt: str = ""

    def __str__(self) -> str:
        """One plain line, whatever the value holds. The excerpt is not in it."""
        field = short(self.field)
        return f'{field}: "{short(self.value)}" {self.remedy}' if self.value else f"{field} {self.remedy}"


class WrongValue(ValueError):
    """A value that cannot be read. Its text is the remedy of a Problem, for whoever knows the field to name."""

    def __init__(self, remedy: str, *, excerpt: str = "") -> None:
        self.remedy, self.excerpt = remedy, excerpt
        super().__init__(remedy)

    def problem(self, field: str, value: object) -> Problem:
        """The Problem of this value in `field`."""
        return Problem(field=field, value=shown(value), remedy=of_empty(self.remedy, value), excerpt=self.excerpt)


def of_empty(remedy: str, value: object) -> str:
    """The remedy for a text without a character: there is nothing to show of it, and `X is not allowed` would be about
    the field."""
    return remedy if value != "" or remedy.startswith(("is empty", "is missing")) else f"is empty, which {remedy}"


def plain(text: str) -> str:
    """The text on one line: whatever a terminal would act on is written as its escape."""
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode("ascii") for c in text)


def short(text: str, most: int = _SHOWN_CHARACTERS) -> str:
    """The text on one line, cut to at most `most` of its characters: a stranger's value must not flood a message."""
    return plain(text if len(text) <= most else text[: most - 3] + "...")


def shown(value: object) -> str:
    """A value of any kind as the text that a message shows: JSON where JSON can say it."""
    if isinstance(value, str):
        return value
    try:
        return json.dumps(value, ensure_ascii=False)
    except (TypeError, ValueError, RecursionError):
        return f"<{type(value).__name__}>"
