"""The jobs of the files that a command names."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from anyjob.job import BadJobFile, parse_fields, read_fields
from anyjob.nearest import did_you_mean
from anyjob.problem import short
from anyjob_server.client.jobfile import JobFile

__all__ = ["read_all"]


def read_all(files: Sequence[str], sets: Sequence[str], name: str | None) -> list[JobFile]:
    """Every job of every file in their order, or all that have a name; `-` is standard input.

    Raises BadJobFile, and BadJob for an override that is none. The server checks the fields: it knows all of them.
    """
    jobs = [job for file in files for job in _read(file, sets)]
    if name is None:
        return jobs
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
