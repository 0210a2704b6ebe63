"""Whether other users come through to a folder."""

from __future__ import annotations

import stat
from pathlib import Path

__all__ = ["closed_above"]


def closed_above(folder: Path) -> Path | None:
    """The folder itself, or the first above it, through which others cannot pass; None: they can."""
    for one in (folder, *folder.absolute().parents):
        if not one.stat().st_mode & stat.S_IXOTH:
            return one
    return None
