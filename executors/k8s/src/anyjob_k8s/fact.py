"""Facts of a cluster as evidence: the vendor's own words, whatever a stranger wrote into them."""

from __future__ import annotations

from typing import Final

from anyjob.outcome import Evidence

__all__ = ["fact", "joined"]

_MOST: Final = 1000


def fact(source: str, said: str) -> Evidence:
    """One fact. Texts of Kubernetes hold what users and images wrote: cut, and free of what is no Unicode."""
    return Evidence(source=_clean(source, 300), text=_clean(said, _MOST))


def joined(*words: str) -> str:
    """`Failed: BackoffLimitExceeded: Job has reached ...`, without the words that are empty."""
    return ": ".join(word for word in words if word)


def _clean(said: str, most: int) -> str:
    said = said.strip() if len(said) <= most else said[: most - 3] + "..."
    return said.encode(errors="replace").decode()
