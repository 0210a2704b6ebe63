"""Writing to a standard stream that perhaps nobody reads: that must not change how a run ends."""

from __future__ import annotations

import os
from typing import TextIO

__all__ = ["silence", "write"]


def write(stream: TextIO, text: str) -> None:
    """Write and flush. A stream that cannot be written is silenced."""
    try:
        stream.write(text)
        stream.flush()
    except OSError:
        silence(stream.fileno())


def silence(fd: int) -> None:
    """From now on nothing that is written to the descriptor fails, or is seen."""
    null = os.open(os.devnull, os.O_WRONLY)
    os.dup2(null, fd)
    os.close(null)
