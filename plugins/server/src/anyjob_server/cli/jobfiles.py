"""The jobs of the files that a command names."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from anyjob.errors import AnyJobError
from anyjob.job import BadJobFile, parse_fields, read_fields
from anyjob.nearest import did_you_mean
from anyjob.problem import short
from anyjob_server.client.jobfile import JobFile

__all__ = ["named", "read_all", "read_each"]


def read_all(files: Sequence[str], sets: Sequence[str], name: str | None) -> list[JobFile]:
    """Every job of every file in their order, or all that have a name; `-` is standard input.

    Raises BadJobFile, and BadJob for an override that is none, of the first file that has one. The server checks the
    fields: it knows all of them.
    """
    jobs, wrong = read_each(files, sets)
    if wrong:
        raise wrong[0]
    return jobs if name is None else named(jobs, name, files)


def read_each(files: Sequence[str], sets: Sequence[str]) -> tuple[list[JobFile], list[AnyJobError]]:
    """The jobs of the files that can be read, and what is wrong with the others."""
    jobs, wrong = list[JobFile](), list[AnyJobError]()
    for file in files:
        try:
            jobs += _read(file, sets)
        except AnyJobError as error:
            wrong.append(error)
    return jobs, wrong


def named(jobs: Sequence[JobFile], name: str, files: Sequence[str]) -> list[JobFile]:
    """Those of that name. Raises BadJobFile where none has it."""
    if not (found := [job for job in jobs if job.name == name]):
        known = [job.name for job in jobs]
        hint = did_you_mean(name, known) or f"they hold {', '.join(repr(short(one)) for one in known)}"
        raise BadJobFile(", ".join(files), f"no job is named {short(name)!r}; {hint}")
    return found


def _read(file: str, sets: Sequence[str]) -> list[JobFile]:
    source = "standard input" if file == "-" else file
    found = parse_fields(sys.stdin.buffer.read(), source, sets) if file == "-" else read_fields(file, sets)
    alone = len(found) == 1
    return [
        JobFile(source=source if alone else f"{source}, job {number}", fields=fields)
        for number, fields in enumerate(found, 1)
    ]
