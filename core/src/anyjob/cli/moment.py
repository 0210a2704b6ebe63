"""A point in time as commands show it."""

from __future__ import annotations

import time

__all__ = ["moment"]


def moment(seconds: float) -> str:
    """Epoch seconds as `2026-11-27 22:25:30 +0000`: in this machine's zone, which the text names."""
    return time.strftime("%Y-%m-%d %H:%M:%S %z", time.localtime(seconds))
