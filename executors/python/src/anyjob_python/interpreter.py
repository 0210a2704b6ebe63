"""The interpreter of a job, looked up on this node."""

from __future__ import annotations

import os
import shutil
import stat
from dataclasses import dataclass
from functools import lru_cache
from glob import escape, glob
from typing import TypeAlias

from anyjob.problem import Problem

__all__ = ["Interpreter", "find", "missing"]

Stamp: TypeAlias = tuple[int, int, int]
"""What of a file is another when the file is: inode, bytes, time of change. Zeros: it is not there."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Interpreter:
    """A program that was found. `venv` is the folder of its virtual environment, if it is in one; the stamps are those
    of the program and of the environment's pyvenv.cfg."""

    path: str
    stamp: Stamp
    venv: str | None
    venv_stamp: Stamp

    def mark(self) -> list[object]:
        """What changes when another interpreter takes its place, or the packages of its virtual environment do."""
        if self.venv is None:
            return [self.path, self.stamp]
        packages = [_stamp(folder) for folder in _packages(self.venv, self.venv_stamp)]
        return [self.path, self.stamp, self.venv_stamp, packages]

    def base(self) -> list[object]:
        """What changes when the program itself does, wherever it is named from."""
        return [os.path.realpath(self.path), self.stamp]


def find(command: str, path: str | None) -> Interpreter | None:
    """The interpreter for a path, the folder of a virtual environment, or a name on `path`. None: it is not here."""
    found: str | None = command
    try:
        if "/" not in command:
            found = shutil.which(command, path=path)
            return None if found is None else _at(found, os.stat(found))
        seen = os.stat(found)
        if stat.S_ISDIR(seen.st_mode):
            found = f"{command}/bin/python"
            seen = os.stat(found)
    except OSError:
        return None
    return _at(found, seen) if os.access(found, os.X_OK) and not stat.S_ISDIR(seen.st_mode) else None


def missing(command: str, field: str) -> Problem | None:
    """Why an absolute path cannot be the interpreter; None: it can, or it is a name, for which the run's own PATH
    counts."""
    if "/" not in command or find(command, None) is not None:
        return None
    if os.path.isdir(command):
        remedy = f"is a folder without bin/python; name a virtual environment, or make it: python3 -m venv {command}"
    elif os.path.exists(command):
        remedy = "cannot be executed on this worker; name an interpreter, or chmod +x it"
    else:
        remedy = "is not on this worker; install it, or name an interpreter that is here"
    return Problem(field=field, value=command, remedy=remedy)


def _at(path: str, seen: os.stat_result) -> Interpreter:
    folder = os.path.dirname(os.path.dirname(path))
    venv = _stamp(f"{folder}/pyvenv.cfg")
    return Interpreter(path=path, stamp=_of(seen), venv=folder if any(venv) else None, venv_stamp=venv)


def _stamp(path: str) -> Stamp:
    try:
        return _of(os.stat(path))
    except OSError:
        return 0, 0, 0


def _of(seen: os.stat_result) -> Stamp:
    return seen.st_ino, seen.st_size, seen.st_mtime_ns


@lru_cache(maxsize=256)
def _packages(venv: str, stamp: Stamp) -> tuple[str, ...]:
    """The folders of installed packages, looked up once for each virtual environment that is made there."""
    del stamp
    return tuple(sorted(glob(f"{escape(venv)}/lib/python*/site-packages")))
