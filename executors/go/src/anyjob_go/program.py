"""A Go program on this node: whether it is there, who may change it, and whether the SDK is in it."""

from __future__ import annotations

import mmap
import os
import stat
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, TypeAlias

from anyjob.problem import Problem

__all__ = ["MARK", "Program", "Stamp", "changeable", "find_program", "has_mark", "lies_in", "missing"]

MARK: Final = b"anyjob-go-sdk/"
"""What the SDK puts into every program (its constant `mark`)."""

Stamp: TypeAlias = tuple[int, int, int, int]
"""What of a file is another when the file is: device, inode, bytes, time of change."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Program:
    """An executable file. `path` as it was named; `owner` and `group` are numbers."""

    path: str
    stamp: Stamp
    owner: int
    group: int


def find_program(path: str) -> Program | None:
    """The program; None: no file that can be executed is there."""
    try:
        seen = os.stat(path)
    except (OSError, ValueError):
        return None
    if not stat.S_ISREG(seen.st_mode) or not os.access(path, os.X_OK):
        return None
    stamp = (seen.st_dev, seen.st_ino, seen.st_size, seen.st_mtime_ns)
    return Program(path=path, stamp=stamp, owner=seen.st_uid, group=seen.st_gid)


def missing(path: str, field: str) -> Problem | None:
    """Why the path cannot be executed; None: it can."""
    if find_program(path) is not None:
        return None
    if os.path.isdir(path):
        remedy = "is a folder; name the program in it"
    elif os.path.exists(path):
        remedy = "cannot be executed on this worker; build it for this machine, or chmod +x it"
    else:
        remedy = "is not on this worker; put it there, or name a program that is here"
    return Problem(field=field, value=path, remedy=remedy)


def lies_in(path: str, folders: Sequence[Path]) -> bool:
    """Whether the file, and not only a link to it, lies below one of the folders."""
    real = Path(path).resolve()
    return any(real.is_relative_to(folder.resolve()) for folder in folders)


def changeable(path: str) -> str | None:
    """The file or folder by which others than its owner can change the program, or swap it; None: they cannot."""
    named = Path(path)
    real = named.resolve()
    for place in dict.fromkeys((named, *named.parents, real, *real.parents)):
        try:
            mode = place.stat().st_mode
        except OSError:
            continue  # it is told as missing
        sticky = stat.S_ISDIR(mode) and mode & stat.S_ISVTX
        if mode & (stat.S_IWGRP | stat.S_IWOTH) and not sticky:
            return str(place)
    return None


def has_mark(path: str) -> bool:
    """Whether the SDK is in the file. A script that starts such a program has it not, and may be right all the same."""
    try:
        with open(path, "rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
            return data[:4] == b"\x7fELF" and data.find(MARK) >= 0
    except (OSError, ValueError):  # an empty file cannot be mapped
        return False
