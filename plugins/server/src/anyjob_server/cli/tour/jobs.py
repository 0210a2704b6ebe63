"""The jobs that a caller means by files and folders."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final

from anyjob.job import BadJobFile
from anyjob.outcome import Cause
from anyjob_server.cli.jobfiles import read_all
from anyjob_server.cli.tour.beside import MADE, Beside, read_beside
from anyjob_server.cli.tour.ports import with_ports
from anyjob_server.cli.tour.row import Row
from anyjob_server.client.jobfile import JobFile

__all__ = ["has_folder", "read_rows"]

_EXAMPLES: Final = "examples"
_ENDINGS: Final = (".yaml", ".yml")


def has_folder(files: Sequence[str]) -> bool:
    """Whether one of them is a folder."""
    return any(os.path.isdir(file) for file in files)


def read_rows(files: Sequence[str], sets: Sequence[str], name: str | None, made: Path, *, lasting: bool) -> list[Row]:
    """Every job of every file and folder in their order, or those of a name. `made`: where what they need is made;
    `lasting`: they stay after the command.

    A folder means the YAML files of each folder `examples` below it, else those that lie in it. Only what lies in a
    folder has anything beside it: whoever names a file means its jobs alone.
    Raises BadJobFile, BadJob for an override that is none, and BadSettings for a beside.toml.
    """
    rows = list[Row]()
    besides: dict[Path, Beside] = {}
    for file in files:
        inside = os.path.isdir(file)
        for path in _jobs_of(Path(file)) if inside else [Path(file)]:
            folder = path.parent
            if inside and folder not in besides:
                besides[folder] = read_beside(folder, lasting=lasting)
            beside = besides[folder] if inside else Beside(folder=folder)
            own = [text for one in beside.made if path.name in one.files for text in one.set]
            own = [text.replace(MADE, str(made)) for text in own]
            meant = beside.ends.get(path.name, Cause.SUCCEEDED)
            jobs = read_all([str(path)], [*own, *sets], None)
            rows += [Row(_at_ports(job, beside), path, beside, meant) for job in jobs]
    if name is None:
        return rows
    found = [row for row in rows if row.job.name == name]
    if not found:
        read_all([str(row.file) for row in rows], [], name)  # it says which names there are
    return found


def _at_ports(job: JobFile, beside: Beside) -> JobFile:
    return replace(job, fields=with_ports(job.fields, beside.moved))


def _jobs_of(folder: Path) -> list[Path]:
    found = list[Path]()
    for at, folders, _ in os.walk(folder):
        folders[:] = sorted(one for one in folders if not one.startswith("."))
        if Path(at).name == _EXAMPLES and Path(at) != folder:
            found += _files(Path(at))
            folders.clear()
    found = found or _files(folder)
    if not found:
        raise BadJobFile(str(folder), f"there is no .yaml file in it, nor in a folder {_EXAMPLES} below it")
    return found


def _files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.iterdir() if path.suffix in _ENDINGS and path.is_file())
