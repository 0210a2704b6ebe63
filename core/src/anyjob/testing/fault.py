"""What a case says of an executor that breaks the contract."""

from __future__ import annotations

from typing import Never

import pytest

__all__ = ["Fault", "check", "lacks"]


class Fault(AssertionError):
    """The executor, its spec or its samples break the contract. The text is a sentence that names what they do wrong
    and, where it helps, what to do."""


def check(holds: object, fault: str) -> None:
    """Raises Fault unless it holds."""
    if not holds:
        raise Fault(fault)


def lacks(what: str) -> Never:
    """The type does not promise the thing: the case is skipped by name, and listed as lacking."""
    pytest.skip(f"lacks: {what}")
