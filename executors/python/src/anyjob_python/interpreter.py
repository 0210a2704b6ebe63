"""The interpreter of a job, looked up on this node."""

from __future__ import annotations

import os
import shutil
from dataclasses import dataclass

from anyjob.problem import Problem

__all__ = ["Interpreter", "find", "missing"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Interpreter:
    """A program that was found. `venv` is the folder of its virtual environment, if it is in one."""

    path: str
    venv: str | None

    def mark(self) -> list[object]:
        """What changes when another interpreter takes its place, or the packages of its virtual environment do."""
        found: list[object] = [self.path, _stamp(self.path)]
        if self.venv is not None:
            lib = f"{self.venv}/lib"
            found.append(_stamp(f"{self.venv}/pyvenv.cfg"))
            found += [_stamp(f"{lib}/{name}/site-packages") for name in _names(lib) if name.startswith("python")]
        return found

    def base(self) -> list[object]:
        """What changes when the program itself does, wherever it is named from."""
        real = os.path.realpath(self.path)
        return [real, _stamp(real)]


def find(command: str, path: str | None) -> Interpreter | None:
    """The interpreter for a path, the folder of a virtual environment, or a name on `path`. None: it is not here."""
    if "/" not in command:
        found = shutil.which(command, path=path)
        return None if found is None else _at(found)
    found = f"{command}/bin/python" if os.path.isdir(command) else command
    return _at(found) if os.access(found, os.X_OK) and not os.path.isdir(found) else None


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


def _at(path: str) -> Interpreter:
    folder = os.path.dirname(os.path.dirname(path))
    return Interpreter(path=path, venv=folder if os.path.exists(f"{folder}/pyvenv.cfg") else None)


def _stamp(path: str) -> list[int]:
    try:
        seen = os.stat(path)
    except OSError:
        return []
    return [seen.st_ino, seen.st_size, seen.st_mtime_ns]


def _names(folder: str) -> list[str]:
    try:
        return sorted(os.listdir(folder))
    except OSError:
        return []
