"""Whether other users come through to a folder."""

from __future__ import annotations

import stat
from contextlib import suppress
from pathlib import Path

__all__ = ["closed_above"]


def closed_above(folder: Path) -> Path | None:
    """The folder itself, or the first above it, through which others cannot pass; None: they can.

    What is not there yet, or cannot be looked at, is no hindrance.
    """
    for one in (folder, *folder.absolute().parents):
        with suppress(OSError):
            if not one.stat().st_mode & stat.S_IXOTH:
                return one
    return None
