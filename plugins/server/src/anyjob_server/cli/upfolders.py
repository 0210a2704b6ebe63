"""The state folders of `anyjob up`: one for each command, the newest kept for their logs."""

from __future__ import annotations

import secrets
import shutil
import time
from pathlib import Path

from anyjob.cli.folders import KEPT, home, is_held, unfinished
from anyjob.errors import StateUnusable

__all__ = ["drop_empty", "new", "prune"]

_YOUNG = 3600.0
"""Seconds for which a folder may be one that a command is just beginning to use."""


def new() -> Path:
    """A folder for one command, nobody else's to read. Raises StateUnusable."""
    folder = _home() / f"{time.strftime('%Y%m%d-%H%M%S')}-{secrets.token_hex(3)}"
    try:
        folder.mkdir(mode=0o700, parents=True)
    except OSError as error:
        raise StateUnusable(folder, f"{error.strerror} ({error.filename})") from error
    return folder


def drop_empty(folder: Path) -> None:
    """Remove a folder in which no run ever began: its command ended with an error."""
    if not any((folder / "worker" / "runs").glob("*")) and _is_over(folder):
        shutil.rmtree(folder, ignore_errors=True)


def prune() -> None:
    """Remove folders beyond the newest KEPT, but none in which something goes on or is left to finish."""
    found = sorted((entry for entry in _home().iterdir() if entry.is_dir()), reverse=True)
    for folder in found[KEPT:]:
        if time.time() - folder.stat().st_mtime > _YOUNG and _is_over(folder):
            shutil.rmtree(folder, ignore_errors=True)


def _is_over(folder: Path) -> bool:
    worker = folder / "worker"
    return not is_held(worker) and not unfinished(worker)


def _home() -> Path:
    return home().parent / "up"
