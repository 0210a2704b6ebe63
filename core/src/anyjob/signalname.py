"""A signal as people know it."""

from __future__ import annotations

import signal

__all__ = ["signal_name"]


def signal_name(number: int) -> str:
    """`9 (SIGKILL)`; the number alone where it has no name here. Source: signal(7)."""
    try:
        return f"{number} ({signal.Signals(number).name})"
    except ValueError:
        return str(number)
