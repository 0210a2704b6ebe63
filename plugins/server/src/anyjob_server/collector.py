"""The garbage collector of a process that serves."""

from __future__ import annotations

import gc
from typing import Final

__all__ = ["settle"]

_YOUNG: Final = 50_000
"""New objects until the collector looks for cycles among them. A run makes hundreds and leaves next to none behind."""


def settle() -> None:
    """What is there now stays: the collector need not go through it again and again. Call it once, when all that lasts
    is loaded."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(_YOUNG, 20, 20)
