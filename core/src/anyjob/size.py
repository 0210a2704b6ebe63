"""Sizes in bytes as people write them: `256Mi`, `10MB`, `512`.

Source: Kubernetes, quantity, binary suffixes.
"""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Final

from anyjob.problem import WrongValue

__all__ = ["parse_size"]

_PREFIXES: Final = "kMGTPE"
_FACTORS: Final = {
    "": 1,
    **{letter: 1000 ** (power + 1) for power, letter in enumerate(_PREFIXES)},
    **{f"{letter.upper()}i": 1024 ** (power + 1) for power, letter in enumerate(_PREFIXES)},
    "K": 1000,
}
_SIZE: Final = re.compile(r"([0-9]{1,19}(?:\.[0-9]{1,9})?) ?([A-Za-z]{0,3})")
_LARGEST: Final = 2**63 - 1
_LEGAL: Final = "write a number with Ki, Mi, Gi, Ti (powers of 1024) or k, M, G, T (powers of 1000)"


def parse_size(text: str | int) -> int:
    """The bytes that `text` names. A plain number is bytes; a `B` at the end changes nothing.

    Units are those of Kubernetes quantities, whose `m` means a thousandth and docker's a mebibyte: `512m` is therefore
    refused.
    Raises WrongValue, whose text is the remedy.
    """
    match = _SIZE.fullmatch(str(text))
    if match is None:
        raise WrongValue(f"is not a size; {_LEGAL}")
    number, unit = match.groups()
    factor = _FACTORS.get(unit.removesuffix("B"))
    if factor is None:
        raise WrongValue(f"is not a size; {_meant(number, unit)}")
    size = Decimal(number) * factor
    if size != int(size):
        raise WrongValue("is not a whole number of bytes; write it in a smaller unit")
    if size > _LARGEST:
        raise WrongValue(f"is larger than any machine; {_LEGAL}")
    return int(size)


def _meant(number: str, unit: str) -> str:
    letter = unit[:1].upper()
    if unit.casefold() in {
        letter.casefold(),
        f"{letter}b".casefold(),
        f"{letter}i".casefold(),
        f"{letter}ib".casefold(),
    }:
        decimal = "k" if letter == "K" else letter
        if decimal in _FACTORS:
            return f"did you mean {number}{letter}i or {number}{decimal}?"
    return _LEGAL
