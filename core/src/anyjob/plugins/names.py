"""The rule for the names of job types, launchers, commands and plugins."""

from __future__ import annotations

import re
from typing import Final

__all__ = ["check_name", "is_name"]

_NAME: Final = re.compile(r"[a-z0-9][a-z0-9._-]*\Z")


def is_name(text: object) -> bool:
    """Whether the text can name a job type, launcher, command or plugin."""
    return isinstance(text, str) and bool(_NAME.match(text))


def check_name(what: str, text: object) -> None:
    """Raises ValueError unless `text` is a name."""
    if not is_name(text):
        raise ValueError(f"{what} {text!r} is no name; use a-z, 0-9, '.', '_' and '-', a letter or digit first")
