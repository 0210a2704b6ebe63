"""Lines for a log that somebody else can cause: not more than so many."""

from __future__ import annotations

import time
from typing import Final

__all__ = ["Burst"]

_MOST: Final = 100
_SECONDS: Final = 10.0


class Burst:
    """Lets 100 lines through in each ten seconds, and counts the rest."""

    def __init__(self) -> None:
        self._shown, self._since = 0, time.monotonic()

    def take(self) -> tuple[bool, int]:
        """Whether the next line may be shown; and how many were left out until now, told once."""
        left = 0
        now = time.monotonic()
        if now - self._since > _SECONDS:
            left = max(0, self._shown - _MOST)
            self._shown, self._since = 0, now
        self._shown += 1
        return self._shown <= _MOST, left
