"""Job files for the methods of applications."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable
from pathlib import Path

import yaml

from anyjob.cli.streams import write
from anyjob.problem import plain
from anyjob_springschedule.applications import Application
from anyjob_springschedule.created import Created, NotCreated, create

__all__ = ["write_jobs"]


def write_jobs(known: Iterable[Application], folder: Path) -> bool:
    """Write what is not there yet, and say what was done on standard error. False: a file could not be written.

    Several applications of one name and group are instances of the same program: their methods count once.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        _say(f"{folder} cannot be made: {error.strerror}")
        return False
    good = True
    for group in sorted({one.group for one in known}):
        methods = {
            (method.class_name, method.method, method.bean): method
            for one in known
            if one.group == group
            for method in one.methods
        }
        made, left = create(methods.values(), group)
        for job in made:
            good &= _write(job, folder)
        for one in left:
            _leave(one)
    return good


def _write(made: Created, folder: Path) -> bool:
    path = folder / f"{re.sub(r'[^A-Za-z0-9_.-]', '_', str(made.fields['Name'])).lstrip('.') or 'job'}.yaml"
    notes = "".join(f"# {plain(note)}\n" for note in made.notes)
    dumped = yaml.safe_dump(made.fields, sort_keys=False, allow_unicode=True)  # pyright: ignore[reportUnknownMemberType]
    text = notes + dumped
    try:
        with path.open("x", encoding="utf-8") as file:
            file.write(text)
    except FileExistsError:
        _say(f"{path} is there already, and left alone")
        return True
    except OSError as error:
        _say(f"{path} cannot be written: {error.strerror}")
        return False
    _say(f"{path}{''.join(f'; {note}' for note in made.notes)}")
    return True


def _leave(one: NotCreated) -> None:
    _say(f"no job for {one.method.plain_name}: {one.why}")


def _say(line: str) -> None:
    write(sys.stderr, f"anyjob: {plain(line)}\n")
