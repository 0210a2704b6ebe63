"""The legal words nearest to a wrong one."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches

__all__ = ["did_you_mean", "nearest"]


def nearest(word: str, words: Iterable[str], limit: int = 3) -> list[str]:
    """At most `limit` of `words` that `word` may have meant, the nearest first. Empty when none is near.

    Case, `_` and `-` are looked past, so that `max_attempt` finds `MaxAttempt`, and only that.
    """
    folded: dict[str, list[str]] = {}
    for legal in words:
        folded.setdefault(_folded(legal), []).append(legal)
    asked = _folded(word)
    near = [asked] if asked in folded else get_close_matches(asked, list(folded), n=limit, cutoff=0.6)
    return [legal for key in near for legal in folded[key]][:limit]


def did_you_mean(word: str, words: Iterable[str], limit: int = 3) -> str:
    """`did you mean A, B or C?`, with at most `limit` of `words`, or an empty text when nothing is near."""
    near = nearest(word, words, limit)
    return f"did you mean {' or '.join(filter(None, [', '.join(near[:-1]), near[-1]]))}?" if near else ""


def _folded(word: str) -> str:
    return word.casefold().replace("_", "").replace("-", "")
