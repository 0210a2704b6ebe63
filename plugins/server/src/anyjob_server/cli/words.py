"""Words that an option allows."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeVar

import typer

from anyjob.nearest import did_you_mean
from anyjob.problem import short

__all__ = ["one_of"]

T = TypeVar("T")


def one_of(option: str, word: str | None, known: Mapping[str, T]) -> T | None:
    """What a word stands for; None for none. Raises typer.BadParameter, which names the option."""
    if word is None:
        return None
    if (found := known.get(word.lower())) is not None:
        return found
    hint = did_you_mean(word, known) or f"write {', '.join([*known][:-1])} or {[*known][-1]}"
    raise typer.BadParameter(f"{short(word)!r} is none; {hint}", param_hint=option)
