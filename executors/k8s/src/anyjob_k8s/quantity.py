"""Amounts as Kubernetes writes them: 100m, 2, 1Gi, 3e3.

Source: Kubernetes, quantity, serialization format.
"""

from __future__ import annotations

import re
from typing import Final

__all__ = ["amount", "never_fits"]

_UNITS: Final = {
    "n": 1e-9, "u": 1e-6, "m": 1e-3, "": 1.0, "k": 1e3, "M": 1e6, "G": 1e9, "T": 1e12, "P": 1e15, "E": 1e18,
    "Ki": 2.0**10, "Mi": 2.0**20, "Gi": 2.0**30, "Ti": 2.0**40, "Pi": 2.0**50, "Ei": 2.0**60,
}  # fmt: skip
_AMOUNT: Final = re.compile(r"([0-9]{1,20}(?:\.[0-9]{0,20})?)(?:[eE]([+-]?[0-9]{1,2})|([numkMGTPE]|[KMGTPE]i)?)")
_QUOTA: Final = re.compile(r"requested: (\S+), used: \S+, limited: (\S+)")


def amount(said: str) -> float | None:
    """The number; None: it is none."""
    match = _AMOUNT.fullmatch(said)
    if match is None:
        return None
    return float(match[1]) * (10.0 ** int(match[2]) if match[2] else _UNITS[match[3] or ""])


def never_fits(message: str) -> bool:
    """Whether a refusal for want of quota asks for more than the whole quota, so that waiting is in vain."""
    match = _QUOTA.search(message)
    if match is None:
        return False
    wanted, limits = (dict(_pairs(match[group])) for group in (1, 2))
    return any(name in limits and want > limits[name] for name, want in wanted.items())


def _pairs(said: str) -> list[tuple[str, float]]:
    found = (one.partition("=") for one in said.split(","))
    return [(name, number) for name, _, value in found if (number := amount(value)) is not None]
