"""How the caller may write this program's name."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

from anyjob.problem import plain

__all__ = ["own_name"]


def own_name() -> str:
    """Its path, where the name alone would find nothing."""
    called = Path(sys.argv[0]).absolute()
    if called.name != "anyjob" or shutil.which("anyjob") is not None:
        return "anyjob"
    return plain(os.path.relpath(called) if called.is_relative_to(Path.cwd()) else str(called))
