"""Where grounds keep what takes long to make, outside the tree: ANYJOB_GROUNDS_CACHE, else the user's cache folder."""

from __future__ import annotations

import os
from pathlib import Path

__all__ = ["cache"]


def cache(kind: str) -> Path:
    """The folder for what is of this kind ("images", ...), made when it is not there."""
    usual = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "anyjob-grounds"
    folder = Path(os.environ.get("ANYJOB_GROUNDS_CACHE") or usual) / kind
    folder.mkdir(parents=True, exist_ok=True)
    return folder
