"""The jobs of the files that a command names."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from anyjob.job import BadJobFile, Job, parse_jobs, read_jobs
from anyjob.nearest import did_you_mean
from anyjob.problem import short

__all__ = ["read_all"]


def read_all(files: Sequence[str], sets: Sequence[str], name: str | None) -> list[Job]:
    """Every job of every file in their order, or all that have a name; `-` is standard input.

    Raises BadJobFile and BadJob. What a job's type wants of its fields is checked by the server.
    """
    jobs = [job for file in files for job in _read(file, sets)]
    if name is None:
        return jobs
    if not (found := [job for job in jobs if job.name == name]):
        known = [job.name for job in jobs]
        hint = did_you_mean(name, known) or f"they hold {', '.join(repr(short(one)) for one in known)}"
        raise BadJobFile(", ".join(files), f"no job is named {short(name)!r}; {hint}")
    return found


def _read(file: str, sets: Sequence[str]) -> list[Job]:
    return parse_jobs(sys.stdin.buffer.read(), "standard input", sets) if file == "-" else read_jobs(file, sets)
