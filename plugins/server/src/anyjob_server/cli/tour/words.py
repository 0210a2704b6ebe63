"""How the caller may write this program's name."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

from anyjob.problem import plain

__all__ = ["own_name"]


def own_name() -> str:
    """As it was called, where the name alone would find nothing."""
    called = sys.argv[0]
    if Path(called).name != "anyjob" or shutil.which("anyjob") is not None:
        return "anyjob"
    return plain(called)
