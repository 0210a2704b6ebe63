"""Room on a disk."""

from __future__ import annotations

import os
from pathlib import Path

__all__ = ["free_bytes"]


def free_bytes(folder: Path) -> int:
    """Bytes that this user may still write there."""
    found = os.statvfs(folder)
    return found.f_bavail * found.f_frsize
